"""Sampling a pool from an engine that speaks text: `ttsgrid.strategies.sampling` without ids.

Samples and seeds are those of the other way, so that a pool is a pool whoever answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from ttsgrid.core.units import SampleBlock
from ttsgrid.engines.text import TextEngine, TextGeneration, TextRequest, Turn
from ttsgrid.strategies.sampling import sample_seed


@dataclass(frozen=True)
class TextSample:
    """One sampled answer, not yet graded."""

    index: int
    seed: int
    generation: TextGeneration


async def ask_block(
    engine: TextEngine, turns: Sequence[Turn], block: SampleBlock, stop: tuple[str, ...] = ()
) -> list[TextSample]:
    """Sample a block's solutions, all at once; the engine keeps to its own limits.

    Raises:
        EngineError: a request failed; the block fails as a whole.
        EndpointDownError: nothing more can be had.
    """
    return list(
        await asyncio.gather(
            *(
                _sample(engine, turns, block, stop, index)
                for index in range(block.start, block.stop)
            )
        )
    )


async def _sample(
    engine: TextEngine,
    turns: Sequence[Turn],
    block: SampleBlock,
    stop: tuple[str, ...],
    index: int,
) -> TextSample:
    seed = sample_seed(block.family, index)
    request = TextRequest(
        turns=tuple(turns),
        temperature=block.sampling.temperature,
        top_p=block.sampling.top_p,
        max_tokens=block.sampling.max_tokens,
        seed=seed,
        stop=stop,
        top_k=block.sampling.top_k,
    )
    return TextSample(index, seed, await engine.write(request))
