"""Many small questions become few calls, and each gets its own answer or its own error."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from ttsgrid.cluster.wire.scoring_link import (
    BatchingScorer,
    PrmLostError,
    ScoreReply,
    ScoreRequest,
)
from ttsgrid.core.errors import ScoringError
from ttsgrid.core.records import Usage
from ttsgrid.engines.scoring import ScoredSteps


class Peer:
    """Scores a step by its length; a step `bad` cannot be scored; `lost` ends the worker."""

    name = "prm-1"

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.slow_began, self.quick_ended = asyncio.Event(), asyncio.Event()

    async def score_batch(self, requests: Sequence[ScoreRequest]) -> list[ScoreReply]:
        self.batches.append(len(requests))
        if requests[0].steps == ("slow",):
            self.slow_began.set()
            await self.quick_ended.wait()
        if any("lost" in request.steps for request in requests):
            raise PrmLostError("gone")
        return [
            ScoringError("bad step")
            if "bad" in request.steps
            else ScoredSteps(tuple(1 / len(step) for step in request.steps), Usage(3, 1, 0))
            for request in requests
        ]


async def ask(scorer: BatchingScorer, *steps: str) -> ScoredSteps | Exception:
    try:
        return await scorer.score("a question", steps)
    except (ScoringError, PrmLostError) as error:
        return error


def test_questions_that_come_together_share_a_call_and_get_their_own_scores() -> None:
    async def run() -> tuple[list[ScoredSteps], Peer]:
        peer = Peer()
        scorer = BatchingScorer(peer)
        asked = (scorer.score("a question", ["x" * size]) for size in range(1, 101))
        return await asyncio.gather(*asked), peer

    scored, peer = asyncio.run(run())
    assert peer.batches == [100]
    assert [s.scores for s in scored] == [(1 / size,) for size in range(1, 101)]


def test_a_slow_call_holds_up_no_later_question() -> None:
    async def run() -> list[str]:
        peer, ended = Peer(), list[str]()
        scorer = BatchingScorer(peer)

        async def slow() -> None:
            await scorer.score("a question", ["slow"])
            ended.append("slow")

        async def quick() -> None:
            await peer.slow_began.wait()
            await scorer.score("a question", ["quick"])
            ended.append("quick")
            peer.quick_ended.set()

        await asyncio.wait_for(asyncio.gather(slow(), quick()), timeout=60)
        return ended

    assert asyncio.run(run()) == ["quick", "slow"]


def test_one_bad_question_does_not_spoil_its_batch() -> None:
    async def run() -> list[ScoredSteps | Exception]:
        scorer = BatchingScorer(Peer())
        return list(await asyncio.gather(*(ask(scorer, step) for step in ("good", "bad", "ok"))))

    good, bad, ok = asyncio.run(run())
    assert isinstance(bad, ScoringError)
    assert isinstance(good, ScoredSteps)
    assert isinstance(ok, ScoredSteps)


def test_all_who_wait_hear_that_the_worker_is_gone() -> None:
    async def run() -> list[ScoredSteps | Exception]:
        scorer = BatchingScorer(Peer())
        return list(await asyncio.gather(*(ask(scorer, step) for step in ("good", "lost"))))

    assert [type(answer) for answer in asyncio.run(run())] == [PrmLostError, PrmLostError]


def test_a_search_that_stops_asking_spoils_nothing() -> None:
    async def run() -> ScoredSteps:
        scorer = BatchingScorer(Peer())
        given_up = asyncio.create_task(scorer.score("a question", ["early"]))
        waiting = asyncio.create_task(scorer.score("a question", ["late"]))
        await asyncio.sleep(0)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        return await waiting

    assert asyncio.run(run()).scores == (0.25,)
