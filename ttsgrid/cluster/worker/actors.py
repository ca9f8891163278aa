"""The Ray actor around a runtime: thin, so that everything else runs without Ray."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING

import ray
from ray.actor import ActorClass, ActorHandle

from ttsgrid.cluster.wire.scoring_link import PrmPeer, ScoreReply, ScoreRequest
from ttsgrid.cluster.wire.tasks import Task, TaskOutcome, WorkerSpec
from ttsgrid.cluster.wire.whereabouts import Whereabouts
from ttsgrid.cluster.worker.here import whereabouts
from ttsgrid.cluster.worker.placement import Placement
from ttsgrid.cluster.worker.prm_runtime import PrmRuntime
from ttsgrid.core.errors import EndpointDownError, WorkerStartError
from ttsgrid.core.long_lived import long_lived
from ttsgrid.core.spent import Stage
from ttsgrid.engines import stages
from ttsgrid.engines.base import EngineStats

if TYPE_CHECKING:
    from ttsgrid.cluster.worker.runtime import Runtime

# Of one actor; Ray queues calls past it, by default past 1000. Each search is a call, and so is
# `never`, which must not wait in that queue. The driver keeps far fewer in flight.
MAX_CALLS_IN_FLIGHT = 4096
# Calls of this group have a thread of their own: one that loads a model answers no other.
ASIDE = "aside"


class WorkerActor:
    """Holds one engine; created where Ray places it, started by `start`."""

    def __init__(self, spec: WorkerSpec) -> None:
        self._spec = spec
        self._runtime: Runtime | None = None

    def __repr__(self) -> str:
        """Name the worker in Ray's logs and on its dashboard."""
        again = f", restart {self._spec.restarts}" if self._spec.restarts else ""
        return f"{type(self).__name__}({self._spec.label or self._spec.engine.name}{again})"

    async def ping(self) -> Whereabouts:
        """Answer once the worker is placed: where it is."""
        # Apart from `start`, so that waiting for room and loading weights, which fail for
        # different reasons, each have a time limit and a message of their own.
        return whereabouts()

    async def start(self) -> None:
        """Load the model.

        Raises:
            WorkerStartError: with the engine's own reason.
            EndpointDownError: nobody answers at the policy's endpoint.
        """
        try:
            with stages.told():
                self._runtime = await self._started()
        except Exception as error:
            if isinstance(error, EndpointDownError):
                raise  # it names the policy and its setting itself
            traceback.print_exc(file=sys.stderr)
            raise WorkerStartError(
                f"{self._spec.engine.name} ({self._spec.engine.source}) did not start: "
                f"{type(error).__name__}: {error}"
            ) from None  # the cause may not pickle

    async def _started(self) -> Runtime:
        stages.enter(Stage.IMPORT)
        # Here, since the driver imports this file too and would have torch from it.
        with long_lived():
            from ttsgrid.cluster.worker.runtime import start_runtime  # noqa: PLC0415

        return await start_runtime(self._spec)

    @ray.method(concurrency_group=ASIDE)  # type: ignore[untyped-decorator]
    async def stage(self) -> Stage | None:
        """Return how far `start` is, while it runs."""
        return stages.current()

    async def run(self, tasks: Sequence[Task], prm: PrmPeer | None) -> list[TaskOutcome]:
        """Run tasks together; one message back, whatever the number of steps."""
        assert self._runtime is not None, "the driver starts a worker before it uses it"
        return await self._runtime.run(tasks, prm)

    async def score_batch(self, requests: Sequence[ScoreRequest]) -> list[ScoreReply]:
        """Score the steps that a policy worker's searches ask about."""
        assert isinstance(self._runtime, PrmRuntime), "searches score with PRM workers only"
        return await self._runtime.score_batch(requests)

    async def never(self) -> None:
        """Never answer; the caller hears of the actor's end at once."""
        # Ray fails the calls in flight when an actor dies, so nobody has to poll for it.
        await asyncio.Event().wait()

    async def stats(self) -> EngineStats:
        """Return the engine's counters; zeros before it has started."""
        return self._runtime.stats() if self._runtime else EngineStats()

    async def stop(self) -> None:
        """Stop the engine and its processes; the driver then drops the actor."""
        if self._runtime is not None:
            self._runtime.close()


class PolicyWorker(WorkerActor):
    """Samples and searches."""


class PrmWorker(WorkerActor):
    """Scores steps."""


def create_actor(spec: WorkerSpec, name: str, placement: Placement) -> ActorHandle:
    """Ask Ray for a worker where its placement says.

    Death is the driver's to handle (`max_restarts=0`): it must know, to hand the
    units out again and to count the attempt.
    """
    # Ray shows actors by their classes.
    actor_class: ActorClass = ray.remote(concurrency_groups={ASIDE: 1})(
        PolicyWorker if spec.engine.role == "policy" else PrmWorker
    )
    # Ray sets OpenMP's number only where the shell has none, and never MKL's: torch would then
    # start a thread for each core of the host, in each of the workers that share them.
    threads = max(1, int(spec.cpus))
    return actor_class.options(
        name=name,
        **placement.options,
        max_restarts=0,
        max_concurrency=MAX_CALLS_IN_FLIGHT,
        runtime_env={
            "env_vars": {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
        },
    ).remote(spec)
