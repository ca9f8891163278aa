"""A PRM's worker as searches have it, and what its replica and they owe each other.

A search that got its result is progress of its PRM's replica, which may have nothing else to do.
A policy's worker finds out first that a PRM is gone, but not why: that is told to the PRM's own
replica, and a search that lost its scores must not be blamed for a lost node.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from ttsgrid.cluster.driver.deaths import Cause, WorkerDiedError
from ttsgrid.cluster.driver.fleet import FleetWorker

ENDS_WITHIN_S = 30.0  # Ray tells of a process at once, and of a node when it missed five looks


class Scorer:
    """A live PRM worker that searches score with."""

    def __init__(
        self,
        worker: FleetWorker,
        served: Callable[[], None],
        condemn: Callable[[WorkerDiedError], None],
    ) -> None:
        """Set up for a worker.

        Args:
            worker: the PRM's.
            served: hears that a search got its result.
            condemn: ends the worker, for a reason.
        """
        self.worker = worker
        self.served = served
        self._condemn = condemn
        self._death: WorkerDiedError | None = None
        self._ended = asyncio.Event()

    def ends(self, death: WorkerDiedError | None) -> None:
        """Note that the worker has ended, by a death or with its work."""
        self._death = death
        self._ended.set()

    async def death(self) -> WorkerDiedError:
        """Return why a search of it has no scores; end it where it may only be out of reach."""
        if not await self._ends_soon():
            self._condemn(WorkerDiedError("policies can't reach it", Cause.UNREACHABLE))
            await self._ends_soon()
        what, death = "the PRM worker that its search scored with ended", self._death
        if death is None:
            return WorkerDiedError(what)
        return WorkerDiedError(f"{what} ({death.reason})", death.cause, death.place)

    async def _ends_soon(self) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), ENDS_WITHIN_S)
        return self._ended.is_set()
