"""Let policies solve problems, and choose what the PRM learns from."""

from __future__ import annotations

import random
from collections.abc import Sequence

from transformers import PreTrainedTokenizerFast

from ttsgrid.smollm2.family import RolloutSpec
from ttsgrid.smollm2.policies import prompt_ids
from ttsgrid.smollm2.problems import WordProblem
from ttsgrid.smollm2.sampling import Sampler
from ttsgrid.smollm2.solutions import Solution, by_problem, is_correct


def solve(
    name: str,
    problems: Sequence[WordProblem],
    tokenizer: PreTrainedTokenizerFast,
    sampler: Sampler,
    num_samples: int,
    temperature: float,
    max_tokens: int,
    first: int = 0,
    shown: Sequence[WordProblem] = (),
) -> list[Solution]:
    """Let one policy solve each problem a few times; samples of a problem are neighbours.

    `first` is the first problem's place among all; `shown` are examples in every prompt.
    """
    prompts = [prompt_ids(tokenizer, problem.question, shown) for problem in problems]
    repeated = [prompt for prompt in prompts for _ in range(num_samples)]
    texts = [tokenizer.decode(ids) for ids in sampler.sample(repeated, temperature, max_tokens)]
    return [
        Solution(
            first + i // num_samples,
            name,
            text,
            is_correct(text, problems[i // num_samples].answer),
        )
        for i, text in enumerate(texts)
    ]


def chosen_for_prm(
    solutions: Sequence[Solution], problems: Sequence[WordProblem], spec: RolloutSpec
) -> list[Solution]:
    """Return right and wrong solutions of the same problems, few of each.

    A problem with one kind alone teaches which problems are hard, which ranks nothing within
    a problem; it is left out unless reference solutions stand in for the right ones.
    """
    rng = random.Random(f"ttsgrid-smollm2-chosen-{spec.seed}")
    chosen: list[Solution] = []
    for index, group in sorted(by_problem(solutions).items()):
        unique = list({one.text: one for one in group if one.steps}.values())
        rng.shuffle(unique)
        right = [one for one in unique if one.correct][: spec.num_right]
        wrong = [one for one in unique if not one.correct]
        if not right and spec.use_references:
            right = [Solution(index, "reference", problems[index].solution, correct=True)]
            wrong = wrong[:1]
        if right and wrong:
            chosen += right + wrong[: spec.num_wrong]
    return chosen
