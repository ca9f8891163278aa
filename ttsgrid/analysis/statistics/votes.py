"""Any vote of the catalogue at budget k, by the estimator that its weights allow.

The heaviest of k is exact (`rank`); a sum of weights is counted over shared subsets
(`vote_at_k`); a vote that says for itself who wins is held in as many subsets, one by one,
which takes about 10 microseconds each.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ttsgrid.analysis.statistics.estimators import (
    SEED,
    Estimate,
    Ranking,
    rank_groups,
    vote_at_k,
)
from ttsgrid.analysis.statistics.subsets import SubsetPlan
from ttsgrid.core.voting import NO_ANSWER, Bools, Combine, Floats, Ints, Vote

Choose = Callable[[Ints, Floats], int]


def elected_at_k(
    vote: Vote,
    k: int,
    classes: Ints,
    correct: Bools,
    scores: Floats,
    *,
    group: int = 1,
    ranking: Ranking | None = None,
) -> Estimate:
    """Return how often a vote of k samples, or of k groups of them, elects a right answer.

    Args:
        vote: any that reads scores.
        k: the budget.
        classes: answer classes, `NO_ANSWER` for none; shape (P, n).
        correct: verdicts, shape (P, n).
        scores: shape (W, P, n).
        group: samples that are drawn together and lie side by side; k counts groups.
        ranking: by the scores themselves, where it is there already.

    Returns:
        Shape (W, P).

    Raises:
        ValueError: k is not in 1..n / group, or an answered sample's score is NaN.
    """
    if vote.choose is not None:
        return _chosen_at_k(vote.choose, k, classes, correct, scores, group)
    if vote.combine is Combine.SUM:
        return vote_at_k(classes, correct, k, vote.weights(scores), group=group)
    if ranking is None or vote.weight is not None:
        ranking = rank_groups(vote.weights(scores), correct, classes, group)
    return ranking.best_of(k)


def _chosen_at_k(
    choose: Choose, k: int, classes: Ints, correct: Bools, scores: Floats, group: int
) -> Estimate:
    num_pools, n = classes.shape
    if not 1 <= k <= n // group:
        raise ValueError(f"a pool of {n // group} samples says nothing of budget {k}")
    plan = SubsetPlan.make(num_pools, n // group, k, SEED, group)
    drawn = np.random.default_rng([SEED, n, k]).permuted(plan.subsets(slice(0, num_pools)), axis=0)
    right = np.zeros((len(scores), *drawn.shape[1:]))
    for pool, *election in np.ndindex(*drawn.shape[1:]):
        members = drawn[(slice(None), pool, *election)]
        voters = members[classes[pool, members] != NO_ANSWER]
        for w in range(len(scores) if voters.size else 0):
            winner = voters[choose(classes[pool, voters], scores[w, pool, voters])]
            right[(w, pool, *election)] = correct[pool, winner]
    replicates = right.mean(axis=-1)
    errors = np.stack([plan.standard_error(of_one) for of_one in replicates])
    return Estimate(replicates.mean(axis=-1), errors)
