"""Which engines are resident: as many as fit the nodes, the rest in line, first come first served.

The line is strict: a large engine at its head is not overtaken by small ones behind
it. Models are admitted in the plan's order, policies before the PRMs that score what
they write, so a PRM never holds the room that its own policy waits for. What is admitted is
asked of Ray, which places it when it can: other jobs may use the cluster too.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ttsgrid.cluster.driver.capacity import Bundles, Nodes


class Residency:
    """Admits engines while they fit the nodes together."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self._resident: list[Bundles] = []
        self._line: deque[object] = deque()
        self._changed = asyncio.Event()

    def nodes_are(self, nodes: Nodes) -> None:
        """Take in that nodes came or went."""
        if nodes != self._nodes:
            self._nodes = nodes
            self._notify()

    @property
    def is_awaited(self) -> bool:
        """Whether an engine waits for room."""
        return bool(self._line)

    @asynccontextmanager
    async def room_for(self, wants: Bundles) -> AsyncIterator[None]:
        """Hold room for one engine; join the line before the first await."""
        # Replicas are started in the plan's order and each runs to its first `await`: joining
        # before that makes the line the plan's order.
        ticket = object()
        self._line.append(ticket)
        try:
            while not self._is_next(ticket, wants):
                await self._changed.wait()
            self._resident.append(wants)
        finally:
            self._line.remove(ticket)  # also of one that was called off while it waited
            self._notify()
        try:
            yield
        finally:
            self._resident.remove(wants)
            self._notify()

    def _notify(self) -> None:
        # Wake every waiter once; later waiters get a fresh event.
        self._changed.set()
        self._changed = asyncio.Event()

    def _is_next(self, ticket: object, wants: Bundles) -> bool:
        return self._line[0] is ticket and self._nodes.hold([*self._resident, wants])
