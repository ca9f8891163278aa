"""Ray's side of the fleet: an actor as a worker, and as the PRM of a search."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import ray
from ray.exceptions import RayActorError, RayTaskError

from ttsgrid.cluster.driver.fleet import WorkerDiedError
from ttsgrid.cluster.driver.ray_cluster import cluster_capacity
from ttsgrid.cluster.wire.scoring_link import PrmLostError, PrmPeer, ScoreReply, ScoreRequest
from ttsgrid.cluster.wire.tasks import Task, TaskOutcome, WorkerSpec
from ttsgrid.cluster.worker.actors import create_actor
from ttsgrid.cluster.worker.placement import Placement, placement_of
from ttsgrid.core.errors import PlacementError, TtsgridError, WorkerStartError
from ttsgrid.engines.base import EngineStats

T = TypeVar("T")
STATS_TIMEOUT_S = 5.0
STOP_TIMEOUT_S = 10.0
# Ray refuses an actor name that is taken, and that of a worker that just died may still be.
_numbers = itertools.count(1)


@dataclass(frozen=True)
class RemotePrm:
    """The line from a policy worker's process straight to a PRM's actor."""

    name: str
    actor: ray.actor.ActorHandle

    async def score_batch(self, requests: Sequence[ScoreRequest]) -> list[ScoreReply]:
        """Score requests together; see `PrmPeer.score_batch`."""
        try:
            replies: list[ScoreReply] = await self.actor.score_batch.remote(list(requests))
        except RayActorError as error:
            raise PrmLostError(f"PRM worker {self.name} ended: {_headline(error)}") from error
        return replies


class RemoteWorker:
    """A started worker; `start` is its constructor."""

    def __init__(self, name: str, actor: ray.actor.ActorHandle, placement: Placement) -> None:
        self.stats = EngineStats()
        self._name = name
        self._actor = actor
        self._placement = placement

    @classmethod
    async def start(
        cls, spec: WorkerSpec, placement_timeout_s: float, start_timeout_s: float
    ) -> RemoteWorker:
        """Place a worker and load its model.

        Raises:
            PlacementError: the cluster did not place it in time.
            WorkerStartError: its engine did not start, with the reason.
        """
        name = spec.engine.name
        actor_name = f"{name}-{next(_numbers)}"
        placement = placement_of(spec)
        worker = cls(actor_name, create_actor(spec, actor_name, placement), placement)
        try:
            await _within(worker._actor.ping.remote(), placement_timeout_s)
        except TimeoutError:
            worker.kill()
            raise PlacementError(
                f"{name} was not placed within cluster.placement_timeout_s="
                f"{placement_timeout_s:g} s: it asks for {spec.cpus:g} CPUs, {spec.gpus} GPUs and "
                f"{spec.memory_gib:g} GiB; the cluster has {cluster_capacity()} in all"
            ) from None
        try:
            await _within(worker._actor.start.remote(), start_timeout_s)
        except TimeoutError:
            worker.kill()
            raise WorkerStartError(
                f"{name} did not load within engine.start_timeout_s={start_timeout_s:g} s"
            ) from None
        except WorkerDiedError as error:
            raise WorkerStartError(f"{name} ended while it loaded: {error}") from error
        return worker

    async def run(self, tasks: Sequence[Task], prm: PrmPeer | None) -> list[TaskOutcome]:
        """Run tasks together; see `FleetWorker.run`."""
        finished: list[TaskOutcome] = await _unwrapped(self._actor.run.remote(list(tasks), prm))
        return finished

    async def watch(self) -> None:
        """Wait for the worker's end: a call that only the actor's death answers.

        Raises:
            WorkerDiedError: it ended.
        """
        await _unwrapped(self._actor.never.remote())

    def as_prm(self) -> RemotePrm:
        """Return what a policy worker needs to score with this worker."""
        return RemotePrm(self._name, self._actor)

    async def refresh_stats(self) -> None:
        """Ask for the engine's counters; a worker too busy to answer keeps its last."""
        try:
            self.stats = await _within(self._actor.stats.remote(), STATS_TIMEOUT_S)
        except (TimeoutError, WorkerDiedError):
            return

    async def stop(self) -> None:
        """Stop the engine, then the process."""
        try:
            await _within(self._actor.stop.remote(), STOP_TIMEOUT_S)
        except (TimeoutError, TtsgridError):
            pass  # it does not answer or has ended already; what is left is killed next
        finally:
            self.kill()

    def kill(self) -> None:
        """End the process at once."""
        ray.kill(self._actor, no_restart=True)
        self._placement.release()


async def _within(call: Awaitable[T], timeout_s: float) -> T:
    return await asyncio.wait_for(_unwrapped(call), timeout_s)


async def _unwrapped(call: Awaitable[T]) -> T:
    """Await a remote call; give Ray's exceptions our names."""
    try:
        return await call
    except RayActorError as error:
        raise WorkerDiedError(_headline(error)) from error
    except RayTaskError as error:
        # Ray wraps what a method raised in an error whose text is the remote traceback; our
        # own errors carry the sentence that a user is to read.
        if isinstance(error.cause, TtsgridError):
            raise error.cause from None
        raise


def _headline(error: Exception) -> str:
    return str(error).splitlines()[0]
