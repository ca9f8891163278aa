"""One budget shared over problems by predicted difficulty.

Every problem gets a probe of four samples. The share of the probe that gives its most frequent
answer predicts how hard the problem is, as in `ttsgrid.analysis.advice.probes`, and says how
many samples it gets in all, the probe's included; a majority of these answers.

How many each level of agreement gets is chosen to maximise expected accuracy while the mean
number of samples stays within the budget (Zhai et al. 2026, arXiv 2604.14853, section 3, who
relax that constraint with a multiplier per problem; for allocation as a bandit, Zuo and Zhu
2025, arXiv 2506.12721). Here there are few levels and few sizes, so all plans are compared, and
the best within the budget is exact. It is chosen on other problems than it is scored on, over
many random halves. On those it may take a little more or less than the budget, and what it
takes is what it is said to cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from ttsgrid.analysis.replay.means import Means
from ttsgrid.analysis.replay.ordered import OrderedPools, majority_of
from ttsgrid.analysis.statistics.crossfit import random_halves
from ttsgrid.core.voting import NO_ANSWER, TIE_TOLERANCE, Bools, Floats, Ints

PROBE = 4
NUM_LEVELS = PROBE + 1  # of agreement: 0 (no answers) to all of the probe


def sizes_up_to(n: int) -> list[int]:
    """Return how many samples a problem may get: the probe's, doubled and doubled up to N."""
    doubled = [PROBE << i for i in range(n.bit_length()) if PROBE << i < n]
    return [*doubled, n]


@dataclass(frozen=True)
class Levels:
    """What each number of samples does on each problem, by the agreement of its probe.

    Attributes:
        sizes: how many samples, S of them.
        share: of orders at each level, shape (P, G).
        right: of orders at that level in which so many samples elect a right answer,
            shape (P, G, S).
        tokens: generated in orders at that level, over all orders, shape (P, G, S).
        path: of these, one after another: the probe side by side, then the rest; as `tokens`.
        reads: keys and values read, without the question's (`OrderedPools.reads`), likewise.
        num_orders: of each problem.
    """

    sizes: list[int]
    share: Floats
    right: Floats
    tokens: Floats
    path: Floats
    reads: Floats
    num_orders: float


class LevelSums:
    """Sums of `Levels` over chunks of orders.

    Args:
        num_pools: P.
        n: the most samples that a problem may get.
    """

    def __init__(self, num_pools: int, n: int) -> None:
        self._sizes = sizes_up_to(n)
        self._num_elections = 0
        self._share = np.zeros((num_pools, NUM_LEVELS))
        # Right, tokens, path and reads, as in `Levels`.
        self._totals = np.zeros((4, num_pools, NUM_LEVELS, len(self._sizes)))

    def add(self, rows: slice, pools: OrderedPools, correct: Bools) -> None:
        """Add some orders of the problems of `rows`; those of one problem lie side by side."""
        num_rows = rows.stop - rows.start
        per_pool = pools.classes.shape[1] // num_rows
        place = np.repeat(np.arange(num_rows), per_pool) * NUM_LEVELS + agreement(pools)
        length = num_rows * NUM_LEVELS
        self._share[rows] += np.bincount(place, minlength=length).reshape(num_rows, -1)
        for s, size in enumerate(self._sizes):
            classes = pools.classes[:size]
            winners = majority_of(classes, np.ones(classes.shape, bool))
            right = np.take_along_axis(correct, np.maximum(winners, 0)[None], 0)[0] & (winners >= 0)
            drawn = pools.written[size], _path(pools, size), pools.reads[size]
            for total, values in zip(self._totals, (right, *drawn), strict=True):
                sums = np.bincount(place, values.astype(float), minlength=length)
                total[rows, :, s] += sums.reshape(num_rows, -1)
        self._num_elections += pools.classes.shape[1]

    def is_sure(self, target: float) -> bool:
        """Whether the error of every size's mean accuracy over all problems is at most this."""
        if not self._num_elections:
            return False
        levels = self.levels()
        accuracy = levels.right.sum(axis=1)
        squares = _squared_error(accuracy, levels.num_orders).sum(axis=0)
        return bool(np.sqrt(squares.max()) / len(accuracy) <= target)

    def levels(self) -> Levels:
        """Return the means over all orders."""
        num_orders = self._num_elections / len(self._share)
        right, tokens, path, reads = self._totals / num_orders
        share = self._share / num_orders
        return Levels(self._sizes, share, right, tokens, path, reads, num_orders)


