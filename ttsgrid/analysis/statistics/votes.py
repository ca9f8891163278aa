"""Any vote of the catalogue at budget k, by the estimator that its weights allow.

The heaviest of k is exact (`rank`); a sum of weights is counted over shared subsets
(`votes_at_k`); a vote that says for itself who wins is held in as many subsets, one by one,
which takes about 10 microseconds each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ttsgrid.analysis.statistics.estimators import (
    SEED,
    Estimate,
    Ranking,
    rank_groups,
    votes_at_k,
)
from ttsgrid.analysis.statistics.subsets import SubsetPlan
from ttsgrid.core.voting import NO_ANSWER, Bools, Combine, Floats, Ints, Vote

Choose = Callable[[Ints, Floats], int]


def elected_at_k(
    vote: Vote,
    k: int,
    classes: Ints,
    correct: Bools,
    scores: Mapping[str, Floats],
    *,
    group: int = 1,
    rankings: Mapping[str, Ranking] | None = None,
) -> dict[str, Estimate]:
    """Return how often a vote of k samples, or of k groups of them, elects a right answer.

    Args:
        vote: any that reads scores.
        k: the budget.
        classes: answer classes, `NO_ANSWER` for none; shape (P, n).
        correct: verdicts, shape (P, n).
        scores: aggregation to scores, NaN for none, shape (P, n). A sample without a score
            is drawn like any other and can't win.
        group: samples that are drawn together and lie side by side; k counts groups.
        rankings: by the scores themselves, where they are there already.

    Returns:
        Aggregation to its estimate, shape (P,).

    Raises:
        ValueError: k is not in 1..n / group.
    """
    if vote.choose is not None:
        return {
            how: _chosen_at_k(vote.choose, k, classes, correct, of_one, group)
            for how, of_one in scores.items()
        }
    if rankings is not None and vote.combine is Combine.MAX and vote.weight is None:
        return {how: ranking.best_of(k) for how, ranking in rankings.items()}
    # Whatever a weight makes of NaN: without a score there is none.
    weights = {
        how: np.where(np.isnan(of_one), np.nan, vote.weights(of_one))
        for how, of_one in scores.items()
    }
    if vote.combine is Combine.SUM:
        return votes_at_k(classes, correct, k, weights, group=group)
    return {
        how: rank_groups(of_one, correct, classes, group).best_of(k)
        for how, of_one in weights.items()
    }


def _chosen_at_k(
    choose: Choose, k: int, classes: Ints, correct: Bools, scores: Floats, group: int
) -> Estimate:
    num_pools, n = classes.shape
    if not 1 <= k <= n // group:
        raise ValueError(f"a pool of {n // group} samples says nothing of budget {k}")
    plan = SubsetPlan.make(num_pools, n // group, k, SEED, group)
    drawn = np.random.default_rng([SEED, n, k]).permuted(plan.subsets(slice(0, num_pools)), axis=0)
    votes = (classes != NO_ANSWER) & ~np.isnan(scores)
    right = np.zeros(drawn.shape[1:])
    for pool, *election in np.ndindex(*drawn.shape[1:]):
        members = drawn[(slice(None), pool, *election)]
        voters = members[votes[pool, members]]
        if voters.size:
            winner = voters[choose(classes[pool, voters], scores[pool, voters])]
            right[(pool, *election)] = correct[pool, winner]
    replicates = right.mean(axis=-1)
    return Estimate(replicates.mean(axis=-1), plan.standard_error(replicates))
