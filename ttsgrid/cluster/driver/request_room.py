"""How many requests a worker may still be handed: one coroutine takes, many give back."""

from __future__ import annotations

import asyncio


class RequestRoom:
    """Counts requests; `free` of them are nobody's."""

    def __init__(self, size: int) -> None:
        self.free = size
        self._given = asyncio.Event()

    async def take(self, number: int) -> None:
        """Wait for room and take it."""
        while self.free < number:
            await self.given()
        self.free -= number

    def give(self, number: int) -> None:
        """Give back what was taken."""
        self.free += number
        # Wake whoever waits once; who waits later gets a fresh event.
        self._given.set()
        self._given = asyncio.Event()

    async def given(self) -> None:
        """Wait until some is given back."""
        await self._given.wait()
