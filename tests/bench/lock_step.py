"""Beam search in lock-step over all problems: the strongest way among the peers.

Each round writes one step for every open candidate of every problem in one call, waits for
the slowest, has all of them scored in one call, chooses, and goes on. A problem that ends
early leaves its places empty until the others are done (as ThinkBooster schedules). Methods,
rules and seeds are those of `ttsgrid.strategies.search`, the PRM's cache is used as ours is,
so both ways search alike; only who waits for whom differs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

from ttsgrid.engines.base import Generation, GenerationRequest, PolicyEngine
from ttsgrid.engines.scoring import ScoredSteps
from ttsgrid.strategies.search.protocol import StepScoring

Answer = TypeVar("Answer")
Result = TypeVar("Result")
QUIET_TURNS = 10  # of the event loop, without a new request: all searches wait for answers


class Gate(Generic[Answer]):
    """Holds requests back until it is opened; all of them then run, and end, together."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Callable[[], Awaitable[Answer]], asyncio.Future[Answer]]] = []

    async def through(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        """Wait for the gate, and for the slowest of those that pass with this one."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.waiting.append((call, answer))
        return await answer

    async def open(self) -> None:
        """Run all that wait in one call."""
        batch, self.waiting = self.waiting, []
        answers = await asyncio.gather(*(call() for call, _ in batch))
        for (_, waiting), answer in zip(batch, answers, strict=True):
            waiting.set_result(answer)


class LockStep:
    """A policy engine and a scorer whose requests go through gates, in turns."""

    def __init__(self, policy: PolicyEngine, scorer: StepScoring) -> None:
        self._policy, self._scorer = policy, scorer
        self._writing, self._scoring = Gate[Generation](), Gate[ScoredSteps]()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the engine has
        return getattr(self._policy, name)

    async def generate(self, request: GenerationRequest) -> Generation:
        """As `PolicyEngine.generate`, at the pace of the slowest."""
        return await self._writing.through(lambda: self._policy.generate(request))

    async def score(self, question: str, steps: Sequence[str]) -> ScoredSteps:
        """As `StepScoring.score`, at the pace of the slowest."""
        return await self._scoring.through(lambda: self._scorer.score(question, steps))

    async def run(self, searches: Sequence[Coroutine[Any, Any, Result]]) -> list[Result]:
        """Run searches, which use this as engine and scorer, round by round."""
        all_of_them = asyncio.gather(*searches)
        while not all_of_them.done():
            await self._quiet()
            gate = self._writing if self._writing.waiting else self._scoring
            await gate.open()
        return await all_of_them

    async def _quiet(self) -> None:
        quiet, seen = 0, -1
        while quiet < QUIET_TURNS:
            await asyncio.sleep(0)
            now = len(self._writing.waiting) + len(self._scoring.waiting)
            quiet, seen = (quiet + 1, now) if now == seen else (0, now)
