"""TaskOutcome units on their way to the store: small groups, in the order they finished.

A commit takes about ten milliseconds, so it is made in the driver's own thread; groups
of a second keep their number small. Order matters: a block is committed before, or
together with, the scores of its solutions.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from ttsgrid.cluster.wire.tasks import Task
from ttsgrid.core.records import UnitResult
from ttsgrid.store import Commit, Store

# A crash of the driver loses this much work at most. Each commit writes a file per table, so
# shorter groups would make many small files.
GROUP_EVERY_S = 1.0


class Committer:
    """Collects results and commits them about once a second."""

    def __init__(self, store: Store, committed: Callable[[float], None] = lambda _: None) -> None:
        """Set up for a store; `committed` hears how long each commit took, in seconds."""
        self._store = store
        self._committed = committed
        self._pending: list[Commit] = []
        self._writer: asyncio.Task[None] | None = None

    def add(self, task: Task, result: UnitResult) -> None:
        """Queue one result; it is committed within about a second."""
        self._pending.append(Commit(task.unit, result, task.problem))
        if self._writer is None or self._writer.done():
            if self._writer is not None:
                self._writer.result()  # a store that fails stops the run
            self._writer = asyncio.create_task(self._write_soon())

    async def _write_soon(self) -> None:
        await asyncio.sleep(GROUP_EVERY_S)
        while self._pending:
            group, self._pending = self._pending, []
            self._commit(group)

    async def flush(self) -> None:
        """Commit what is queued; call it last."""
        if self._writer is not None:
            await self._writer
        if self._pending:
            group, self._pending = self._pending, []
            self._commit(group)

    def _commit(self, group: Sequence[Commit]) -> None:
        began = time.monotonic()
        self._store.commit(group)
        self._committed(time.monotonic() - began)
