"""A fake engine for tests of scheduling and faults; never what a user gets.

It answers after a set delay with text derived from the prompt and the seed alone, so
that runs are reproducible whatever the order. It can be told to die, to fail a
share of its requests, or to start slowly.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import random

from transformers import AutoTokenizer

from ttsgrid.engines.base import EngineStats, Generation, GenerationRequest, TokenLogits
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.errors import EngineError, WorkerStartError
from ttsgrid.records import FinishReason, Usage


class _FakeEngine:
    def __init__(self, spec: EngineSpec) -> None:
        self._options = spec.fake
        self._requests = 0
        self._generated = 0
        self._computed = 0
        if self._options.get("fail_start"):
            raise WorkerStartError(f"{spec.name}: the fake engine was told not to start")

    async def _take_a_turn(self) -> None:
        self._requests += 1
        if self._requests == self._options.get("die_at_request"):
            os._exit(1)
        await asyncio.sleep(self._options.get("delay_s", 0.0))

    def stats(self) -> EngineStats:
        """Return the counters so far."""
        return EngineStats(self._generated, self._computed, self._requests)

    def close(self) -> None:
        """Nothing to free."""


class FakePolicyEngine(_FakeEngine):
    """Writes a few steps and a boxed number."""

    def __init__(self, spec: EngineSpec) -> None:
        super().__init__(spec)
        self._tokenizer = AutoTokenizer.from_pretrained(spec.source)

    async def generate(self, request: GenerationRequest) -> Generation:
        """Answer with text that the prompt and the seed determine."""
        await self._take_a_turn()
        seed = request.seed if request.temperature > 0 else 0
        rng = random.Random(f"{seed}-{request.prompt_ids}")
        if rng.random() < self._options.get("error_rate", 0.0):
            raise EngineError("the fake engine was told to fail this request")
        text = f"1 + {rng.randrange(40)} = {rng.randrange(40)}\n\n"
        if not request.stop:
            text += f"The answer is \\boxed{{{rng.randrange(4)}}}."
        ids = self._tokenizer(text, add_special_tokens=False).input_ids[: request.max_tokens]
        self._generated += len(ids)
        stopped_by = request.stop[0] if request.stop else None
        usage = Usage(len(request.prompt_ids), 0, len(ids))
        return Generation(tuple(ids), FinishReason.STOP, stopped_by, usage)


class FakePrmEngine(_FakeEngine):
    """Gives each token logits that its prefix determines."""

    async def token_logits(self, ids: tuple[int, ...], *, read_cache: bool) -> TokenLogits:
        """Answer with a row a token; nothing is ever cached."""
        await self._take_a_turn()
        self._computed += len(ids)
        return TokenLogits(0, tuple((0.0, _logit(ids[: end + 1])) for end in range(len(ids))))


def _logit(prefix: tuple[int, ...]) -> float:
    digest = hashlib.blake2b(str(prefix).encode(), digest_size=2).digest()
    return int.from_bytes(digest, "big") / 8192 - 4.0


async def start_engine(spec: EngineSpec) -> FakePolicyEngine | FakePrmEngine:
    """Start a fake engine after the delay it was told."""
    await asyncio.sleep(spec.fake.get("start_s", 0.0))
    return FakePolicyEngine(spec) if spec.role == "policy" else FakePrmEngine(spec)
