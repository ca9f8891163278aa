"""Ray's side of the fleet: an actor as a worker, and as the PRM of a search."""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from typing import TypeVar

import ray
from ray.exceptions import RayActorError, RayError, RayTaskError, RuntimeEnvSetupError

from ttsgrid.cluster.driver.capacity import in_words
from ttsgrid.cluster.driver.deaths import Cause, WorkerDiedError
from ttsgrid.cluster.driver.ray_client import reply_of
from ttsgrid.cluster.driver.ray_cluster import free_nodes
from ttsgrid.cluster.driver.ray_deaths import death_of, last_line, reason_of
from ttsgrid.cluster.wire.scoring_link import PrmLostError, PrmPeer, ScoreReply, ScoreRequest
from ttsgrid.cluster.wire.tasks import Task, TaskOutcome, WorkerSpec
from ttsgrid.cluster.wire.whereabouts import Whereabouts
from ttsgrid.cluster.worker.actors import create_actor
from ttsgrid.cluster.worker.placement import Placement, placement_of
from ttsgrid.core.errors import PlacementError, TtsgridError, WorkerStartError
from ttsgrid.core.spent import Stage
from ttsgrid.engines.base import EngineStats

T = TypeVar("T")
STATS_TIMEOUT_S = 5.0
STOP_TIMEOUT_S = 10.0
LOOK_EVERY_S = 0.5  # at a worker that loads
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
        except RayError as error:  # its actor catches whatever a request may do wrong
            raise PrmLostError(f"PRM worker {self.name} ended: {reason_of(error)}") from error
        return replies


