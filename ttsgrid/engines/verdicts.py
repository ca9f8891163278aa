"""Scores from verdicts that a model writes: it reasons, then the verdict's token is read.

The model continues the prompt up to the format's `lead` text. What it wrote is then encoded
anew up to the end of that text, and the log-probabilities of both verdicts are read in the
place of the next token. A text that never comes to its lead has no verdict; a solution
none of whose texts has one stays without a score.

The seeds follow from the prompt, so that a solution's verdicts are the same whatever else is
scored beside it. What was scored is remembered.
"""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add

from ttsgrid.core.errors import ScoringError, UnreadableError
from ttsgrid.core.identity import derive_seed
from ttsgrid.core.price import distinct, prefixes_of
from ttsgrid.core.records import Usage
from ttsgrid.engines.base import GenerationRequest, PolicyEngine
from ttsgrid.engines.scoring import NO_STEPS, ScoredSteps, prefix_keys, too_long
from ttsgrid.models import DecodingTokenizer
from ttsgrid.models.prms import VerifierFormat, score_from_logits

REMEMBERED_SOLUTIONS = 100_000


@dataclass(frozen=True)
class _Verdict:
    """One verdict: its probability, None where the text came to none, and what it took."""

    probability: float | None
    ids: tuple[int, ...]
    usage: Usage


class VerdictScorer:
    """Scores solutions by verdicts that are written, as `StepScorer` scores steps."""

    def __init__(
        self, engine: PolicyEngine, format: VerifierFormat, tokenizer: DecodingTokenizer
    ) -> None:
        self._engine = engine
        self._format = format
        self._tokenizer = tokenizer
        positive, negative = format.marker_ids(tokenizer)
        self._labels = (negative, positive)
        self._known: OrderedDict[bytes, asyncio.Task[ScoredSteps]] = OrderedDict()

    async def score(self, question: str, steps: Sequence[str]) -> ScoredSteps:
        """Score a (partial) solution as a whole.

        Raises:
            ScoringError: the engine can't read the verdicts' tokens.
            EngineError: the engine could not answer.
        """
        if not steps:
            return ScoredSteps((), Usage(), unscored=NO_STEPS)
        try:
            encoded = self._format.encode_open(self._tokenizer, question, steps)
        except UnreadableError as error:
            return ScoredSteps((), Usage(), unscored=str(error))
        ids = tuple(encoded.ids)
        room = self._engine.max_input_tokens - self._format.max_tokens
        if len(ids) > room:
            return ScoredSteps((), Usage(), unscored=too_long(len(ids), max(room, 0)))
        return await self._remembered(ids)

    async def _remembered(self, ids: tuple[int, ...]) -> ScoredSteps:
        (key,) = prefix_keys(ids, [len(ids) - 1])
        if known := self._known.get(key):
            self._known.move_to_end(key)
            scored = await asyncio.shield(known)
            tokens = scored.input_tokens
            return replace(scored, usage=Usage(tokens, tokens, 0))
        task = asyncio.create_task(self._judged(ids, key))
        self._known[key] = task
        task.add_done_callback(lambda done: self._settle(key, done))
        return await asyncio.shield(task)

    def _settle(self, key: bytes, done: asyncio.Task[ScoredSteps]) -> None:
        if done.cancelled() or done.exception() is not None:
            self._known.pop(key, None)  # who asks next tries anew
        while len(self._known) > REMEMBERED_SOLUTIONS:
            self._known.popitem(last=False)

    async def _judged(self, ids: tuple[int, ...], key: bytes) -> ScoredSteps:
        """Write and read all verdicts, side by side."""
        seeds = [derive_seed("verdict", key.hex(), index) for index in range(self._format.verdicts)]
        verdicts = await asyncio.gather(*(self._verdict(ids, seed) for seed in seeds))
        usage = reduce(add, (verdict.usage for verdict in verdicts), Usage())
        found = [v.probability for v in verdicts if v.probability is not None]
        if not found:
            reason = f"no verdict in {self._format.max_tokens:,} tokens (prms' format.max_tokens)"
            return ScoredSteps((), usage, unscored=reason)
        block_tokens = self._engine.block_tokens
        return ScoredSteps(
            (math.fsum(found) / len(found),),
            usage,
            None,
            sum(len(verdict.ids) for verdict in verdicts),
            distinct(prefixes_of(verdict.ids, block_tokens) for verdict in verdicts),
            block_tokens,
            whole=True,
        )

    async def _verdict(self, ids: tuple[int, ...], seed: int) -> _Verdict:
        lead = self._format.lead
        written = await self._engine.generate(
            GenerationRequest(
                ids, self._format.temperature, 1.0, self._format.max_tokens, seed, stop=(lead,)
            )
        )
        text = self._tokenizer.decode(list(written.token_ids), skip_special_tokens=False)
        before, reached, _ = text.partition(lead)
        if not reached:
            return _Verdict(None, ids + written.token_ids, written.usage)
        reasoning = self._tokenizer.encode(before + lead, add_special_tokens=False)
        judged = ids + tuple(reasoning)
        read = await self._engine.generate(
            GenerationRequest(judged, 0.0, 1.0, 1, seed, read_tokens=self._labels)
        )
        if len(read.read) != len(self._labels):
            raise ScoringError(
                f"{self._format.name}: this engine can't read the probabilities of tokens; take "
                "engine.kind=vllm or transformers"
            )
        negative, positive = read.read
        probability = score_from_logits(positive, negative)
        return _Verdict(probability, judged, written.usage + read.usage)
