"""A worker as the driver sees it: the seam between scheduling and where workers run.

`ttsgrid.cluster.driver.remote_worker` puts Ray actors behind it; a simulation can put anything that
keeps its promises, and drives the same scheduling code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from ttsgrid.cluster.wire.scoring_link import PrmPeer
from ttsgrid.cluster.wire.tasks import Task, TaskOutcome, WorkerSpec
from ttsgrid.cluster.wire.whereabouts import Whereabouts
from ttsgrid.core.spent import Stage
from ttsgrid.engines.base import EngineStats


class FleetWorker(Protocol):
    """A started worker."""

    @property
    def stats(self) -> EngineStats:
        """The engine's counters as last heard."""
        ...

    @property
    def place(self) -> Whereabouts | None:
        """Where it runs."""
        ...

    async def run(self, tasks: Sequence[Task], prm: PrmPeer | None) -> list[TaskOutcome]:
        """Run tasks together; a search scores with `prm`. One message there, one back.

        Raises:
            WorkerDiedError: the worker ended first.
        """
        ...

    async def watch(self) -> None:
        """Wait for the worker's end, and never return.

        Raises:
            WorkerDiedError: it ended.
        """
        ...

    async def refresh_stats(self) -> bool:
        """Ask for the engine's counters; say whether it answered."""
        ...

    def as_prm(self) -> PrmPeer:
        """Return what a policy worker needs to score with this worker."""
        ...

    async def stop(self) -> None:
        """Stop the engine, then the process."""
        ...

    def kill(self) -> None:
        """End the process at once."""
        ...


class StartWorker(Protocol):
    """Places a worker and loads its model."""

    async def __call__(
        self, spec: WorkerSpec, placed: Callable[[], None], reaches: Callable[[Stage], None]
    ) -> FleetWorker:
        """Start one; wait for its place as long as it takes, or is let.

        Args:
            spec: what it holds and reserves.
            placed: to be called once it has its place and begins to load.
            reaches: to be called with each stage of its load that is seen, as it begins.

        Raises:
            PlacementError, WorkerStartError: why it can't, and why no other could.
            WorkerDiedError: it ended while it loaded; another may fare better.
        """
        ...
