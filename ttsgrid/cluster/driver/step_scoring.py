"""Step scores of given solutions, from a PRM's workers alone: no plan, no policy.

Batches wait in one line and each replica takes the next one, two at a time, so that its
engine has work while a reply travels. A worker that dies is started again and its batches go
back in line, as often as a sweep tries a unit.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from ttsgrid.cluster.driver.deaths import WorkerDiedError
from ttsgrid.cluster.driver.fleet import FleetWorker
from ttsgrid.cluster.wire.scoring_link import PrmLostError, ScoreReply, ScoreRequest
from ttsgrid.cluster.wire.tasks import WorkerSpec
from ttsgrid.core.errors import WorkerStartError

BATCH_SIZE = 32
BATCHES_IN_FLIGHT = 2

StartScorer = Callable[[WorkerSpec], Awaitable[FleetWorker]]
OnReply = Callable[[int, ScoreReply], None]
"""Told the position of a request and its reply, as soon as that is there."""


@dataclass(frozen=True)
class _Batch:
    first: int
    requests: Sequence[ScoreRequest]


async def score_solutions(
    workers: Sequence[WorkerSpec],
    requests: Sequence[ScoreRequest],
    start: StartScorer,
    on_reply: OnReply,
    max_attempts: int,
) -> None:
    """Score every request with a PRM.

    Args:
        workers: one spec per replica.
        requests: what to score.
        start: places a worker and loads its model.
        on_reply: hears of each reply, in any order.
        max_attempts: how many workers may die in a replica's place.

    Raises:
        WorkerStartError, PlacementError: the PRM can't run; replies so far were handed on.
    """
    starts = range(0, len(requests), BATCH_SIZE)
    line = deque(_Batch(first, requests[first : first + BATCH_SIZE]) for first in starts)
    async with asyncio.TaskGroup() as group:
        for spec in workers[: len(line)]:
            group.create_task(_serve(spec, line, start, on_reply, max_attempts))


async def _serve(
    spec: WorkerSpec, line: deque[_Batch], start: StartScorer, on_reply: OnReply, attempts: int
) -> None:
    """Keep one replica at work until the line is empty."""
    for _ in range(attempts):
        try:
            worker = await start(spec)
        except WorkerDiedError:
            continue
        try:
            takers = [_take(worker, line, on_reply) for _ in range(BATCHES_IN_FLIGHT)]
            ended = await asyncio.gather(*takers, return_exceptions=True)
            errors = [error for error in ended if isinstance(error, BaseException)]
            others = [error for error in errors if not isinstance(error, PrmLostError)]
            if others:
                raise others[0]
            if not errors:
                await worker.stop()
                return
        finally:
            worker.kill()
    raise WorkerStartError(f"{spec.engine.name} died {attempts} times; giving up")


async def _take(worker: FleetWorker, line: deque[_Batch], on_reply: OnReply) -> None:
    peer = worker.as_prm()
    while line:
        batch = line.popleft()
        try:
            replies = await peer.score_batch(batch.requests)
        except PrmLostError:
            line.appendleft(batch)
            raise
        for position, reply in enumerate(replies, start=batch.first):
            on_reply(position, reply)
