"""A PRM with a custom head: a user's function loads it, this engine serves it.

The head is named by the PRM format's `engine_task`. It is a function from the engine's
spec to a reader: token ids to one (negative, positive) pair of logits per token. What it
loads, and with which library, is its own affair; a head that gives one number whose sigmoid
is the score returns (0, number). The least of it, on transformers:

    import torch
    from transformers import AutoModelForCausalLM

    def load_head(spec):
        model = AutoModelForCausalLM.from_pretrained(spec.source, revision=spec.revision)

        @torch.inference_mode()
        def read(ids):
            logits = model(torch.tensor([ids])).logits[0]
            return [(0.0, float(row.max())) for row in logits]

        return read

Inputs are read one at a time and whole: there is no prefix cache to share.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ttsgrid.core.dotted import load_named
from ttsgrid.core.errors import EngineError
from ttsgrid.engines.base import EngineStats, TokenLogits
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.models.context import own_context

Reader = Callable[[Sequence[int]], Sequence[tuple[float, float]]]
"""Token ids to one (negative, positive) pair of logits per token."""

Head = Callable[[EngineSpec], Reader]

NO_SHARING_TOKENS = 1 << 30  # no input fills a block of this size, so none is shared
_UNLIMITED = 1 << 30


class OwnHeadEngine:
    """Serves one reader."""

    def __init__(self, spec: EngineSpec, read: Reader) -> None:
        self._spec = spec
        self._read = read
        # One input at a time: a pass takes all cores already, and two take twice the memory.
        self._turn = asyncio.Lock()
        self._computed = self._requests = self._waiting = 0
        self._busy_s = 0.0

    @property
    def device(self) -> str:
        """What it was given: the reader chooses among it."""
        return "gpu" if self._spec.num_gpus else "cpu"

    @property
    def block_tokens(self) -> int:
        """Tokens of a block of the prefix cache that prices assume."""
        return NO_SHARING_TOKENS

    @property
    def max_input_tokens(self) -> int:
        """The setting, else what the checkpoint's config says, else no limit."""
        return self._spec.max_model_len or _limit_of(Path(self._spec.source))

    async def token_logits(self, ids: tuple[int, ...], *, read_cache: bool) -> TokenLogits:
        """Read `ids` in a thread, so that other requests queue meanwhile."""
        self._requests += 1
        self._waiting += 1
        try:
            async with self._turn:
                started = time.monotonic()
                rows = await asyncio.to_thread(self._read, ids)
                self._busy_s += time.monotonic() - started
        finally:
            self._waiting -= 1
        if len(rows) != len(ids):
            counted = f"{len(rows)} pairs of logits for {len(ids)} tokens"
            raise EngineError(f"{self._spec.name}: its head gave {counted}")
        self._computed += len(ids)
        return TokenLogits(0, tuple((float(low), float(high)) for low, high in rows))

    def stats(self) -> EngineStats:
        """Return the counters so far."""
        return EngineStats(0, self._computed, self._requests, self._waiting, self._busy_s)

    def close(self) -> None:
        """The reader's memory goes with the process."""


def _limit_of(folder: Path) -> int:
    file = folder / "config.json"
    config = json.loads(file.read_text()) if file.is_file() else {}
    return own_context(config) or _UNLIMITED


async def start_engine(spec: EngineSpec) -> OwnHeadEngine:
    """Load the head that the spec names."""
    head: Head = load_named(spec.head, f"prms.{spec.name}.format")
    return OwnHeadEngine(spec, await asyncio.to_thread(head, spec))
