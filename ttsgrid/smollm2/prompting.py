"""What a prompt alone does: the untrained model asked plainly, and with worked examples.

The examples are problems of the training file with their solutions in the task's form, asked
and answered as earlier turns of the conversation. Which ones is settled by a hash of the
question, not by what they bring. The test problems are those of a sweep's store, so that
every figure stands beside what the trained policy did with the same problems.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from transformers import PreTrainedTokenizerFast

from ttsgrid.analysis.statistics.estimators import any_correct
from ttsgrid.smollm2.family import RolloutSpec
from ttsgrid.smollm2.measure import Pools, paired_difference, policy_figures
from ttsgrid.smollm2.of_store import PolicySolutions
from ttsgrid.smollm2.problems import WordProblem
from ttsgrid.smollm2.rollouts import solve
from ttsgrid.smollm2.sampling import Sampler
from ttsgrid.smollm2.solutions import Solution, read_solutions, write_solutions

NUM_EXAMPLES = {"plain": 0, "few_shot": 4}


def examples_shown(name: str, problems: Sequence[WordProblem]) -> list[WordProblem]:
    """Return the worked examples of a kind of prompt, in their order."""
    by_hash = sorted(problems, key=lambda p: hashlib.sha256(p.question.encode()).digest())
    return by_hash[: NUM_EXAMPLES[name]]


def prompt_figures(
    name: str,
    trained: PolicySolutions,
    train: Sequence[WordProblem],
    tokenizer: PreTrainedTokenizerFast,
    sampler: Sampler,
    kept: Path,
    num_samples: int | None = None,
) -> dict[str, Any]:
    """Measure the untrained model under one kind of prompt, beside the trained policy.

    Args:
        name: of `NUM_EXAMPLES`.
        trained: what the trained policy did with the same problems.
        train: problems to take examples from.
        tokenizer: of the untrained model.
        sampler: likewise.
        kept: folder where solutions are kept, so that a second run only counts them.
        num_samples: of each problem; None for as many as the trained policy took.
    """
    shown, size = examples_shown(name, train), num_samples or trained.pools.correct.shape[1]
    asked = hashlib.sha256("".join(p.question for p in trained.problems).encode()).hexdigest()

    def solved(kind: str, count: int, temperature: float) -> list[Solution]:
        file = kept / f"{name}-{kind}-{count}-{asked[:12]}.jsonl"
        if not file.is_file():
            arguments = (sampler, count, temperature, RolloutSpec().max_tokens)
            done = solve(name, trained.problems, tokenizer, *arguments, shown=shown)
            kept.mkdir(parents=True, exist_ok=True)
            write_solutions(done, file)
        return read_solutions(file)

    greedy, pool = solved("greedy", 1, 0.0), solved("pool", size, RolloutSpec().temperature)
    apart = {"num_examples": len(shown), "trained_less_prompt": _apart(trained, greedy, pool)}
    return policy_figures(Pools.of(pool), greedy) | apart


def _apart(
    trained: PolicySolutions, greedy: Sequence[Solution], pool: Sequence[Solution]
) -> dict[str, dict[str, float]]:
    """Return by how much the trained policy is ahead, greedily and by any of as many samples."""
    first = trained.greedy.astype(float), np.array([one.correct for one in greedy], float)
    found = trained.pools.correct, Pools.of(pool).correct
    size = min(correct.shape[1] for correct in found)
    return {
        "greedy": paired_difference(*first),
        "pass": paired_difference(*(any_correct(correct, size) for correct in found)),
    }
