"""Searches share PRM replicas evenly, and a problem's go to one replica while that is fair."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import cast

import pytest

from ttsgrid.cluster.driver.prm_directory import PrmDirectory
from ttsgrid.cluster.driver.scorer import Scorer

PRM = "prm"


def directory(*labels: str) -> PrmDirectory:
    prms = PrmDirectory()
    for label in labels:
        prms.joined(PRM, label, cast(Scorer, label))
    return prms


async def chosen(prms: PrmDirectory, problems: Sequence[str], num_requests: int = 4) -> list[str]:
    """The replicas of searches that all run at once."""
    async with AsyncExitStack() as running:
        return [
            cast(str, await running.enter_async_context(prms.scorer(PRM, problem, num_requests)))
            for problem in problems
        ]


@pytest.mark.parametrize(("searches", "replicas"), [(16, 4), (64, 4), (30, 7), (5, 8)])
def test_no_replica_has_a_search_more_than_its_share(searches: int, replicas: int) -> None:
    prms = directory(*(f"r{i}" for i in range(replicas)))
    loads = Counter(asyncio.run(chosen(prms, [f"p{i}" for i in range(searches)])))
    assert max(loads.values()) == -(-searches // replicas)


def test_a_problem_sticks_to_its_replica_whatever_else_runs() -> None:
    prms, problems = directory("a", "b", "c", "d"), [f"p{i}" for i in range(32)]
    first = asyncio.run(chosen(prms, problems))
    order = list(zip(problems, first, strict=True))
    random.Random(0).shuffle(order)
    again = asyncio.run(chosen(prms, [problem for problem, _ in order]))
    assert again == [label for _, label in order]
    assert len(set(asyncio.run(chosen(prms, ["one problem"] * 40)))) == 1


def test_a_replica_that_joins_late_is_soon_as_busy_as_the_others() -> None:
    async def run() -> tuple[Counter[str], Counter[str]]:
        prms = directory("a")
        problems = [f"p{i}" for i in range(48)]
        before = Counter(await chosen(prms, problems))
        for label in ("b", "c"):
            prms.joined(PRM, label, cast(Scorer, label))
        return before, Counter(await chosen(prms, problems))

    before, after = asyncio.run(run())
    assert before == {"a": 48}
    assert max(after.values()) == min(after.values()) == 16


def test_a_dead_replicas_problems_move_and_no_others() -> None:
    async def run() -> list[tuple[str, str]]:
        prms, problems = directory("a", "b", "c"), [f"p{i}" for i in range(9)]
        before = await chosen(prms, problems)
        prms.left(PRM, "b")
        after = await chosen(prms, [p for p, label in zip(problems, before, strict=True)])
        return list(zip(before, after, strict=True))

    moves = asyncio.run(run())
    assert all(after in "ac" for _, after in moves)
    kept = [before == after for before, after in moves if before != "b"]
    assert sum(kept) >= len(kept) - 1  # at most one makes room for what came over


def test_a_search_waits_while_no_replica_lives() -> None:
    async def run() -> list[str]:
        prms = directory()
        waiting = asyncio.create_task(chosen(prms, ["p"]))
        await asyncio.sleep(0)
        assert not waiting.done()
        prms.joined(PRM, "a", cast(Scorer, "a"))
        return await waiting

    assert asyncio.run(run()) == ["a"]
