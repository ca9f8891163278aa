"""Step scores from a PRM engine, each prefix computed once.

A step's score depends on the tokens up to its mark alone, so it is remembered under
the hash of exactly those ids. Solutions that share steps (siblings in a tree, equal
samples in a pool) share their scores; a new step costs its own tokens, since the
engine's prefix cache holds what came before.

vLLM returns logits for the uncached tail only. A mark that lies in the cached part
was computed before and is normally remembered here; where it is not (evicted, or
in flight under another request) the input is run again without the cache, rather
than guessed, and both runs are charged.

An input's own scores are held while it is computed: what others evict meanwhile
can't take them away.
"""

from __future__ import annotations

import asyncio
import hashlib
from array import array
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ttsgrid.core.errors import ScoringError, UnreadableError
from ttsgrid.core.price import ID_BYTES, NO_PREFIXES, Prefixes, prefixes_of
from ttsgrid.core.records import Usage
from ttsgrid.engines.base import PrmEngine
from ttsgrid.models import Tokenizer
from ttsgrid.models.prms import PrmFormat, score_from_logits
from ttsgrid.models.remembered import RememberingTokenizer

REMEMBERED_STEPS = 1_000_000  # at some 180 bytes each
NO_STEPS = "no steps"


@dataclass(frozen=True)
class ScoredSteps:
    """Scores in step order, each in [0, 1], and what they cost.

    Attributes:
        scores: one per step; empty for a solution that the PRM can't read.
        usage: summed over the engine's runs; an input that was remembered whole counts
            as one run with every token cached. A fact of this run, not the price.
        unscored: why there are no scores, in words; None where there are.
        input_tokens: length of the PRM's input.
        prefixes: of that input, for its price.
        block_tokens: size of the blocks that the prefixes are cut into.
        whole: there is one score, of the solution and not of its steps.
    """

    scores: tuple[float, ...]
    usage: Usage
    unscored: str | None = None
    input_tokens: int = 0
    prefixes: Prefixes = NO_PREFIXES
    block_tokens: int = 0
    whole: bool = False


class StepScorer:
    """Scores the steps of solutions with one PRM, incrementally.

    Args:
        remembered_steps: how many steps' scores to keep; those unused longest go first.
    """

    def __init__(
        self,
        engine: PrmEngine,
        format: PrmFormat,
        tokenizer: Tokenizer,
        remembered_steps: int = REMEMBERED_STEPS,
    ) -> None:
        self._engine = engine
        self._format = format
        self._tokenizer = RememberingTokenizer(tokenizer)
        self._capacity = remembered_steps
        self._known: OrderedDict[bytes, float] = OrderedDict()
        self._pending: dict[bytes, asyncio.Event] = {}

    async def score(self, question: str, steps: Sequence[str]) -> ScoredSteps:
        """Score every step of a (partial) solution.

        One that the PRM can't read (too long, no steps, a mark in its text) comes back
        unscored, with the reason, and never reaches the engine.

        Raises:
            ScoringError: the PRM's output or its format does not match the steps.
            EngineError: the engine could not answer.
        """
        if not steps:
            return ScoredSteps((), Usage(), unscored=NO_STEPS)
        try:
            encoded = self._format.encode_open(self._tokenizer, question, steps)
        except UnreadableError as error:
            return ScoredSteps((), Usage(), unscored=str(error))
        expected = 1 if encoded.whole else len(steps)
        if len(encoded.positions) != expected:
            found = f"{len(encoded.positions)} positions for {expected} scores"
            raise ScoringError(f"{self._format.name}: {found}")
        ids, context = tuple(encoded.ids), self._engine.max_input_tokens
        if len(ids) > context:
            return ScoredSteps((), Usage(), unscored=too_long(len(ids), context))
        scores, usage = await self._scores(ids, encoded.positions)
        block_tokens = self._engine.block_tokens
        prefixes = prefixes_of(ids, block_tokens)
        return ScoredSteps(scores, usage, None, len(ids), prefixes, block_tokens, encoded.whole)

    async def _scores(
        self, ids: tuple[int, ...], positions: Sequence[int]
    ) -> tuple[tuple[float, ...], Usage]:
        """Return the scores at `positions`, remembered or computed, and what they cost."""
        keys = prefix_keys(ids, positions)
        await self._wait_for_twin(keys[-1])
        own = self._recall(keys)
        if all(key in own for key in keys):
            return _in_order(own, keys), Usage(len(ids), len(ids), 0)
        self._pending[keys[-1]] = asyncio.Event()
        try:
            usage = await self._compute(ids, dict(zip(keys, positions, strict=True)), own)
        finally:  # also after an error: the twin that waits then tries for itself
            self._pending.pop(keys[-1]).set()
        return _in_order(own, keys), usage

    async def _wait_for_twin(self, key: bytes) -> None:
        """Wait while an equal input is being computed; its scores then serve both."""
        while (twin := self._pending.get(key)) is not None:
            await twin.wait()

    async def _compute(
        self, ids: tuple[int, ...], marks: Mapping[bytes, int], own: dict[bytes, float]
    ) -> Usage:
        """Compute the missing scores into `own` and remember them; return what it cost.

        Args:
            ids: the whole input.
            marks: position of each step's mark by its key.
            own: the scores known before.
        """
        logits = await self._engine.token_logits(ids, read_cache=True)
        usage = Usage(len(ids), logits.start, 0)
        # Others may have computed a cached mark while this input was in line.
        own |= self._recall([key for key in marks if key not in own])
        if any(position < logits.start and key not in own for key, position in marks.items()):
            logits = await self._engine.token_logits(ids, read_cache=False)
            usage += Usage(len(ids), logits.start, 0)
        for key, position in marks.items():
            if position >= logits.start:
                negative, positive = logits.rows[position - logits.start]
                own[key] = score_from_logits(positive, negative)
                self._remember(key, own[key])
        return usage

    def _recall(self, keys: Sequence[bytes]) -> dict[bytes, float]:
        """Return the remembered scores among `keys`, and count them as used."""
        recalled = {key: self._known[key] for key in keys if key in self._known}
        for key in recalled:
            self._known.move_to_end(key)
        return recalled

    def _remember(self, key: bytes, score: float) -> None:
        self._known[key] = score
        self._known.move_to_end(key)
        if len(self._known) > self._capacity:
            self._known.popitem(last=False)


def too_long(num_tokens: int, context: int) -> str:
    """Say that an input has more tokens than the PRM's context."""
    return f"{num_tokens:,} tokens, the PRM reads {context:,} (prms' max_model_len)"


def prefix_keys(ids: Sequence[int], positions: Sequence[int]) -> list[bytes]:
    """Hash the ids up to and including each position (ascending), in one pass."""
    # 16 bytes, where a price makes do with 8: keys that collide would share a step's score.
    whole = memoryview(array("q", ids)).cast("B")
    digest, keys, done = hashlib.blake2b(digest_size=16), [], 0
    for position in positions:
        end = (position + 1) * ID_BYTES
        digest.update(whole[done:end])
        keys.append(digest.digest())
        done = end
    return keys


def _in_order(scores: Mapping[bytes, float], keys: Sequence[bytes]) -> tuple[float, ...]:
    missing = sum(key not in scores for key in keys)
    if missing:
        raise ScoringError(f"{missing} of {len(keys)} step scores are missing")
    return tuple(scores[key] for key in keys)
