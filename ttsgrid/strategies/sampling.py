"""Sampling a pool: the one strategy behind CoT, majority voting, best-of-N and pass@k.

Samples of a block are independent requests, each with a seed derived from its pool
and its index alone: which block or replica a sample ran in changes nothing, nor whether the
engine speaks ids or texts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ttsgrid.core.identity import derive_seed
from ttsgrid.core.records import FinishReason, Usage
from ttsgrid.core.units import SampleBlock
from ttsgrid.engines.base import Generation, GenerationRequest, PolicyEngine
from ttsgrid.engines.text import TextEngine, TextGeneration, TextRequest, Turn

Written = TypeVar("Written")
NEVER_BEGUN = Generation((), FinishReason.PROMPT_TOO_LONG, None, Usage())


@dataclass(frozen=True)
class Sample(Generic[Written]):
    """One sampled solution, as the engine gave it: not yet decoded or graded."""

    index: int
    seed: int
    generation: Written


def sample_seed(family: str, index: int) -> int:
    """Return the seed of one sample of a pool."""
    return derive_seed(family, index)


async def sample_block(
    engine: PolicyEngine,
    prompt_ids: Sequence[int],
    block: SampleBlock,
    stop: tuple[str, ...] = (),
) -> list[Sample[Generation]]:
    """Sample a block's solutions, all at once; the engine batches them.

    A prompt that the engine can't continue is asked of nobody: none of its samples is begun.

    Raises:
        EngineError: a request failed; the block fails as a whole.
    """

    async def ask(seed: int) -> Generation:
        if len(prompt_ids) > engine.max_input_tokens:
            return NEVER_BEGUN
        request = GenerationRequest(
            prompt_ids=tuple(prompt_ids),
            temperature=block.sampling.temperature,
            top_p=block.sampling.top_p,
            max_tokens=block.sampling.max_tokens,
            seed=seed,
            stop=stop,
            top_k=block.sampling.top_k,
        )
        return await engine.generate(request)

    return await _gathered(block, ask)


async def sample_texts(
    engine: TextEngine, turns: Sequence[Turn], block: SampleBlock, stop: tuple[str, ...] = ()
) -> list[Sample[TextGeneration]]:
    """Sample a block's solutions as texts, all at once; the engine keeps to its own limits.

    Raises:
        EngineError: a request failed; the block fails as a whole.
        EndpointDownError: nothing more can be had.
    """

    async def ask(seed: int) -> TextGeneration:
        request = TextRequest(
            turns=tuple(turns),
            temperature=block.sampling.temperature,
            top_p=block.sampling.top_p,
            max_tokens=block.sampling.max_tokens,
            seed=seed,
            stop=stop,
            top_k=block.sampling.top_k,
        )
        return await engine.write(request)

    return await _gathered(block, ask)


async def _gathered(
    block: SampleBlock, ask: Callable[[int], Awaitable[Written]]
) -> list[Sample[Written]]:
    async def sample(index: int) -> Sample[Written]:
        seed = sample_seed(block.family, index)
        return Sample(index, seed, await ask(seed))

    return list(await asyncio.gather(*map(sample, range(block.start, block.stop))))
