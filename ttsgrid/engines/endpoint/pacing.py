"""How fast an endpoint may be asked: so many requests and tokens in any minute.

Limits hold in every window of a minute, not on average, so a server that counts by windows
of its own never sees more. A request reserves the tokens that it may take at most (prompt and
longest answer), as providers count them, and gives back what it did not take. Requests go in
the order in which they came. When the server says to wait, all of them wait.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

WINDOW_S = 60.0


@dataclass
class Entry:
    """What one request takes of a window; `tokens` falls to what it took in the end."""

    at: float
    tokens: int


class Pace:
    """Lets requests through, at most `concurrency` at once."""

    def __init__(
        self,
        concurrency: int,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._slots = asyncio.Semaphore(concurrency)
        self._line = asyncio.Lock()  # its waiters are served first come first served
        self._requests = requests_per_minute
        self._tokens = tokens_per_minute
        self._clock = clock
        self._recent: deque[Entry] = deque()
        self._resume_at = 0.0
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def turn(self, most_tokens: int) -> AsyncIterator[Entry]:
        """Wait for a turn and hold it; the holder sets `tokens` of what is yielded.

        A request that failed keeps its place among requests, and its tokens unless it sets
        them to 0.
        """
        async with self._slots:
            entry = await self._admitted(most_tokens)
            try:
                yield entry
            finally:
                self._notify()

    def pause(self, seconds: float) -> None:
        """Let nobody through for so long: the server asked for it."""
        self._resume_at = max(self._resume_at, self._clock() + seconds)

    async def _admitted(self, most_tokens: int) -> Entry:
        # More than a minute's worth can't be had in a minute: such a request goes alone.
        tokens = min(most_tokens, self._tokens or most_tokens)
        async with self._line:
            while (wait_s := self._wait_s(tokens)) > 0:
                await self._wait(wait_s)
            entry = Entry(self._clock(), tokens)
            if self._requests is not None or self._tokens is not None:
                self._recent.append(entry)
            return entry

    def _wait_s(self, tokens: int) -> float:
        """Return for how long a request of so many tokens must wait, as things stand."""
        now = self._clock()
        while self._recent and self._recent[0].at <= now - WINDOW_S:
            self._recent.popleft()
        until = self._resume_at
        if self._requests is not None and len(self._recent) >= self._requests:
            until = max(until, self._recent[-self._requests].at + WINDOW_S)
        if self._tokens is not None:
            until = max(until, self._room_at(self._tokens - tokens))
        return until - now

    def _room_at(self, most_tokens: int) -> float:
        """Return when the window holds at most so many tokens; 0 where it does already."""
        held, room_at = sum(entry.tokens for entry in self._recent), 0.0
        for entry in self._recent:  # oldest first
            if held <= most_tokens:
                break
            held -= entry.tokens
            room_at = entry.at + WINDOW_S
        return room_at

    async def _wait(self, seconds: float) -> None:
        """Wait so long, or until a request gives tokens back."""
        self._changed.clear()
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return

    def _notify(self) -> None:
        self._changed.set()
