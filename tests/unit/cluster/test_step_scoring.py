"""Scoring given solutions on workers that may die, without Ray."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from ttsgrid.benchmarks import shipped_benchmark
from ttsgrid.cluster.driver.step_scoring import BATCH_SIZE, score_solutions
from ttsgrid.cluster.wire.scoring_link import PrmLostError, ScoreReply, ScoreRequest
from ttsgrid.cluster.wire.tasks import Task, TaskOutcome, WorkerSpec
from ttsgrid.cluster.wire.whereabouts import Whereabouts
from ttsgrid.core.errors import ScoringError, WorkerStartError
from ttsgrid.core.records import Usage
from ttsgrid.engines.base import EngineStats
from ttsgrid.engines.scoring import ScoredSteps
from ttsgrid.engines.spec import EngineSpec

REQUESTS = [ScoreRequest(f"question {i}", ("step",) * (1 + i % 3)) for i in range(5 * BATCH_SIZE)]
SPEC = WorkerSpec(
    EngineSpec(kind="fake", role="prm", name="prm", source="nowhere"),
    "qwen", (shipped_benchmark("zoo"),), 1.0, 0, 1.0, (),
)  # fmt: skip


class Worker:
    """Scores each step with the number of its question; may die after some batches."""

    name = "worker"
    stats = EngineStats()
    place: Whereabouts | None = None

    def __init__(self, batches_to_live: int | None) -> None:
        self._left = batches_to_live
        self.ended = False

    async def score_batch(self, requests: Sequence[ScoreRequest]) -> list[ScoreReply]:
        await asyncio.sleep(0)
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise PrmLostError("it ended")
        return [
            ScoringError("broken")
            if request.question.endswith(" 7")
            else ScoredSteps((float(request.question.split()[1]),) * len(request.steps), Usage())
            for request in requests
        ]

    def as_prm(self) -> Worker:
        return self

    async def run(self, tasks: Sequence[Task], prm: object) -> list[TaskOutcome]:
        raise AssertionError("nothing is sampled here")

    async def watch(self) -> None:
        await asyncio.Event().wait()

    async def refresh_stats(self) -> bool:
        return True

    async def stop(self) -> None:
        self.ended = True

    def kill(self) -> None:
        self.ended = True


def scored(
    lives: Sequence[int | None], num_replicas: int = 1
) -> tuple[dict[int, list[ScoreReply]], list[Worker]]:
    replies: dict[int, list[ScoreReply]] = {}
    workers: list[Worker] = []

    async def start(spec: WorkerSpec) -> Worker:
        workers.append(Worker(lives[len(workers)]))
        return workers[-1]

    asyncio.run(
        score_solutions(
            [SPEC] * num_replicas,
            REQUESTS,
            start,
            lambda position, reply: replies.setdefault(position, []).append(reply),
            max_attempts=3,
        )
    )
    return replies, workers


@pytest.mark.parametrize(
    ("lives", "num_replicas"), [([None], 1), ([None, None], 2), ([2, None], 1)]
)
def test_each_solution_gets_its_own_reply_once(lives: list[int | None], num_replicas: int) -> None:
    replies, workers = scored(lives, num_replicas)
    assert sorted(replies) == list(range(len(REQUESTS)))
    for position, request in enumerate(REQUESTS):
        (reply,) = replies[position]
        if request.question.endswith(" 7"):
            assert isinstance(reply, ScoringError)
        else:
            assert isinstance(reply, ScoredSteps)
            assert reply.scores == (float(position),) * len(request.steps)
    assert len(workers) == len(lives)
    assert all(worker.ended for worker in workers)


def test_a_prm_that_keeps_dying_is_given_up() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        scored([0, 0, 0])
    assert caught.group_contains(WorkerStartError, match="prm died 3 times; giving up")
