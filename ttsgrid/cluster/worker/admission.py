"""Which searches of a policy's worker run now: enough to fill its engine, and no more than fit.

A search of N has N requests in flight when a step begins, and one when all but the slowest are
written. Counted as N all the time, searches left half of an engine's slots empty at N = 16 and
three quarters at N = 64, with step lengths as policies have them. So the driver hands a worker
more than fills it, and a search begins here, in line, once fewer requests are live than the
engine is to have.

What bounds the searches that run is the memory of the engine's cache: between steps a search
has nothing in flight, but what it wrote must stay in the cache, or each step computes it anew.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ttsgrid.core.units import SearchTree
from ttsgrid.engines.base import EngineStats, Generation, GenerationRequest, PolicyEngine

LIVE_PER_SLOT = 2  # what decodes, and as much in line for when it ends


def cache_tokens(tree: SearchTree, prompt_tokens: int) -> int:
    """Return how many tokens a search is reckoned to keep in the engine's cache.

    Its N/M beams, half grown, and a step of each candidate: 79k tokens for N = 256, M = 4 and
    solutions of up to 2,048 tokens.
    """
    longest, settings = tree.sampling.max_tokens, tree.settings
    step = min(settings.max_step_tokens, -(-longest // settings.max_steps))
    return prompt_tokens + settings.num_beams * longest // 2 + settings.budget * step


@dataclass(eq=False)
class _Place:
    """A search's place in line, and what it takes once it runs.

    Attributes:
        unasked: of the requests that it begins with, those that it has not made yet.
    """

    tokens: int
    unasked: int
    turn: asyncio.Future[None]
    runs: bool = False


class Admission:
    """Lets searches begin, in the order in which they came.

    Args:
        slots: requests that the engine decodes at once.
        most_tokens: what the engine's cache holds; None where it does not say.
    """

    def __init__(self, slots: int, most_tokens: int | None = None) -> None:
        self._most_live = LIVE_PER_SLOT * slots
        self._most_tokens = most_tokens
        self._live = 0  # requests in flight, and those that a search that begins is about to make
        self._running = 0
        self._tokens = 0
        self._line: deque[_Place] = deque()

    @asynccontextmanager
    async def search(
        self, engine: PolicyEngine, num_requests: int, tokens: int
    ) -> AsyncIterator[PolicyEngine]:
        """Wait for a search's turn; give the engine that it asks while the block runs.

        Args:
            engine: the worker's.
            num_requests: that the search makes at once, at most.
            tokens: that it keeps in the engine's cache.
        """
        place = _Place(tokens, num_requests, asyncio.get_running_loop().create_future())
        self._line.append(place)
        self._admit()
        try:
            await place.turn
            yield CountedEngine(engine, self, place)
        finally:
            self._leave(place)

    def asked(self, place: _Place | None) -> None:
        """Count a request that begins."""
        if place is not None and place.unasked:
            place.unasked -= 1  # it was counted when its search began
        else:
            self._live += 1

    def answered(self) -> None:
        """Count a request that ended."""
        self._live -= 1
        self._admit()

    def _leave(self, place: _Place) -> None:
        if place.runs:
            self._running -= 1
            self._live -= place.unasked
            self._tokens -= place.tokens
        else:  # called off while it waited
            self._line.remove(place)
        self._admit()

    def _admit(self) -> None:
        while self._line and self._has_room(self._line[0]):
            place = self._line.popleft()
            place.runs = True
            self._running += 1
            self._live += place.unasked
            self._tokens += place.tokens
            if not place.turn.done():  # else it is being called off, and leaves in a moment
                place.turn.set_result(None)

    def _has_room(self, place: _Place) -> bool:
        if not self._running:
            return True  # whatever it takes: nothing else would make room for it
        fits = self._most_tokens is None or self._tokens + place.tokens <= self._most_tokens
        return fits and self._live < self._most_live


class CountedEngine:
    """A worker's engine whose requests count as live; of one search, or of the pools' samples."""

    def __init__(
        self, engine: PolicyEngine, admission: Admission, place: _Place | None = None
    ) -> None:
        self._engine = engine
        self._admission = admission
        self._place = place

    @property
    def device(self) -> str:
        """See `Engine`."""
        return self._engine.device

    @property
    def block_tokens(self) -> int:
        """See `Engine`."""
        return self._engine.block_tokens

    @property
    def max_input_tokens(self) -> int:
        """See `PolicyEngine`."""
        return self._engine.max_input_tokens

    async def generate(self, request: GenerationRequest) -> Generation:
        """See `PolicyEngine`."""
        self._admission.asked(self._place)
        try:
            return await self._engine.generate(request)
        finally:
            self._admission.answered()

    def stats(self) -> EngineStats:
        """See `Engine`."""
        return self._engine.stats()

    def close(self) -> None:
        """See `Engine`."""
        self._engine.close()
