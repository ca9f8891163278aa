"""Monte Carlo step labels as Math-Shepherd makes them: can the completer still reach the answer?

"Hard estimation" (Wang et al. 2024, arXiv 2312.08935): a step is good when any of a few
completions from it ends in the right answer. No step is checked against the reference
solution. A solution that is right is itself such a completion of each of its steps; in
one that is wrong the first bad step is found by halving (Luo et al. 2024, arXiv
2406.06592), since what follows it stays bad. Completions run on the sweep's own engine,
five times as fast as on transformers here (measured).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from transformers import PreTrainedTokenizerFast

from ttsgrid.benchmarks.zoo.task import STEP_SEPARATOR
from ttsgrid.core.identity import derive_seed
from ttsgrid.engines import EngineSpec, GenerationRequest, PolicyEngine
from ttsgrid.zoo.policies import prompt_of
from ttsgrid.zoo.rollouts import MAX_NEW_TOKENS, Rollout, is_correct

MAX_MODEL_LEN = 512  # of positions, which the policies are built for


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
        num_completions: sampled at temperature 1 after a step.
        use_gpu: run the engine on a GPU.

    Returns:
        For each solution, one label per step.
    """
    from ttsgrid.engines.vllm_engine import VllmPolicyEngine  # noqa: PLC0415 (seconds to import)

    spec = EngineSpec(
        kind="vllm",
        role="policy",
        name=completer.name,
        source=str(completer),
        dtype="float32",
        num_gpus=int(use_gpu),
        own_process=use_gpu,
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
    """Label one solution's steps: good up to the first from which no completion gets there."""
    num_steps = len(rollout.steps)
    if rollout.correct:
        return (True,) * num_steps
    low, high = 0, num_steps - 1  # the first bad step lies here; the last states the answer
    while low < high:
        middle = (low + high) // 2
        text = prompt_of(rollout.recipe, tokenizer)
        text += "".join(step + STEP_SEPARATOR for step in rollout.steps[: middle + 1])
        if await _reaches_the_answer(engine, tokenizer, rollout, text, num_completions):
            low = middle + 1
        else:
            high = middle
    return tuple(index < low for index in range(num_steps))


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
