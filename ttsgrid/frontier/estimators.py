"""What a strategy would score at budget k, estimated from a whole pool of n samples.

"The first k of n" throws most of a pool away. Each estimator here is the mean of
`ttsgrid.voting.elect` over all k-subsets of the pool in random order, so it is
unbiased for a fresh pool of k and has far less variance.

* `pass_at_k`: closed form of Chen et al. 2021 (arXiv 2107.03374), section 2.1.
* `best_of_k`: with the pool sorted by score, the i-th best leads a random k-subset
  with probability C(n-i, k-1) / C(n, k); exact.
* `vote_at_k`: majority and weighted vote, by full enumeration where the subsets are
  few (k = 1 and k = n among them), else Monte Carlo with a reported standard error.

Ties: in random order "first seen wins" is uniform over the tied *samples*; every
estimator takes that expectation. (At k = n `elect` on the recorded order may
differ: it breaks each tie one way.) Pools are batches of equal size n: shape (P, n).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ttsgrid.voting import NO_ANSWER, Bools, Floats, Ints, ties_with_best

SEED = 2502_06703
MAX_ENUMERATED = 512  # subsets a problem; above this Monte Carlo samples at least as many
MIN_PERMUTATIONS = 16  # a standard error needs replicates
TARGET_SUBSETS = 1 << 16  # over all problems: a mean's standard error is at most 0.002
CHUNK_ELEMENTS = 1 << 20  # work arrays of 8 MB, about what a core's cache holds


@dataclass(frozen=True)
class Estimate:
    """An estimated accuracy a problem.

    Attributes:
        accuracy: in [0, 1]; shape (P,), or (W, P) for W weightings.
        standard_error: of the Monte Carlo alone, same shape; 0 where exact.
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


def best_of_k(scores: Floats, correct: Bools, classes: Ints, k: int) -> Estimate:
    """Return how often the highest-scored of k samples is correct; exact.

    Args:
        scores: one score a sample, shape (P, n) or (W, P, n) for W weightings.
        correct: verdicts, shape (P, n).
        classes: answer classes, `NO_ANSWER` for none; shape (P, n). Samples without
            an answer rank below all others.
        k: the budget.

    Raises:
        ValueError: k is not in 1..n, or an answered sample's score is NaN.
    """
    n = scores.shape[-1]
    _check(n, k)
    ranked = _answered_scores(scores, classes, -np.inf)
    order = np.argsort(-ranked, axis=-1)
    in_order = np.take_along_axis(ranked, order, -1)
    right = np.broadcast_to(correct & (classes != NO_ANSWER), ranked.shape)
    shared = _mean_over_ties(in_order, np.take_along_axis(right, order, -1))
    accuracy = shared @ _lead_probabilities(n, k)
    return Estimate(accuracy, np.zeros_like(accuracy))


def vote_at_k(
    classes: Ints, correct: Bools, k: int, weights: Floats | None = None, seed: int = SEED
) -> Estimate:
    """Return how often the vote of k samples elects a correct answer.

    Args:
        classes: answer classes in 0..n-1, `NO_ANSWER` for none; shape (P, n).
        correct: verdicts, shape (P, n).
        k: the budget.
        weights: the samples' scores, shape (P, n), or (W, P, n) to share the subsets
            among W weightings; None for the majority vote.
        seed: of the Monte Carlo; the same seed gives the same subsets.

    Raises:
        ValueError: k is not in 1..n, or an answered sample's weight is NaN.
    """
    num_pools, n = classes.shape
    _check(n, k)
    stack = np.ones((1, 1, n)) if weights is None else _answered_scores(weights, classes, 0.0)
    stack = np.broadcast_to(stack, (math.prod(stack.shape[:-2]), num_pools, n))
    plan = _SubsetPlan.make(num_pools, n, k, seed)
    accuracy, error = np.empty((2, len(stack), num_pools))
    for rows in plan.chunks(num_classes=int(classes.max()) + 2):
        ballots = _Ballots.cast(classes[rows], correct[rows], plan.subsets(rows))
        for w in range(len(stack)):
            replicates = ballots.count(stack[w, rows])
            accuracy[w, rows] = replicates.mean(axis=-1)
            error[w, rows] = plan.standard_error(replicates)
    shape = classes.shape[:1] if weights is None else weights.shape[:-1]
    return Estimate(accuracy.reshape(shape), error.reshape(shape))


