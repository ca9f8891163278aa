"""What ttsgrid asks of an engine: continue token ids, or give a PRM's numbers for them.

Engines speak token ids, never text, so that BOS is added once and a search can
continue exactly what it scored. Both protocols are asynchronous: many requests
are in flight at once and the engine batches them as it likes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ttsgrid.core.records import FinishReason, Usage


@dataclass(frozen=True)
class GenerationRequest:
    """One continuation to sample.

    Attributes:
        prompt_ids: the whole context, BOS included where the model has one.
        stop: texts that end a step; kept in the output. Empty for whole solutions.
        top_k: samples from so many of the likeliest tokens; None for all.
        seed: of this request alone; engines promise reproducibility in
            distribution, not to the bit, across batch compositions.
        read_tokens: tokens whose log-probabilities in the place of the first continuation
            token are wanted; not by every engine (`Generation.read`).
    """

    prompt_ids: tuple[int, ...]
    temperature: float
    top_p: float
    max_tokens: int
    seed: int
    stop: tuple[str, ...] = ()
    top_k: int | None = None
    read_tokens: tuple[int, ...] = ()


@dataclass(frozen=True)
class Generation:
    """One sampled continuation.

    Attributes:
        token_ids: the sampled ids, the end mark included if there was one.
        finish_reason: STOP at the model's own end mark or a stop text; LENGTH
            when `max_tokens` or the context length cut it off.
        stopped_by: the stop text that ended it; None for the model's end mark.
        read: log-probabilities of the request's `read_tokens`, over the whole vocabulary and
            before any sampling setting; empty where the engine can't read them.
    """

    token_ids: tuple[int, ...]
    finish_reason: FinishReason
    stopped_by: str | None
    usage: Usage
    read: tuple[float, ...] = ()


@dataclass(frozen=True)
class TokenLogits:
    """A PRM's two logits for the last tokens of an input.

    Attributes:
        start: position of the first row; earlier tokens came from the prefix cache.
        rows: (negative, positive) logits, one pair per token from `start` on.
    """

    start: int
    rows: tuple[tuple[float, float], ...]


def as_pair(row: Sequence[float]) -> tuple[float, float]:
    """Return a token's (negative, positive) logits; one number v alone is (0, v).

    The two-class softmax of (0, v) is the sigmoid of v.
    """
    negative, positive = row if len(row) > 1 else (0.0, row[0])
    return float(negative), float(positive)


@dataclass(frozen=True)
class EngineStats:
    """Counters since the engine started; for progress lines, not for the store.

    Attributes:
        grading_s: seconds in which its worker graded; an engine itself leaves it 0.
    """

    generated_tokens: int = 0
    computed_prompt_tokens: int = 0
    requests: int = 0
    running: int = 0
    busy_s: float = 0.0
    cached_prompt_tokens: int = 0
    grading_s: float = 0.0


class Engine(Protocol):
    """What every engine has, whatever it speaks."""

    @property
    def device(self) -> str:
        """What it runs on: `cpu`, a GPU's name, or as much as is known."""
        ...

    @property
    def block_tokens(self) -> int:
        """Tokens of a block of its prefix cache: only whole blocks are shared."""
        ...

    def stats(self) -> EngineStats:
        """Return the counters so far."""
        ...

    def close(self) -> None:
        """Stop the engine and free its memory."""
        ...


class PolicyEngine(Engine, Protocol):
    """Continues token ids.

    An engine of your own is a class of one argument, the `EngineSpec`, named as
    `engine.kind: my_package.engine:Echo` (`ttsgrid.engines.start`):

        from ttsgrid.core.records import FinishReason, Usage
        from ttsgrid.engines import EngineStats, Generation

        class Echo:
            device, block_tokens, max_input_tokens = "cpu", 16, 4096

            def __init__(self, spec):
                self.spec = spec

            async def generate(self, request):
                ids = request.prompt_ids[: request.max_tokens]
                usage = Usage(len(request.prompt_ids), 0, len(ids))
                return Generation(ids, FinishReason.STOP, None, usage)

            def stats(self):
                return EngineStats()

            def close(self):
                pass
    """

    @property
    def max_input_tokens(self) -> int:
        """The longest prompt that it can continue; callers ask for no longer one."""
        ...

    async def generate(self, request: GenerationRequest) -> Generation:
        """Sample one continuation.

        Raises:
            EngineError: this request failed and the engine lives.
        """
        ...


class PrmEngine(Engine, Protocol):
    """Gives a PRM's two logits at every token of an input.

    A PRM's own engine is named as a policy's is (`PolicyEngine`), with this method for `generate`:

        from ttsgrid.engines import EngineStats, TokenLogits

        class Even:
            device, block_tokens, max_input_tokens = "cpu", 16, 4096

            def __init__(self, spec):
                self.spec = spec

            async def token_logits(self, ids, *, read_cache):
                return TokenLogits(0, tuple((0.0, 1.0 - 2 * (i % 2)) for i in ids))

            def stats(self):
                return EngineStats()

            def close(self):
                pass
    """

    @property
    def max_input_tokens(self) -> int:
        """The longest input that it reads; callers ask for no longer one."""
        ...

    async def token_logits(self, ids: tuple[int, ...], *, read_cache: bool) -> TokenLogits:
        """Run the PRM over `ids`.

        Args:
            ids: the whole input, BOS included where the model has one.
            read_cache: skip tokens whose keys and values are cached; their rows
                are then absent from the result.
        """
        ...
