"""Which PRM workers are live, and which of them a problem's searches score with.

A problem sticks to one replica, whose caches hold its question and its steps. A problem that is
new goes where least is running, and one whose replica died likewise. When a replica joins, late
or again, problems come to it from those that run more than their share, so that it is soon as
busy as they. Choosing by a hash of the problem gave the busiest of four replicas 1.5 times its
share of sixteen searches.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ttsgrid.cluster.driver.deaths import WorkerDiedError
from ttsgrid.cluster.driver.scorer import Scorer


class PrmDirectory:
    """Live PRM workers by model and replica label, and what searches run on each."""

    def __init__(self) -> None:
        self._live: dict[str, dict[str, Scorer]] = defaultdict(dict)
        self._running: dict[str, Counter[str]] = defaultdict(Counter)
        self._joined: Counter[str] = Counter()  # how often a replica of a model joined
        self._home: dict[tuple[str, str], tuple[str, int]] = {}  # and how often one had by then
        self._changed = asyncio.Event()

    def joined(self, model: str, label: str, scorer: Scorer) -> None:
        """Note that a replica works."""
        self._live[model][label] = scorer
        self._joined[model] += 1
        self._notify()

    def left(self, model: str, label: str) -> None:
        """Note that a replica's worker has ended."""
        self._live[model].pop(label, None)
        self._notify()

    def is_spare(self, model: str, label: str) -> bool:
        """Whether no search scores with a replica, and there is another for those that will."""
        return not self._running[model][label] and len(self._live[model]) > 1

    @asynccontextmanager
    async def scorer(self, model: str, problem_id: str, num_requests: int) -> AsyncIterator[Scorer]:
        """Give what a search of a problem scores with; wait while none lives.

        Args:
            model: the PRM.
            problem_id: the search's.
            num_requests: that the search has in flight at most.
        """
        while not self._live[model]:
            await self._changed.wait()
        label = self._choose(model, problem_id, num_requests)
        self._running[model][label] += num_requests
        try:
            yield self._live[model][label]
        finally:
            self._running[model][label] -= num_requests

    async def lost(self, scorer: Scorer) -> WorkerDiedError:
        """Choose a worker no longer, since a search got no scores of it; return why."""
        for replicas in self._live.values():
            for label in [label for label, one in replicas.items() if one is scorer]:
                del replicas[label]
        return await scorer.death()

    def _choose(self, model: str, problem_id: str, num_requests: int) -> str:
        running = self._running[model]
        home, joined = self._home.get((model, problem_id), ("", 0))
        stays = home in self._live[model] and (
            joined == self._joined[model] or self._is_fair(model, home, num_requests)
        )
        label = home if stays else min(self._live[model], key=lambda label: running[label])
        self._home[model, problem_id] = label, self._joined[model]
        return label

    def _is_fair(self, model: str, home: str, num_requests: int) -> bool:
        """Whether a replica runs no more than its share, with so many requests more."""
        running = self._running[model]
        total = sum(running[label] for label in self._live[model]) + num_requests
        return running[home] + num_requests <= total / len(self._live[model])

    def _notify(self) -> None:
        # Wake every waiter once; later waiters get a fresh event.
        self._changed.set()
        self._changed = asyncio.Event()
