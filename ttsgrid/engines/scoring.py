"""Step scores from a PRM engine, each prefix computed once.

A step's score depends on the tokens up to its mark alone, so it is remembered under
the hash of exactly those ids. Solutions that share steps (siblings in a tree, equal
samples in a pool) share their scores; a new step costs its own tokens, since the
engine's prefix cache holds what came before.

vLLM returns logits for the uncached tail only. A mark that lies in the cached part
was computed before and is normally remembered here; where it is not (evicted, or
in flight under another request) the input is run again without the cache, rather
than guessed.
"""

from __future__ import annotations

import asyncio
import hashlib
from array import array
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from ttsgrid.engines.base import PrmEngine
from ttsgrid.errors import ScoringError
from ttsgrid.policies import Tokenizer
from ttsgrid.prms import PrmFormat, score_from_logits
from ttsgrid.records import Usage

REMEMBERED_STEPS = 1_000_000


@dataclass(frozen=True)
class ScoredSteps:
    """Scores in step order, each in [0, 1], and what they cost."""

    scores: tuple[float, ...]
    usage: Usage


class StepScorer:
    """Scores the steps of solutions with one PRM, incrementally."""

    def __init__(self, engine: PrmEngine, format: PrmFormat, tokenizer: Tokenizer) -> None:
        self._engine = engine
        self._format = format
        self._tokenizer = tokenizer
        self._known: OrderedDict[bytes, float] = OrderedDict()
        self._pending: dict[bytes, asyncio.Event] = {}

    async def score(self, question: str, steps: Sequence[str]) -> ScoredSteps:
        """Score every step of a (partial) solution.

        Raises:
            ScoringError: there are no steps, or the format cannot mark them.
        """
        if not steps:
            raise ScoringError("a solution without steps has no score")
        encoded = self._format.encode_open(self._tokenizer, question, steps)
        ids = tuple(encoded.ids)
        keys = prefix_keys(ids, encoded.positions)
        await self._wait_for_twin(keys[-1])
        known = [self._known.get(key) for key in keys]
        if all(score is not None for score in known):
            return ScoredSteps(_complete(known), Usage(len(ids), len(ids), 0))
        self._pending[keys[-1]] = asyncio.Event()
        try:
            start = await self._compute(ids, encoded.positions, keys)
        finally:
            self._pending.pop(keys[-1]).set()
        scores = _complete([self._known.get(key) for key in keys])
        return ScoredSteps(scores, Usage(len(ids), start, 0))

    async def _wait_for_twin(self, key: bytes) -> None:
        """Wait while an equal input is being computed; its scores then serve both."""
        while (twin := self._pending.get(key)) is not None:
            await twin.wait()

    async def _compute(
        self, ids: tuple[int, ...], positions: Sequence[int], keys: Sequence[bytes]
    ) -> int:
        """Compute and remember the missing scores; return how many tokens were cached."""
        logits = await self._engine.token_logits(ids, read_cache=True)
        in_cache = [k for p, k in zip(positions, keys, strict=True) if p < logits.start]
        if any(key not in self._known for key in in_cache):
            logits = await self._engine.token_logits(ids, read_cache=False)
        for position, key in zip(positions, keys, strict=True):
            if position >= logits.start:
                negative, positive = logits.rows[position - logits.start]
                self._remember(key, score_from_logits(positive, negative))
        return logits.start

    def _remember(self, key: bytes, score: float) -> None:
        self._known[key] = score
        if len(self._known) > REMEMBERED_STEPS:
            self._known.popitem(last=False)


def prefix_keys(ids: Sequence[int], positions: Sequence[int]) -> list[bytes]:
    """Hash the ids up to and including each position (ascending), in one pass."""
    digest, keys, done = hashlib.blake2b(digest_size=16), [], 0
    for position in positions:
        digest.update(array("q", ids[done : position + 1]).tobytes())
        keys.append(digest.digest())
        done = position + 1
    return keys


def _complete(scores: Sequence[float | None]) -> tuple[float, ...]:
    found = tuple(score for score in scores if score is not None)
    if len(found) != len(scores):
        raise ScoringError(f"{len(scores) - len(found)} of {len(scores)} step scores are missing")
    return found
