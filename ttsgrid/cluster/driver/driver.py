"""The driver: hands units to workers, commits what comes back, loses nothing.

Each replica of a model waits for room, starts a worker, keeps enough in flight to
fill the engine, and ends when nothing needs its model. A policy's searches score with
workers of its PRM, from process to process; the driver names the worker and hears of
each search once, when it has ended. When a worker dies, what it had goes back to the
front of the line with the attempt counted, and the replica starts another; a search
whose PRM worker died is handed out again likewise.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ttsgrid.cluster.driver.committer import Committer
from ttsgrid.cluster.driver.dispatch import Dispatch, Held
from ttsgrid.cluster.driver.figures import Figures
from ttsgrid.cluster.driver.fleet import StartWorker
from ttsgrid.cluster.driver.prm_directory import PrmDirectory
from ttsgrid.cluster.driver.progress import Progress
from ttsgrid.cluster.driver.replica import Limits, Replica
from ttsgrid.cluster.driver.residency import Residency
from ttsgrid.cluster.driver.spread import Spread
from ttsgrid.cluster.driver.standstill import Room, Standstill
from ttsgrid.cluster.driver.watch import Watch
from ttsgrid.cluster.driver.waves import Wave, plan_waves
from ttsgrid.cluster.wire.tasks import WorkerSpec
from ttsgrid.core.long_lived import long_lived
from ttsgrid.grid.plan import Plan

STATS_EVERY_S = 1.0
ANY_ORDER = Spread()


class Driver:
    """Runs a plan's missing units on a fleet of workers."""

    def __init__(
        self,
        plan: Plan,
        workers: Mapping[str, Sequence[WorkerSpec]],
        start: StartWorker,
        committer: Committer,
        progress: Progress,
        room: Room,
        limits: Limits,
        spread: Spread = ANY_ORDER,
        tell: Callable[[Figures], None] = lambda _: None,
    ) -> None:
        """Plan the waves; `tell` hears the run's figures about once a second.

        Raises:
            PlacementError: a search's policy and PRM do not fit together.
        """
        self._problems = {problem.id: problem for problem in plan.problems}
        self._waves = plan_waves(plan.missing, workers, room.nodes())
        self._specs = workers
        self._start = start
        self._committer = committer
        self._progress = progress
        self._residency = Residency(room.nodes())
        self._room = room
        self._limits = limits
        self._spread = spread
        self._tell = tell
        self._replicas: list[Replica] = []
        self._dispatch: Dispatch | None = None
        self._drains = False

    async def run(self, held: Held) -> None:
        """Run everything that is missing.

        Args:
            held: solutions of committed blocks that a missing scoring unit needs.

        Raises:
            WorkerStartError, PlacementError: a model cannot run; what finished
                before is committed.
        """
        poll = asyncio.create_task(self._poll_stats())
        try:
            for wave in self._waves:
                if not self._drains:
                    await self._run_wave(wave, held)
        finally:
            gc.unfreeze()  # what `long_lived` set aside
            poll.cancel()
            await asyncio.gather(poll, return_exceptions=True)
            # On the way out of an error too: what finished must not be generated again.
            await self._committer.flush()
            self._tell(self._progress.figures)

    def drain(self) -> None:
        """Hand nothing out any more: `run` returns when what is in flight has finished."""
        self._drains = True
        if self._dispatch is not None:
            self._dispatch.drain()

    async def _run_wave(self, wave: Wave, held: Held) -> None:
        dispatch = await self._dispatch_of(wave, held)
        self._replicas = self._replicas_for(wave, dispatch)
        running = [
            asyncio.create_task(replica.serve(self._residency)) for replica in self._replicas
        ]
        standstill = Standstill(self._replicas, self._room, self._residency, self._progress)
        guard = asyncio.create_task(standstill.watch(self._limits.standstill_s))
        work = asyncio.gather(*running)
        either: set[asyncio.Future[Any]] = {guard, work}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            await (guard if guard.done() else work)
        finally:
            # A failed `gather` leaves its other tasks running, workers and all.
            for task in (guard, *running):
                task.cancel()
            await asyncio.gather(guard, work, *running, return_exceptions=True)

    async def _dispatch_of(self, wave: Wave, held: Held) -> Dispatch:
        dispatch = Dispatch(
            self._problems, self._committer, self._progress.figures, self._limits.max_attempts
        )
        with long_lived():
            self._dispatch = await dispatch.filled(wave, held)
        if self._drains:  # told while it was filled
            dispatch.drain()
        return dispatch

    def _replicas_for(self, wave: Wave, dispatch: Dispatch) -> list[Replica]:
        """Return the replicas of a wave in the order in which they wait for room.

        First one of each model, which fit together where the wave has searches.
        """
        prms = PrmDirectory()
        return [
            Replica(
                model,
                model if len(self._specs[model]) == 1 else f"{model}/{position}",
                self._specs[model][position],
                self._start,
                dispatch,
                prms,
                self._progress,
                self._limits,
                is_spare=position > 0 and model in self._spread.automatic,
            )
            for model, position in self._spread.order(wave, self._specs)
        ]

    async def _poll_stats(self) -> None:
        watch = Watch(self._limits, self._progress)
        while True:
            await asyncio.sleep(STATS_EVERY_S)
            live = [replica for replica in self._replicas if replica.worker is not None]
            # Side by side: one worker that is busy must not hold up the others' figures.
            await asyncio.gather(*(watch.look_at(replica) for replica in live))
            self._progress.look()
            self._tell(self._progress.figures)
