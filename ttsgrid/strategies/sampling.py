"""Sampling a pool: the one strategy behind CoT, majority voting, best-of-N and pass@k.

Samples of a block are independent requests, each with a seed derived from its pool
and its index alone: which block or replica a sample ran in changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from ttsgrid.core.identity import derive_seed
from ttsgrid.core.records import FinishReason, Usage
from ttsgrid.core.units import SampleBlock
from ttsgrid.engines.base import Generation, GenerationRequest, PolicyEngine

NEVER_BEGUN = Generation((), FinishReason.PROMPT_TOO_LONG, None, Usage())


@dataclass(frozen=True)
class Sample:
    """One sampled solution, not yet decoded or graded."""

    index: int
    seed: int
    generation: Generation


def sample_seed(family: str, index: int) -> int:
    """Return the seed of one sample of a pool."""
    return derive_seed(family, index)


async def sample_block(
    engine: PolicyEngine,
    prompt_ids: Sequence[int],
    block: SampleBlock,
    stop: tuple[str, ...] = (),
) -> list[Sample]:
    """Sample a block's solutions, all at once; the engine batches them.

    A prompt that the engine can't continue is asked of nobody: none of its samples is begun.

    Raises:
        EngineError: a request failed; the block fails as a whole.
    """
    return list(
        await asyncio.gather(
            *(
                _sample(engine, prompt_ids, block, stop, index)
                for index in range(block.start, block.stop)
            )
        )
    )


async def _sample(
    engine: PolicyEngine,
    prompt_ids: Sequence[int],
    block: SampleBlock,
    stop: tuple[str, ...],
    index: int,
) -> Sample:
    seed = sample_seed(block.family, index)
    if len(prompt_ids) > engine.max_input_tokens:
        return Sample(index, seed, NEVER_BEGUN)
    request = GenerationRequest(
        prompt_ids=tuple(prompt_ids),
        temperature=block.sampling.temperature,
        top_p=block.sampling.top_p,
        max_tokens=block.sampling.max_tokens,
        seed=seed,
        stop=stop,
        top_k=block.sampling.top_k,
    )
    return Sample(index, seed, await engine.generate(request))
