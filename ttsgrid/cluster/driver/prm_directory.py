"""Which PRM workers are live, and which of them a problem's searches score with.

A problem sticks to one replica, whose caches hold its question and its steps. The
choice is by rendezvous hashing (Thaler and Ravishankar 1998) over the live replicas:
when one dies only its own problems move, and they return to the one that replaces it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict

from ttsgrid.cluster.driver.fleet import FleetWorker
from ttsgrid.core.identity import derive_seed


class PrmDirectory:
    """Live PRM workers by model and replica label."""

    def __init__(self) -> None:
        self._live: dict[str, dict[str, FleetWorker]] = defaultdict(dict)
        self._changed = asyncio.Event()

    def joined(self, model: str, label: str, worker: FleetWorker) -> None:
        """Note that a replica works."""
        self._live[model][label] = worker
        self._notify()

    def left(self, model: str, label: str) -> None:
        """Note that a replica's worker has ended."""
        self._live[model].pop(label, None)
        self._notify()

    async def worker_for(self, model: str, problem_id: str) -> FleetWorker:
        """Return the worker that scores a problem's searches; wait while none lives."""
        while not (live := self._live[model]):
            await self._changed.wait()
        label = max(live, key=lambda label: derive_seed(problem_id, label))
        return live[label]

    async def gone(self, worker: FleetWorker) -> None:
        """Wait until a worker that is ending is no longer chosen."""
        while any(worker in replicas.values() for replicas in self._live.values()):
            await self._changed.wait()

    def _notify(self) -> None:
        # Wake every waiter once; later waiters get a fresh event.
        self._changed.set()
        self._changed = asyncio.Event()