class RemoteWorker:
    """A started worker; `start` is its constructor."""

    def __init__(self, name: str, actor: ray.actor.ActorHandle, placement: Placement) -> None:
        self.stats = EngineStats()
        self._name = name
        self._actor = actor
        self._placement = placement
        self.place: Whereabouts | None = None

    @classmethod
    async def start(
        cls,
        spec: WorkerSpec,
        placed: Callable[[], None] = lambda: None,
        reaches: Callable[[Stage], None] = lambda stage: None,
        *,
        placement_timeout_s: float | None,
        start_timeout_s: float,
        run_id: str,
        turns: defaultdict[str, asyncio.Lock] | None = None,
    ) -> RemoteWorker:
        """Place a worker and load its model.

        Args:
            spec: what it holds and reserves.
            placed: called once it has its place.
            reaches: called with each stage of its load that is seen.
            placement_timeout_s: how long it may wait for room; None for as long as it takes.
            start_timeout_s: how long its model may take to load.
            run_id: told in the actor's name, which no other run on the cluster may share.
            turns: by node, whose turn it is to load: an engine that measures how much of a shared
                GPU is free must not do so while its neighbour loads.

        Raises:
            PlacementError: the cluster did not place it in time.
            WorkerStartError: its engine did not start, with the reason.
            WorkerDiedError: it ended while it loaded, or took too long to.
        """
        actor_name = f"{spec.engine.name}-{run_id}-{next(_numbers)}"
        placement = placement_of(spec)
        worker = cls(actor_name, create_actor(spec, actor_name, placement), placement)
        try:
            await worker._be_placed(spec, placement_timeout_s)
            placed()
            async with worker._turn(spec, turns):
                await worker._load(spec, start_timeout_s, reaches)
        except BaseException:  # cancelled too: nothing may stay behind
            worker.kill()
            raise
        return worker

    async def _be_placed(self, spec: WorkerSpec, timeout_s: float | None) -> None:
        name = spec.engine.name
        try:
            self.place = await self._within(self._actor.ping.remote(), timeout_s)
        except TimeoutError:
            raise PlacementError(
                f"{name} was not placed within cluster.placement_timeout_s={timeout_s:g} s: it "
                f"asks for {in_words(spec)}; free is {free_nodes()}"
            ) from None

    def _turn(
        self, spec: WorkerSpec, turns: defaultdict[str, asyncio.Lock] | None
    ) -> AbstractAsyncContextManager[None]:
        if turns is None or self.place is None or not 0 < spec.gpus < 1:
            return nullcontext()
        return turns[self.place.address]

    async def _load(
        self, spec: WorkerSpec, timeout_s: float, reaches: Callable[[Stage], None]
    ) -> None:
        look = asyncio.create_task(self._look_at_stages(reaches))
        try:
            await self._within(self._actor.start.remote(), timeout_s)
        except TimeoutError:
            # Slow or stuck, which can't be told apart: another may fare better, but not for ever.
            raise WorkerDiedError(
                f"{spec.engine.name} did not load within engine.start_timeout_s={timeout_s:g} s",
                Cause.SILENCE,
                self.place,
            ) from None
        finally:
            look.cancel()
            await asyncio.gather(look, return_exceptions=True)

    async def _look_at_stages(self, reaches: Callable[[Stage], None]) -> None:
        """Tell each stage that is seen; whatever goes wrong, the start itself will say."""
        last: Stage | None = None
        with suppress(TtsgridError):
            while True:
                stage = await self._reply(self._actor.stage.remote())
                if stage is not None and stage is not last:
                    reaches(stage)
                    last = stage
                await asyncio.sleep(LOOK_EVERY_S)

    async def run(self, tasks: Sequence[Task], prm: PrmPeer | None) -> list[TaskOutcome]:
        """Run tasks together; see `FleetWorker.run`."""
        call = self._actor.run.options(name=_shown(tasks)).remote(list(tasks), prm)
        finished: list[TaskOutcome] = await self._reply(call)
        return [_with_log(item, self.place) for item in finished]

    async def watch(self) -> None:
        """Wait for the worker's end: a call that only the actor's death answers.

        Raises:
            WorkerDiedError: it ended.
        """
        await self._reply(self._actor.never.remote())

    def as_prm(self) -> RemotePrm:
        """Return what a policy worker needs to score with this worker."""
        return RemotePrm(self._name, self._actor)

    async def refresh_stats(self) -> bool:
        """Ask for the engine's counters; a worker too busy to answer keeps its last."""
        try:
            self.stats = await self._within(self._actor.stats.remote(), STATS_TIMEOUT_S)
        except (TimeoutError, TtsgridError):
            return False
        return True

    async def stop(self) -> None:
        """Stop the engine, then the process."""
        try:
            await self._within(self._actor.stop.remote(), STOP_TIMEOUT_S)
        except (TimeoutError, TtsgridError):
            pass  # it does not answer or has ended already; what is left is killed next
        finally:
            self.kill()

    def kill(self) -> None:
        """End the process at once."""
        if not ray.is_initialized():  # it ended with Ray, which `ray.kill` would start again
            return
        ray.kill(self._actor, no_restart=True)
        self._placement.release()

    async def _within(self, call: Awaitable[T], timeout_s: float | None) -> T:
        return await asyncio.wait_for(self._reply(call), timeout_s)

    async def _reply(self, call: Awaitable[T]) -> T:
        """Await a remote call; give Ray's exceptions our names.

        Raises:
            WorkerDiedError: no reply will come.
        """
        try:
            return await reply_of(call)
        except RayTaskError as error:
            # Ray wraps what a method raised in an error whose text is the remote traceback; our
            # own errors carry the sentence that a user is to read.
            if isinstance(error.cause, TtsgridError):
                raise error.cause from None
            raise death_of(error, self.place) from error
        except RayError as error:
            raise self._end(error) from error

    def _end(self, error: RayError) -> TtsgridError:
        """Return what an error of Ray's own means: this end of the worker, or of any like it."""
        # Neither the code that a node lacks nor an actor that fails as it is made gets better.
        never = isinstance(error, RuntimeEnvSetupError)
        if never or (isinstance(error, RayActorError) and error.actor_init_failed):
            return WorkerStartError(
                f"{self._name} could not be set up; every node needs the same ttsgrid, Python and "
                f"Ray: {last_line(error)}"
            )
        return death_of(error, self.place)


def _with_log(item: TaskOutcome, place: Whereabouts | None) -> TaskOutcome:
    """Let a unit that failed keep where its traceback is."""
    if item.result.error is None or place is None:
        return item
    known = {**item.result.provenance, "log": place.log}
    return replace(item, result=replace(item.result, provenance=known))


def _shown(tasks: Sequence[Task]) -> str:
    """Name a call as Ray's dashboard lists it: by its unit where that ran before and died."""
    if not tasks:
        return "run"
    first = max(tasks, key=lambda task: task.attempt)
    kind, model = first.unit.kind, first.unit.runs_on.name
    # Ray keeps counters of each name in the driver and in the worker for good: a name for each
    # unit took 6 KB of both, half a gigabyte after 100,000 units.
    if first.attempt == 1:
        return f"{kind} by {model}"
    return f"{kind} {first.unit.id} of {first.problem.id} by {model}, attempt {first.attempt}"
