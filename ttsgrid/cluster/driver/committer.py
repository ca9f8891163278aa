"""Finished units on their way to the store: small groups, in the order they finished.

Rows are made and written on a thread, so that the driver's loop hears workers meanwhile; one
thread at a time, since a store is not for several. Order matters: a block is committed before, or
together with, the scores of its solutions. A group is what a second brought, and no more than
`GROUP_UNITS`: Arrow turns a column of Python values into its own in one go, and nothing else
runs in this process for as long.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from ttsgrid.cluster.wire.tasks import Task
from ttsgrid.core.records import UnitResult
from ttsgrid.store import Commit, Store

# A crash of the driver loses this much work at most. Each commit writes a file per table, so
# shorter groups would make many small files.
GROUP_EVERY_S = 1.0
GROUP_UNITS = 1000
# Where storage is slower than the workers, they wait: what is queued is lost with the driver.
MOST_QUEUED = 5 * GROUP_UNITS


class Committer:
    """Collects results and commits them about once a second."""

    def __init__(self, store: Store, committed: Callable[[float], None] = lambda _: None) -> None:
        """Set up for a store; `committed` hears how long each commit took, in seconds."""
        self._store = store
        self._committed = committed
        self._pending: list[Commit] = []
        self._writer: asyncio.Task[None] | None = None
        self._is_last = False
        self._hurry = asyncio.Event()
        self._written = asyncio.Event()

    def add(self, task: Task, result: UnitResult) -> None:
        """Queue one result; it is committed within about a second."""
        self._pending.append(Commit(task.unit, result, task.problem))
        if len(self._pending) >= GROUP_UNITS:
            self._hurry.set()
        if self._writer is None or self._writer.done():
            if self._writer is not None:
                self._writer.result()  # a store that fails stops the run
            self._writer = asyncio.create_task(self._write())

    async def room(self) -> None:
        """Wait while too much is queued.

        Raises:
            StoreError: what is queued can't be written.
        """
        while len(self._pending) >= MOST_QUEUED and self._writer is not None:
            if self._writer.done():
                self._writer.result()
                return
            await self._written.wait()

    async def flush(self) -> None:
        """Commit what is queued; call it last.

        Cancelled or not, it ends when all is written: nobody else may close the store before.
        """
        if self._writer is None:
            return
        self._is_last = True
        self._hurry.set()
        writer = self._writer
        cancelled: asyncio.CancelledError | None = None
        while not writer.done():
            try:
                await asyncio.wait({writer})
            except asyncio.CancelledError as error:
                cancelled = error
        writer.result()
        if cancelled:
            raise cancelled

    async def _write(self) -> None:
        while self._pending:
            await self._wait_for_a_group()
            group, self._pending = self._pending[:GROUP_UNITS], self._pending[GROUP_UNITS:]
            began = time.monotonic()
            try:
                await asyncio.to_thread(self._store.commit, group)
            finally:
                # Wake every waiter once; later waiters get a fresh event.
                self._written.set()
                self._written = asyncio.Event()
            self._committed(time.monotonic() - began)

    async def _wait_for_a_group(self) -> None:
        """Wait until there is enough to write, or it has waited for long enough."""
        self._hurry.clear()
        if not self._is_last and len(self._pending) < GROUP_UNITS:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), GROUP_EVERY_S)
