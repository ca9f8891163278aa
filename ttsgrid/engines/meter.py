"""What an engine has done so far: tokens, requests, and the time in which it had any to do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ttsgrid.core.records import Usage
from ttsgrid.engines.base import EngineStats


class Meter:
    """Counters of one engine; requests overlap.

    Args:
        clock: tells the time in seconds, as the engine's requests pass it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.requests = 0
        self._clock = clock
        self._running = 0
        self._generated = self._computed = self._cached = 0
        self._busy_s = self._busy_since = 0.0

    @contextmanager
    def request(self) -> Iterator[None]:
        """Count a request, as running until the block ends."""
        self.requests += 1
        if self._running == 0:
            self._busy_since = self._clock()
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            if self._running == 0:
                self._busy_s += self._clock() - self._busy_since

    def count(self, usage: Usage) -> None:
        """Add what a request generated, and of its prompt what no cache held and what one did."""
        self._generated += usage.generated_tokens
        self._computed += usage.prompt_tokens - usage.cached_tokens
        self._cached += usage.cached_tokens

    def stats(self) -> EngineStats:
        """Return the counters so far."""
        busy_s = self._busy_s + (self._clock() - self._busy_since if self._running else 0.0)
        return EngineStats(
            self._generated, self._computed, self.requests, self._running, busy_s, self._cached
        )
