"""Which engines are resident: as many as fit, the rest in line, first come first served.

The line is strict: a large engine at its head is not overtaken by small ones behind
it. Models are admitted in the plan's order, policies before the PRMs that score what
they write, so a PRM never holds the room that its own policy waits for.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ttsgrid.cluster.driver.capacity import NOTHING, Capacity


class Residency:
    """Admits engines while their demands fit the cluster."""

    def __init__(self, capacity: Capacity) -> None:
        self._capacity = capacity
        self._used = NOTHING
        self._line: deque[object] = deque()
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def room_for(self, wants: Capacity) -> AsyncIterator[None]:
        """Hold room for one engine; join the line before the first await."""
        # Replicas are started in the plan's order and each runs to its first `await`: joining
        # before that makes the line the plan's order.
        ticket = object()
        self._line.append(ticket)
        async with self._changed:
            await self._changed.wait_for(lambda: self._is_next(ticket, wants))
            self._line.popleft()
            self._used = self._used + wants
            self._changed.notify_all()
        try:
            yield
        finally:
            async with self._changed:
                self._used = self._used + Capacity(-wants.cpus, -wants.gpus, -wants.memory_gib)
                self._changed.notify_all()

    def _is_next(self, ticket: object, wants: Capacity) -> bool:
        return self._line[0] is ticket and self._capacity.holds(self._used + wants)
