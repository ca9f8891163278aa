"""Step labels for the PRM, of three kinds, none of which needs a stronger model.

`outcome`: all steps of a solution are as good as its answer; to a model that learns
probabilities this is one completion of each of its prefixes. `monte_carlo`: a step of a wrong
solution is good while some completion from it reaches the answer (Wang et al. 2024,
arXiv 2312.08935); the first bad step is found by halving (Luo et al. 2024, arXiv 2406.06592).
`arithmetic`: from the first step on that states a wrong equation, none is good.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from operator import and_

from transformers import PreTrainedTokenizerFast

from ttsgrid.smollm2.arithmetic import contradicted
from ttsgrid.smollm2.family import RolloutSpec
from ttsgrid.smollm2.policies import prompt_ids
from ttsgrid.smollm2.problems import SEPARATOR, WordProblem
from ttsgrid.smollm2.sampling import Ids, Sampler
from ttsgrid.smollm2.solutions import Solution, is_correct

OUTCOME, MONTE_CARLO, ARITHMETIC = "outcome", "monte_carlo", "arithmetic"


def of_kind(kind: str, solution: Solution, completed: Solution | None = None) -> Solution:
    """Label a solution as a kind says, e.g. `monte_carlo+arithmetic`.

    Args:
        kind: one kind, or two joined by `+`.
        solution: with or without labels.
        completed: the same, labelled by Monte Carlo; None for a right one, whose completion
            is itself.
    """
    base, _, _ = kind.partition("+")
    if base == MONTE_CARLO:
        found = completed or by_outcome(solution)
    elif base == OUTCOME:
        found = by_outcome(solution)
    else:
        found = solution.labelled([True] * len(solution.steps), "none")
    return with_arithmetic(found) if ARITHMETIC in kind.split("+") else found


def by_outcome(solution: Solution) -> Solution:
    """Label all steps by the answer."""
    return solution.labelled([solution.correct] * len(solution.steps), "outcome")


def with_arithmetic(solution: Solution) -> Solution:
    """Return a labelled solution whose steps are bad from its first wrong equation on."""
    sound = accumulate((not contradicted(step) for step in solution.steps), and_)
    labels = [good and fits for good, fits in zip(solution.labels, sound, strict=True)]
    return solution.labelled(labels, f"{solution.labelled_by}+arithmetic")


def by_monte_carlo(
    solutions: Sequence[Solution],
    problems: Sequence[WordProblem],
    tokenizer: PreTrainedTokenizerFast,
    sampler: Sampler,
    spec: RolloutSpec,
) -> list[Solution]:
    """Label wrong solutions by completing them; right ones are right throughout.

    The halvings of all solutions go on side by side, so that a sampler has many prompts.
    """
    # The first bad step lies in [low, high]; the last step states the wrong answer.
    bounds = {
        index: (0, len(solution.steps) - 1)
        for index, solution in enumerate(solutions)
        if not solution.correct
    }
    while halved := {
        index: (low + high) // 2 for index, (low, high) in bounds.items() if low < high
    }:
        prompts = [
            _prefix(tokenizer, problems, solutions[index], middle)
            for index, middle in halved.items()
            for _ in range(spec.num_completions)
        ]
        texts = iter(sampler.sample(prompts, spec.temperature, spec.max_tokens))
        for index, middle in halved.items():
            answer = problems[solutions[index].problem].answer
            written = [tokenizer.decode(next(texts)) for _ in range(spec.num_completions)]
            low, high = bounds[index]
            reached = any(is_correct(text, answer) for text in written)
            bounds[index] = (middle + 1, high) if reached else (low, middle)
    return [
        by_outcome(solution)
        if solution.correct
        else solution.labelled(
            (step < bounds[index][0] for step in range(len(solution.steps))), "monte_carlo"
        )
        for index, solution in enumerate(solutions)
    ]


def _prefix(
    tokenizer: PreTrainedTokenizerFast,
    problems: Sequence[WordProblem],
    solution: Solution,
    last_step: int,
) -> Ids:
    """Return the ids of a prompt and of a solution's steps up to one of them."""
    text = "".join(step + SEPARATOR for step in solution.steps[: last_step + 1])
    prompt = prompt_ids(tokenizer, problems[solution.problem].question)
    return [*prompt, *tokenizer.encode(text, add_special_tokens=False)]
