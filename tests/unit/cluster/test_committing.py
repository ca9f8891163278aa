"""Results reach the store in order and in small groups, and the driver's loop goes on meanwhile."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.bench.dispatching import planned, result_of
from ttsgrid.cluster.driver import committer as module
from ttsgrid.cluster.driver.committer import GROUP_UNITS, Committer
from ttsgrid.cluster.driver.dispatch import ITEMS_AT_ONCE, unhurriedly
from ttsgrid.cluster.wire.tasks import Task
from ttsgrid.core.errors import StoreError
from ttsgrid.core.records import UnitResult
from ttsgrid.store import Commit, Store, committed_units

Outcomes = list[tuple[Task, UnitResult]]


def outcomes(count: int) -> Outcomes:
    plan = planned(count)
    problems = {problem.id: problem for problem in plan.problems}
    units = plan.missing[:count]
    return [(Task(unit, problems[unit.problem_id]), result_of(unit)) for unit in units]


class Noting(Store):
    """Keeps how many units each commit had, and their order."""

    sizes: list[int]
    order: list[str]
    thread: threading.Thread
    before: Callable[[], None]

    def commit(self, group: Sequence[Commit]) -> int:
        self.sizes.append(len(group))
        self.order += [item.unit.id for item in group]
        self.thread = threading.current_thread()
        self.before()
        return super().commit(group)


def noting(folder: Path, before: Callable[[], None] = lambda: None) -> Noting:
    store = Noting.open(folder, run_id="test")
    assert isinstance(store, Noting)
    store.sizes, store.order, store.before = [], [], before
    return store


async def add_all(store: Store, made: Outcomes) -> None:
    committer = Committer(store)
    for task, result in made:
        committer.add(task, result)
    await committer.flush()


def test_all_is_committed_once_in_the_order_in_which_it_finished(tmp_path: Path) -> None:
    made = outcomes(2 * GROUP_UNITS + 17)
    store = noting(tmp_path)
    with store:
        asyncio.run(add_all(store, made))
    assert store.order == [task.unit.id for task, _ in made]
    assert committed_units(tmp_path).done == set(store.order)
    assert max(store.sizes) == GROUP_UNITS
    assert store.thread is not threading.current_thread()


def test_the_loop_goes_on_while_storage_takes_its_time(tmp_path: Path) -> None:
    async def ticks() -> int:
        writing = asyncio.create_task(add_all(store, outcomes(3)))
        count = 0
        while not writing.done():
            await asyncio.sleep(0.01)
            count += 1
        return count

    store = noting(tmp_path, before=lambda: time.sleep(1.0))
    with store:
        assert asyncio.run(ticks()) > 10


def test_a_flush_that_is_cancelled_ends_when_all_is_written(tmp_path: Path) -> None:
    made = outcomes(5)

    async def cancelled() -> None:
        flushing = asyncio.create_task(add_all(store, made))
        for _ in range(3):
            await asyncio.sleep(0.05)
            flushing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await flushing

    store = noting(tmp_path, before=lambda: time.sleep(0.3))
    with store:
        asyncio.run(cancelled())
        assert len(committed_units(tmp_path).done) == 5


def test_a_store_that_fails_is_said_to_whoever_waits_for_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_QUEUED", 2)

    def fail() -> None:
        raise StoreError("no space left")

    async def wait_for_room() -> None:
        committer = Committer(store)
        for task, result in outcomes(4):
            committer.add(task, result)
        await committer.room()

    store = noting(tmp_path, before=fail)
    with store:
        monkeypatch.setattr(module, "GROUP_UNITS", 2)
        with pytest.raises(StoreError, match="no space left"):
            asyncio.run(wait_for_room())


def test_whoever_hands_out_waits_while_too_much_is_queued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, number in {"MOST_QUEUED": 4, "GROUP_UNITS": 2}.items():
        monkeypatch.setattr(module, name, number)

    async def left_after_waiting() -> int:
        committer = Committer(store)
        made = outcomes(8)
        for task, result in made:
            committer.add(task, result)
        await committer.room()
        left = len(made) - len(store.order)
        await committer.flush()
        return left

    store = noting(tmp_path)
    with store:
        # Fewer than four are queued, and a group of two may be on its way.
        assert asyncio.run(left_after_waiting()) < 4 + 2
    assert len(committed_units(tmp_path).done) == 8


def test_long_work_pauses_for_others() -> None:
    turns: list[int] = []

    async def take_turns() -> None:
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    async def work() -> int:
        other = asyncio.create_task(take_turns())
        done = [item async for item in unhurriedly(range(10 * ITEMS_AT_ONCE))]
        other.cancel()
        return len(done)

    assert asyncio.run(work()) == 10 * ITEMS_AT_ONCE
    assert len(turns) >= 10
