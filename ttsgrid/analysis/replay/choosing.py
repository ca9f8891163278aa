"""A rule's parameter, chosen on other problems than it is scored on.

A lower confidence costs less and loses more, so the most accurate parameter is the one that
never stops. Chosen is therefore the cheapest whose accuracy is at most `SLACK` below that
of the best. As for cells, choosing and reporting are cross-fitted
(`ttsgrid.analysis.statistics.crossfit`): no problem has a say in the parameter that it is
scored with, over many splits, so what is reported holds for new problems.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ttsgrid.analysis.replay.means import Means, combined
from ttsgrid.analysis.replay.rules import OPTION, RuleAt
from ttsgrid.analysis.statistics.crossfit import weights_held_out
from ttsgrid.core.errors import StoreError
from ttsgrid.core.voting import Floats

SLACK = 0.005  # half a point of accuracy is what a saving may cost
MIN_CHOOSING = 2  # problems


@dataclass(frozen=True)
class Chosen:
    """A rule with the parameter that was chosen for each problem.

    Attributes:
        means: of what serves each problem, averaged over splits.
        usual: the label of the candidate that serves most problems.
        share: of the problems that it serves.
    """

    means: Means
    usual: str
    share: float


def chosen(
    rule: RuleAt,
    candidates: Sequence[Means],
    among: Sequence[RuleAt] = (),
    smaller_weight: float = 0.0,
) -> Chosen:
    """Choose among candidates, given what each does on every problem.

    Args:
        rule: whose parameter is to be chosen, or given.
        candidates: one for each rule that it is chosen from.
        among: those rules; without any `rule.candidates()`.
        smaller_weight: what a token of a smaller policy costs in tokens of the larger.

    Raises:
        StoreError: there are too few problems to choose on some and report on others.
    """
    labels = [candidate.label for candidate in among or rule.candidates()]
    if len(candidates) == 1:
        return Chosen(candidates[0], labels[0], 1.0)
    num_problems = len(candidates[0].accuracy)
    if num_problems < MIN_CHOOSING:
        raise StoreError(
            f"{OPTION}: {rule.label} needs {MIN_CHOOSING} problems to choose on; "
            f"give the number instead, e.g. {OPTION} {labels[len(labels) // 2]}"
        )
    costs = [_tokens(means, smaller_weight) for means in candidates]
    by_cost = sorted(range(len(labels)), key=costs.__getitem__)
    in_order = [candidates[i] for i in by_cost]
    undivided = np.zeros(num_problems, object)
    accuracies = np.stack([means.accuracy for means in in_order])
    weights = weights_held_out(accuracies, undivided, slack=SLACK)
    serving = weights.mean(axis=1)
    most = int(serving.argmax())
    return Chosen(_weighted(in_order, weights), labels[by_cost[most]], float(serving[most]))


def _tokens(means: Means, smaller_weight: float) -> float:
    smaller = means.smaller_tokens.mean() if means.smaller_tokens.size else 0.0
    return float(means.generated_tokens.mean() + smaller_weight * smaller)


def _weighted(candidates: Sequence[Means], weights: Floats) -> Means:
    """Means under weights of shape (C, P).

    Candidates share their orders, so their Monte Carlo errors are added, not their squares.
    """
    return combined(candidates, lambda columns: np.asarray((weights * np.stack(columns)).sum(0)))