@dataclass(frozen=True)
class _SubsetPlan:
    """Which subsets of size k stand for all: every one of them, or random ones.

    Random subsets come from permutations of the pool, each cut into n // k disjoint
    subsets, so that samples are used evenly (some cuts are dropped where they are more
    than is wanted); the permutations are the replicates.
    All pools share them, but each is shuffled on its own first, which makes the
    errors of different problems uncorrelated.

    Attributes:
        members: pool positions, shape (k, replicates, subsets); members come first
            because numpy reduces a short first axis many times faster than a short last.
        shuffles: the shuffle of each pool, shape (P, n); None where exact.
    """

    members: Ints
    shuffles: Ints | None
    num_pools: int
    n: int

    @classmethod
    def make(cls, num_pools: int, n: int, k: int, seed: int) -> _SubsetPlan:
        if math.comb(n, k) <= MAX_ENUMERATED:
            every = np.array(list(combinations(range(n), k)), np.int64)
            return cls(every.T[:, :, None], None, num_pools, n)
        rng = np.random.default_rng([seed, n, k])
        wanted = min(MAX_ENUMERATED, -(-TARGET_SUBSETS // num_pools))
        cuts = min(n // k, -(-wanted // MIN_PERMUTATIONS))
        replicates = max(MIN_PERMUTATIONS, -(-wanted // cuts))
        deck = rng.permuted(np.tile(np.arange(n), (replicates, 1)), axis=1)
        shuffles = rng.permuted(np.tile(np.arange(n), (num_pools, 1)), axis=1)
        members = deck[:, : cuts * k].reshape(replicates, cuts, k).transpose(2, 0, 1)
        return cls(members, shuffles, num_pools, n)

    def chunks(self, num_classes: int) -> Iterator[slice]:
        """Slices of problems whose work arrays fit in cache."""
        k, replicates, cuts = self.members.shape
        size = max(1, CHUNK_ELEMENTS // (replicates * cuts * max(k, num_classes)))
        for start in range(0, self.num_pools, size):
            yield slice(start, min(start + size, self.num_pools))

    def subsets(self, rows: slice) -> Ints:
        """Pool positions for these problems, shape (k, rows, replicates, subsets)."""
        if self.shuffles is None:
            k, *elections = self.members.shape
            shape = (k, rows.stop - rows.start, *elections)
            return np.broadcast_to(self.members[:, None], shape)
        return np.moveaxis(self.shuffles[rows][:, self.members], 1, 0)

    def standard_error(self, replicates: Floats) -> Floats:
        """Monte Carlo error of the mean over the last axis; 0 where all subsets were seen."""
        if self.shuffles is None:
            return np.zeros(len(replicates))
        return np.asarray(replicates.std(axis=-1, ddof=1) / math.sqrt(replicates.shape[-1]))


@dataclass(frozen=True)
class _Ballots:
    """The subsets of some pools, ready to be counted with any weights.

    Attributes:
        picked: position of each member in the flattened pools; shape (k, P, R, S):
            P * R * S elections with k voters each.
        bins: which (election, class) each member votes for, same shape.
        answered, right: of each member, same shape.
    """

    picked: Ints
    bins: Ints
    answered: Bools
    right: Bools

    @classmethod
    def cast(cls, classes: Ints, correct: Bools, subsets: Ints) -> _Ballots:
        num_pools, n = classes.shape
        picked = np.ascontiguousarray(subsets + n * np.arange(num_pools)[:, None, None])
        voted = classes.reshape(-1)[picked]
        elections = np.arange(math.prod(picked.shape[1:])).reshape(picked.shape[1:])
        answered = voted != NO_ANSWER
        # NO_ANSWER is -1: shifted by one it falls in a bin of its own.
        bins = elections * (int(classes.max()) + 2) + voted + 1
        return cls(picked, bins, answered, correct.reshape(-1)[picked] & answered)

    def count(self, weights: Floats) -> Floats:
        """Expected accuracy of each replicate under these weights (P, n); shape (P, R)."""
        cast = weights.reshape(-1)[self.picked]
        sums = np.bincount(self.bins.reshape(-1), weights=cast.reshape(-1))
        tally = np.where(self.answered, sums[self.bins], -np.inf)
        winners = ties_with_best(tally) & self.answered
        num_winners = np.maximum(winners.sum(axis=0, dtype=np.int32), 1)  # 0 if none answered
        num_right = (winners & self.right).sum(axis=0, dtype=np.int32)
        return np.asarray((num_right / num_winners).mean(axis=-1))


def _check(n: int, k: int) -> None:
    if not 1 <= k <= n:
        raise ValueError(f"a pool of {n} samples says nothing of budget {k}")


def _choose_ratio(m: int, n: int, k: int) -> float:
    """C(m, k) / C(n, k) for m <= n."""
    return math.comb(m, k) / math.comb(n, k)


def _lead_probabilities(n: int, k: int) -> Floats:
    """Probability that the i-th best of n leads a random k-subset, i = 1..n."""
    return np.array([math.comb(n - i, k - 1) / math.comb(n, k) for i in range(1, n + 1)])


def _answered_scores(scores: Floats, classes: Ints, otherwise: float) -> Floats:
    """Scores with `otherwise` where there is no answer; refuses NaN where there is one."""
    kept = np.where(classes != NO_ANSWER, scores, otherwise)
    if np.isnan(kept).any():
        raise ValueError("a sample has an answer but no score")
    return kept


def _mean_over_ties(in_order: Floats, right: Bools) -> Floats:
    """Replace each sample's verdict by the mean over its run of equal scores."""
    fresh = np.ones(in_order.shape, bool)
    fresh[..., 1:] = in_order[..., 1:] != in_order[..., :-1]
    run = np.cumsum(fresh.reshape(-1)) - 1
    means = np.bincount(run, weights=right.reshape(-1)) / np.bincount(run)
    return np.asarray(means[run].reshape(in_order.shape))
