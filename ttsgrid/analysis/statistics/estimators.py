"""What a strategy would score at budget k, estimated from a whole pool of n samples.

"The first k of n" throws most of a pool away. Each estimator here is the mean of
`ttsgrid.core.voting.elect` over all k-subsets of the pool in random order, so it is
unbiased for a fresh pool of k and has far less variance.

* `pass_at_k`: closed form of Chen et al. 2021 (arXiv 2107.03374), section 2.1.
* `best_of_k` (`rank` once, then any k): with the pool sorted by score, the i-th best
  leads a random k-subset with probability C(n-i, k-1) / C(n, k); exact.
* `vote_at_k`: majority and weighted vote, by full enumeration where the subsets are
  few (k = 1 and k = n among them), else Monte Carlo with a reported standard error.

A sample without a score (NaN) stays in its pool: it counts fully in a majority, and in a
vote that needs scores it is like one without an answer: it wins nothing and gives weight
to nobody. A subset in which no sample has both gives no answer, which is wrong.

Ties: in random order "first seen wins" is uniform over the tied *samples*; every
estimator takes that expectation. (At k = n `elect` on the recorded order may
differ: it breaks each tie one way.) Pools are batches of equal size n: shape (P, n).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ttsgrid.analysis.statistics.subsets import Ballots, SubsetPlan
from ttsgrid.core.voting import NO_ANSWER, Bools, Floats, Ints

SEED = 2502_06703


@dataclass(frozen=True)
class Estimate:
    """An estimated accuracy per problem.

    Attributes:
        accuracy: in [0, 1]; shape (P,).
        standard_error: of the Monte Carlo alone, shape (P,); 0 where exact.
    """

    accuracy: Floats
    standard_error: Floats


def pass_at_k(num_correct: Ints, n: int, k: int) -> Floats:
    """Return the probability that k of the pool hold a correct sample; Chen et al. 2021.

    Args:
        num_correct: correct samples in each pool, shape (P,).
        n: samples in a pool.
        k: the budget.

    Raises:
        ValueError: k is not in 1..n.
    """
    _check(n, k)
    wrong = n - np.arange(n + 1)
    # 1 - C(n-c, k) / C(n, k) as a product, which never overflows.
    none_right = np.array([_choose_ratio(int(w), n, k) for w in wrong])
    return np.asarray(1.0 - none_right[np.asarray(num_correct, np.int64)])


def any_correct(correct: Bools, k: int) -> Floats:
    """Return `pass_at_k` of pools' verdicts, shape (P, n): the bound of any vote over k."""
    return pass_at_k(correct.sum(axis=1), correct.shape[1], k)


@dataclass(frozen=True)
class Ranking:
    """Pools in order of score, ready for any budget.

    Attributes:
        verdicts: how right the i-th best is, ties shared out; shape (..., n).
    """

    verdicts: Floats

    def best_of(self, k: int) -> Estimate:
        """Return how often the best of k is correct; exact.

        Raises:
            ValueError: k is not in 1..n.
        """
        n = self.verdicts.shape[-1]
        _check(n, k)
        accuracy = self.verdicts @ _lead_probabilities(n, k)
        return Estimate(accuracy, np.zeros_like(accuracy))


def rank(scores: Floats, correct: Bools, classes: Ints) -> Ranking:
    """Rank the samples of pools by score.

    Args:
        scores: one score per sample, NaN for none; shape (P, n).
        correct: verdicts, shape (P, n).
        classes: answer classes, `NO_ANSWER` for none; shape (P, n). Samples without
            an answer or a score rank below all others, and none of them is right.
    """
    counts = _counts(classes, scores)
    return _in_order(np.where(counts, scores, -np.inf), (correct & counts).astype(np.float64))


def rank_groups(scores: Floats, correct: Bools, classes: Ints, group: int) -> Ranking:
    """Rank groups by their best sample; budgets then count groups.

    Ties are shared among the groups that tie, then among the samples of a group.

    Args:
        scores: one score per sample, NaN for none, shape (P, n); a group's samples lie
            side by side.
        correct: verdicts, shape (P, n).
        classes: answer classes, shape (P, n).
        group: samples per group; n is a multiple of it.
    """
    counts = _counts(classes, scores)
    apart = np.where(counts, scores, -np.inf).reshape(len(classes), -1, group)
    best = apart.max(axis=-1)
    leads = (apart == best[..., None]) & (best > -np.inf)[..., None]
    right = (correct & counts).reshape(apart.shape)
    share = (leads & right).sum(axis=-1) / np.maximum(leads.sum(axis=-1), 1)
    return _in_order(best, share)


def best_of_k(scores: Floats, correct: Bools, classes: Ints, k: int) -> Estimate:
    """Return how often the highest-scored of k samples is correct; exact. See `rank`."""
    return rank(scores, correct, classes).best_of(k)


