"""What is left to do for each model, and who waits for it: pure bookkeeping.

A model's backlog holds chunks that are ready. Scoring becomes ready when its block
is sampled; a model is finished when nothing is ready, in flight, or still to come.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence

from ttsgrid.cluster.wire.tasks import Task

Chunk = tuple[Task, ...]


class Backlog:
    """Chunks by model name; `remaining` counts units, ready or still to come."""

    def __init__(self, remaining: Counter[str]) -> None:
        self._remaining = remaining
        self._handed_out: Counter[str] = Counter()
        self._drains = False
        self._ready: dict[str, deque[Chunk]] = {name: deque() for name in remaining}
        self._changed = asyncio.Event()

    def remaining(self, model: str) -> int:
        """Return how many of a model's units have no result yet, and may get one."""
        return self._handed_out[model] if self._drains else self._remaining[model]

    def add(self, model: str, tasks: Sequence[Task]) -> None:
        """Make a chunk ready."""
        if tasks and not self._drains:
            self._ready[model].append(tuple(tasks))
            self._notify()

    def give_back(self, model: str, tasks: Sequence[Task]) -> None:
        """Put a chunk of a dead worker in front."""
        self._count_handed_out(tasks, -1)
        if not self._drains:
            self._ready[model].appendleft(tuple(tasks))
        self._notify()

    def drain(self) -> None:
        """Hand nothing out any more; a model is finished with what is in flight."""
        self._drains = True
        for ready in self._ready.values():
            ready.clear()
        self._notify()

    def settle(self, model: str, num_units: int) -> None:
        """Count units that have their result (or will never get one)."""
        self._remaining[model] -= num_units
        # What will never run, because what it needs failed, was not handed out.
        self._handed_out[model] = max(0, self._handed_out[model] - num_units)
        self._notify()

    def first_in_line(self, model: str) -> Chunk | None:
        """Return the chunk that `take` gives next; None where none is ready."""
        return self._ready[model][0] if self._ready[model] else None

    async def take(self, model: str, is_spare: Callable[[], bool] = lambda: False) -> Chunk | None:
        """Return the next ready chunk; None once the model is finished.

        Also None where all that is left is with others, and whoever asks is a spare.
        """
        while not self._ready[model]:
            if self.remaining(model) <= 0 or (self._is_handed_out(model) and is_spare()):
                return None
            await self._wait()
        chunk = self._ready[model].popleft()
        self._count_handed_out(chunk, 1)
        if not self._ready[model]:
            self._notify()  # it may have been the last
        return chunk

    def _is_handed_out(self, model: str) -> bool:
        """Whether nothing of a model is ready or still to come: workers have all that is left."""
        return not self._ready[model] and self.remaining(model) <= self._handed_out[model]

    def _count_handed_out(self, tasks: Sequence[Task], sign: int) -> None:
        for task in tasks:
            for of_unit in task.unit.models:
                self._handed_out[of_unit.name] += sign

    async def handed_out(self, model: str) -> None:
        """Wait until workers have all that is left of a model."""
        while not self._is_handed_out(model):
            await self._wait()

    async def finished(self, model: str) -> None:
        """Wait until every unit of a model has its result, or won't get one."""
        while self.remaining(model) > 0:
            await self._wait()

    async def _wait(self) -> None:
        await self._changed.wait()

    def _notify(self) -> None:
        # Wake every waiter once; later waiters get a fresh event.
        self._changed.set()
        self._changed = asyncio.Event()


def calls_of(chunk: Chunk, each_apart: bool = False) -> list[Chunk]:
    """Split a chunk into messages: each search by itself, all else together unless told."""
    if each_apart:
        return [(task,) for task in chunk]
    searches = [(task,) for task in chunk if task.unit.tree]
    together = tuple(task for task in chunk if not task.unit.tree)
    return [together, *searches] if together else [*searches]