def _path(pools: OrderedPools, size: int) -> Ints:
    """Tokens that so many samples write one after another: the longest of each turn's, (E,)."""
    return np.asarray(pools.longest[min(PROBE, size)] + pools.tokens[PROBE:size].max(0, initial=0))


def agreement(pools: OrderedPools) -> Ints:
    """Return how many samples of the probe give its most frequent answer, shape (E,)."""
    probe = pools.classes[:PROBE]
    alike = (probe[:, None] == probe[None]) & (probe[None] != NO_ANSWER)
    return np.asarray(alike.sum(axis=1).max(axis=0))


def shared_budget(levels: Levels, mean_samples: float) -> Means:
    """Return what sharing a budget does on each problem, planned without that problem.

    Args:
        levels: of P problems.
        mean_samples: per problem; at least the probe.
    """
    plans = np.array(list(product(range(len(levels.sizes)), repeat=NUM_LEVELS)))
    cost = np.array(levels.sizes)[plans]
    halves = random_halves(len(levels.share))
    chosen = np.empty((2 * len(halves), NUM_LEVELS), np.int64)
    for i, members in enumerate(np.concatenate([halves, ~halves])):
        share, right = levels.share[members].mean(axis=0), levels.right[members].mean(axis=0)
        accuracy = right[np.arange(NUM_LEVELS), plans].sum(axis=1)
        spent = cost @ share
        allowed = spent <= mean_samples * (1 + TIE_TOLERANCE)
        best = accuracy[allowed].max() * (1 - TIE_TOLERANCE)
        # Of equals the cheapest; of those the first.
        chosen[i] = plans[np.where(allowed & (accuracy >= best), spent, np.inf).argmin()]
    by_half, by_rest = chosen[: len(halves)], chosen[len(halves) :]
    served = np.where(halves[:, :, None], by_rest[:, None], by_half[:, None])  # (splits, P, G)
    return _means(levels, served)


def _means(levels: Levels, served: Ints) -> Means:
    level = np.arange(NUM_LEVELS)
    problem = np.arange(len(levels.share))[:, None]

    def mean(values: Floats) -> Floats:
        by_split = [values[problem, level, plan].sum(axis=1) for plan in served]
        return np.asarray(np.mean(by_split, axis=0))

    accuracy = mean(levels.right)
    sizes = np.array(levels.sizes)
    samples = levels.share[:, :, None] * sizes
    turns = levels.share[:, :, None] * np.where(sizes > PROBE, 2, 1)
    path = mean(levels.path)
    # A plan's verdicts are right or not; their mean over plans varies no more.
    error = np.sqrt(_squared_error(accuracy, levels.num_orders))
    return Means(
        accuracy,
        error,
        mean(samples),
        mean(levels.tokens),
        latency_tokens=path,
        path_tokens=path,
        turns=mean(turns),
        context_reads=mean(levels.reads),
    )


def _squared_error(accuracy: Floats, num_orders: float) -> Floats:
    return np.asarray(np.maximum(accuracy * (1 - accuracy), 0.0) / (num_orders - 1))


def joined(parts: Sequence[Levels]) -> Levels:
    """Return the levels of the problems of all batches, which may get as many samples."""
    return Levels(
        parts[0].sizes,
        np.concatenate([part.share for part in parts]),
        np.concatenate([part.right for part in parts]),
        np.concatenate([part.tokens for part in parts]),
        np.concatenate([part.path for part in parts]),
        np.concatenate([part.reads for part in parts]),
        min(part.num_orders for part in parts),
    )