def vote_at_k(
    classes: Ints,
    correct: Bools,
    k: int,
    weights: Floats | None = None,
    seed: int = SEED,
    group: int = 1,
) -> Estimate:
    """Return how often the vote of k samples, or of k groups of them, elects a correct answer.

    Args:
        classes: answer classes in 0..n-1, `NO_ANSWER` for none; shape (P, n).
        correct: verdicts, shape (P, n).
        k: the budget.
        weights: the samples' scores, NaN for none, shape (P, n); None for the majority vote.
        seed: of the Monte Carlo; the same seed gives the same subsets.
        group: samples that are drawn together and lie side by side; k counts groups.

    Raises:
        ValueError: k is not in 1..n / group.
    """
    chosen = np.ones(classes.shape) if weights is None else weights
    return votes_at_k(classes, correct, k, {"": chosen}, seed, group)[""]


def votes_at_k(
    classes: Ints,
    correct: Bools,
    k: int,
    weights: Mapping[str, Floats],
    seed: int = SEED,
    group: int = 1,
) -> dict[str, Estimate]:
    """Return `vote_at_k` under each of several weightings, which share their subsets.

    Args:
        classes: answer classes in 0..n-1, `NO_ANSWER` for none; shape (P, n).
        correct: verdicts, shape (P, n).
        k: the budget.
        seed: of the Monte Carlo.
        group: samples that are drawn together.
        weights: name to weights of shape (P, n); NaN in one of them is NaN in all.

    Raises:
        ValueError: k is not in 1..n / group, or a sample has some weights and not others.
    """
    num_pools, n = classes.shape
    _check(n // group, k)
    stack = np.stack(list(weights.values()))
    scored = _scored_alike(stack)
    voting = np.where(scored, classes, NO_ANSWER)
    stack = np.where(scored, stack, 0.0)
    plan = SubsetPlan.make(num_pools, n // group, k, seed, group)
    accuracy, error = np.empty((2, len(stack), num_pools))
    for rows in plan.chunks(num_classes=int(classes.max()) + 2):
        ballots = Ballots.cast(voting[rows], correct[rows], plan.subsets(rows))
        for w in range(len(stack)):
            replicates = ballots.count(stack[w, rows])
            accuracy[w, rows] = replicates.mean(axis=-1)
            error[w, rows] = plan.standard_error(replicates)
    return {name: Estimate(accuracy[w], error[w]) for w, name in enumerate(weights)}


def _scored_alike(stack: Floats) -> Bools:
    """Which samples have weights, shape (P, n), from weights of shape (W, P, n)."""
    blank = np.isnan(stack)
    if (blank != blank[0]).any():
        raise ValueError("a sample has a score by one aggregation and none by another")
    return np.asarray(~blank[0])


def _counts(classes: Ints, scores: Floats) -> Bools:
    """Which samples may win a vote that needs scores."""
    return np.asarray((classes != NO_ANSWER) & ~np.isnan(scores))


def _in_order(scores: Floats, right: Floats) -> Ranking:
    order = np.argsort(-scores, axis=-1)
    in_order = np.take_along_axis(scores, order, -1)
    verdicts = np.take_along_axis(right, order, -1)
    # Those without an answer or a score tie at the end, all wrong: nothing to share.
    tied = (in_order[..., 1:] == in_order[..., :-1]) & (in_order[..., 1:] > -np.inf)
    rows = tied.any(axis=-1)
    verdicts[rows] = _mean_over_ties(in_order[rows], verdicts[rows])
    return Ranking(verdicts)


def _check(n: int, k: int) -> None:
    if not 1 <= k <= n:
        raise ValueError(f"a pool of {n} samples says nothing of budget {k}")


def _choose_ratio(m: int, n: int, k: int) -> float:
    """C(m, k) / C(n, k) for m <= n."""
    return math.comb(m, k) / math.comb(n, k)


def _lead_probabilities(n: int, k: int) -> Floats:
    """Probability that the i-th best of n leads a random k-subset, i = 1..n."""
    return np.array([math.comb(n - i, k - 1) / math.comb(n, k) for i in range(1, n + 1)])


def _mean_over_ties(in_order: Floats, right: Floats) -> Floats:
    """Replace each sample's verdict by the mean over its run of equal scores."""
    fresh = np.ones(in_order.shape, bool)
    fresh[..., 1:] = in_order[..., 1:] != in_order[..., :-1]
    run = np.cumsum(fresh.reshape(-1)) - 1
    means = np.bincount(run, weights=right.reshape(-1)) / np.bincount(run)
    return np.asarray(means[run].reshape(in_order.shape))


def longest_of(lengths: Ints | Floats, k: int) -> Floats:
    """Return the expected largest of k random entries of each row, (P, n) to (P,); exact."""
    n = lengths.shape[1]
    every = math.comb(n, k)
    chances = [math.comb(i, k - 1) / every for i in range(n)]
    return np.asarray(np.sort(lengths, axis=1) @ np.array(chances))
