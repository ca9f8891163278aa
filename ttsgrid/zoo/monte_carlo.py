"""Monte Carlo step labels as Math-Shepherd makes them: can the completer still get there?

"Hard estimation" (Wang et al. 2024, arXiv 2312.08935): a step is good when any of a few
completions from it ends in the right answer. No step is checked against the reference
solution. Completions are many and short and share prefixes, so they run on the sweep's
own engine: five times as fast as transformers here (measured).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

from transformers import PreTrainedTokenizerFast

from ttsgrid.engines import EngineSpec, GenerationRequest, PolicyEngine
from ttsgrid.identity import derive_seed
from ttsgrid.zoo.policies import prompt_of
from ttsgrid.zoo.rollouts import MAX_NEW_TOKENS, Rollout, is_correct
from ttsgrid.zoo.task import STEP_SEPARATOR

MAX_MODEL_LEN = 512


async def monte_carlo_labels(
    completer: Path,
    tokenizer: PreTrainedTokenizerFast,
    rollouts: Sequence[Rollout],
    num_completions: int,
    *,
    use_gpu: bool = False,
) -> list[tuple[bool, ...]]:
    """Label every step of solutions by completing them.

    Args:
        completer: folder of the policy that completes.
        tokenizer: its tokenizer.
        rollouts: the solutions.
        num_completions: sampled at temperature 1 after each step but the last.
        use_gpu: run the engine on a GPU.

    Returns:
        For each solution a label a step.
    """
    from ttsgrid.engines.vllm_engine import VllmPolicyEngine  # noqa: PLC0415 (seconds to import)

    spec = EngineSpec(
        kind="vllm",
        role="policy",
        name=completer.name,
        source=str(completer),
        dtype="float32",
        num_gpus=int(use_gpu),
        max_model_len=MAX_MODEL_LEN,
        max_num_seqs=512,
    )
    engine = VllmPolicyEngine(spec)
    try:
        return await asyncio.gather(
            *(label_steps_of(engine, tokenizer, rollout, num_completions) for rollout in rollouts)
        )
    finally:
        engine.close()


async def label_steps_of(
    engine: PolicyEngine,
    tokenizer: PreTrainedTokenizerFast,
    rollout: Rollout,
    num_completions: int,
) -> tuple[bool, ...]:
    """Label one solution's steps."""
    reached = await asyncio.gather(
        *(
            _reaches_the_answer(engine, tokenizer, rollout, text, num_completions)
            for text in _unfinished(rollout, tokenizer)
        )
    )
    # The last step already holds the answer: nothing is left to complete.
    return (*reached, rollout.correct)


def _unfinished(rollout: Rollout, tokenizer: PreTrainedTokenizerFast) -> Iterator[str]:
    """Yield the prompt with ever more of the solution's steps, all but the last."""
    text = prompt_of(rollout.recipe, tokenizer)
    for step in rollout.steps[:-1]:
        text += step + STEP_SEPARATOR
        yield text


async def _reaches_the_answer(
    engine: PolicyEngine,
    tokenizer: PreTrainedTokenizerFast,
    rollout: Rollout,
    text: str,
    num_completions: int,
) -> bool:
    ids = tuple(tokenizer(text, add_special_tokens=False).input_ids)
    completions = await asyncio.gather(
        *(
            engine.generate(
                GenerationRequest(ids, 1.0, 1.0, MAX_NEW_TOKENS, derive_seed(text, str(index)))
            )
            for index in range(num_completions)
        )
    )
    written = (tokenizer.decode(completion.token_ids) for completion in completions)
    return any(is_correct(rollout.recipe, continuation) for continuation in written)
