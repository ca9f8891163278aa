"""Random orders of pools, and the means of what rules do in them.

A pool's samples are exchangeable, so the order in which they were stored says nothing.
Each problem gets its own random orders, the same for all rules at one N: errors of
different problems are then independent, and rules are compared on the same luck. Samples
are sorted by what they are before they are shuffled, so that results do not depend on the
stored order even in the last digit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from ttsgrid.analysis.cells.pools import PoolBatch
from ttsgrid.analysis.replay.ordered import NOBODY, OrderedPools, Replay
from ttsgrid.analysis.replay.rules import RuleAt
from ttsgrid.core.voting import Bools, Floats, Ints

SEED = 2305_11860
# Over all problems: an accuracy's standard error is at most 0.5 / 512, below 0.1 points.
TARGET_ORDERS = 1 << 18
MIN_ORDERS = 16  # a standard error needs replicates
CHUNK_ELEMENTS = 1 << 20  # work arrays of 8 MB, about what a core's cache holds


@dataclass(frozen=True)
class Means:
    """What a rule does on each problem, over random orders; shape (P,) each.

    Attributes:
        accuracy: in [0, 1].
        standard_error: of the accuracy's Monte Carlo.
        num_samples: samples begun.
        generated_tokens: of these.
    """

    accuracy: Floats
    standard_error: Floats
    num_samples: Floats
    generated_tokens: Floats


def replayed(batch: PoolBatch, rules: Sequence[RuleAt], n: int) -> list[Means]:
    """Replay rules that may draw up to n samples, over random orders of each pool.

    Args:
        batch: P pools of at least n samples, with their tokens.
        rules: whose means are wanted.
        n: the most samples that a rule may draw.
    """
    pools = _sorted(batch)
    num_pools = len(pools.classes)
    num_orders = max(MIN_ORDERS, -(-TARGET_ORDERS // num_pools))
    sums = [_Sums(num_pools) for _ in rules]
    for rows, orders in _chunks(num_pools, num_orders, pools.size):
        drawn = pools.in_order(rows, orders, n)
        for rule, total in zip(rules, sums, strict=True):
            total.add(rows, rule.replay(drawn.pools), drawn)
    return [total.means(num_orders) for total in sums]


@dataclass(frozen=True)
class _Drawn:
    """Orders of some pools.

    Attributes:
        pools: the first n samples of each order.
        correct: verdicts, shape (n, E).
        num_pools: the orders of each pool lie side by side.
    """

    pools: OrderedPools
    correct: Bools
    num_pools: int


@dataclass(frozen=True)
class _SortedPools:
    """Pools whose samples lie in an order that depends on what they are alone; (P, n) each."""

    classes: Ints
    tokens: Ints
    correct: Bools

    @property
    def size(self) -> int:
        return int(self.classes.shape[1])

    def in_order(self, rows: slice, orders: range, n: int) -> _Drawn:
        """Shuffle some pools; the same chunk is shuffled alike whoever asks."""
        rng = np.random.default_rng([SEED, self.size, n, rows.start, orders.start])
        num_pools = rows.stop - rows.start
        deck = np.tile(np.arange(self.size), (num_pools * len(orders), 1))
        drawn = rng.permuted(deck, axis=1)[:, :n].T
        pool = np.repeat(np.arange(rows.start, rows.stop), len(orders))
        # Samples first: numpy goes through a long last axis several times faster.
        places = np.ascontiguousarray(drawn) + pool * self.size
        return _Drawn(
            OrderedPools(self.classes.reshape(-1)[places], self.tokens.reshape(-1)[places]),
            self.correct.reshape(-1)[places],
            num_pools,
        )


def _sorted(batch: PoolBatch) -> _SortedPools:
    order = np.lexsort((batch.tokens, batch.correct, batch.classes), axis=1)
    return _SortedPools(
        classes=np.take_along_axis(batch.classes, order, 1),
        tokens=np.take_along_axis(batch.tokens, order, 1),
        correct=np.take_along_axis(batch.correct, order, 1),
    )


def _chunks(num_pools: int, num_orders: int, size: int) -> Iterator[tuple[slice, range]]:
    """Pools and orders whose work arrays fit in cache."""
    most_orders = max(1, min(num_orders, CHUNK_ELEMENTS // size))
    most_pools = max(1, CHUNK_ELEMENTS // (most_orders * size))
    for start in range(0, num_pools, most_pools):
        rows = slice(start, min(start + most_pools, num_pools))
        for first in range(0, num_orders, most_orders):
            yield rows, range(first, min(first + most_orders, num_orders))


@dataclass
class _Sums:
    """Sums over orders of what a rule did on each problem."""

    num_pools: int
    sums: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.sums = np.zeros((3, self.num_pools))

    def add(self, rows: slice, replay: Replay, drawn: _Drawn) -> None:
        """Add what it did in some orders of the problems of `rows`."""
        given = np.maximum(replay.winners, 0)[None]
        right = np.take_along_axis(drawn.correct, given, 0)[0] & (replay.winners != NOBODY)
        done = (right, replay.num_samples, replay.generated_tokens)
        for total, values in zip(self.sums, done, strict=True):
            total[rows] += values.reshape(drawn.num_pools, -1).sum(axis=1)

    def means(self, num_orders: int) -> Means:
        accuracy, samples, tokens = self.sums / num_orders
        # Verdicts of independent orders: right or not.
        error = np.sqrt(accuracy * (1 - accuracy) / (num_orders - 1))
        return Means(accuracy, error, samples, tokens)
