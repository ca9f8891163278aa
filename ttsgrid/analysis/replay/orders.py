"""Random orders of pools, and the means of what rules do in them.

A pool's samples are exchangeable, so the order in which they were stored says nothing.
Each problem gets its own random orders, the same for all rules at one N: errors of
different problems are then independent, and rules are compared on the same luck. Samples
are sorted by what they are before they are shuffled, so that results do not depend on the
stored order even in the last digit.

Orders are drawn in rounds until the Monte Carlo error of a rule's accuracy, over all
problems, is small; a rule that is sure sits out the rounds that others still need.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from ttsgrid.analysis.cells.pools import PoolBatch
from ttsgrid.analysis.replay.means import Means, Sums
from ttsgrid.analysis.replay.ordered import OrderedPools
from ttsgrid.analysis.replay.rules import RuleAt
from ttsgrid.analysis.replay.sharing import Levels, LevelSums
from ttsgrid.core.voting import Bools, Floats, Ints

SEED = 2305_11860
TARGET_ERROR = 0.0009  # of an accuracy, below 0.1 points with room for its own error
# Over all problems: an accuracy's standard error is then at most 0.5 / 512, whatever the rule.
TARGET_ORDERS = 1 << 18
NUM_ROUNDS = 16
MIN_ORDERS = 16  # a standard error needs replicates
CHUNK_ELEMENTS = 1 << 20  # work arrays of 8 MB, about what a core's cache holds


@dataclass(frozen=True)
class Side:
    """One policy's pools, as a rule sees them.

    Attributes:
        batch: P pools of n samples, with their tokens.
        aggregation: whose scores of the batch are read; None for rules that read none.
        prm_computed: the tokens that the PRM computes for the first k samples, k = 0..n, shape
            (P, n + 1); empty without a PRM.
    """

    batch: PoolBatch
    aggregation: str | None = None
    prm_computed: Floats = field(default_factory=lambda: np.zeros((0, 0)))


def replayed(batch: PoolBatch, rules: Sequence[RuleAt], n: int) -> list[Means]:
    """Replay rules that read no scores and ask one policy; see `replayed_sides`."""
    return replayed_sides(Side(batch), rules, n)


def replayed_sides(
    side: Side, rules: Sequence[RuleAt], n: int, smaller: Side | None = None
) -> list[Means]:
    """Replay rules that may draw up to n samples, over random orders of each pool.

    Args:
        side: pools of at least n samples.
        rules: whose means are wanted.
        n: the most samples that a rule may draw of a policy.
        smaller: the pools of a smaller policy on the same problems, of at least n samples,
            with classes numbered alike.
    """
    pools = _Sorted.of(side)
    others = None if smaller is None else _Sorted.of(smaller)
    num_pools = len(pools.classes)
    its_computed = np.zeros((0, 0)) if smaller is None else smaller.prm_computed
    sums = [
        Sums(num_pools, side.prm_computed, its_computed, one.rule.side_by_side) for one in rules
    ]
    for orders in _rounds(num_pools):
        unsure = [i for i, total in enumerate(sums) if not total.is_sure(TARGET_ERROR)]
        for rows, some in _chunks(num_pools, orders, pools.size) if unsure else ():
            drawn = _drawn(pools, others, rows, some, n)
            for i in unsure:
                sums[i].add(rows, rules[i].replay(drawn.pools), drawn.correct)
    return [total.means() for total in sums]


def replayed_levels(batch: PoolBatch, n: int) -> Levels:
    """Replay votes of every size up to n by the agreement of the problem's probe.

    Args:
        batch: pools of at least n samples.
        n: the most samples that a problem may get.
    """
    pools = _Sorted.of(Side(batch))
    num_pools = len(pools.classes)
    sums = LevelSums(num_pools, n)
    for orders in _rounds(num_pools):
        if not sums.is_sure(TARGET_ERROR):
            for rows, some in _chunks(num_pools, orders, pools.size):
                drawn = _drawn(pools, None, rows, some, n)
                sums.add(rows, drawn.pools, drawn.correct)
    return sums.levels()


def _rounds(num_pools: int) -> Iterator[range]:
    per_round = max(MIN_ORDERS, -(-TARGET_ORDERS // (num_pools * NUM_ROUNDS)))
    most = max(MIN_ORDERS, -(-TARGET_ORDERS // num_pools))
    for first in range(0, most, per_round):
        yield range(first, min(first + per_round, most))


@dataclass(frozen=True)
class _Drawn:
    """Orders of some pools; those of one pool lie side by side.

    Attributes:
        pools: the first n samples of each order.
        correct: verdicts, the smaller policy's below the larger's, shape (n or 2 n, E).
    """

    pools: OrderedPools
    correct: Bools


@dataclass(frozen=True)
class _Sorted:
    """Pools whose samples lie in an order that depends on what they are alone; (P, n) each."""

    classes: Ints
    tokens: Ints
    correct: Bools
    scores: Floats

    @property
    def size(self) -> int:
        return int(self.classes.shape[1])

    @classmethod
    def of(cls, side: Side) -> _Sorted:
        batch = side.batch
        scores = np.zeros((0, 0)) if side.aggregation is None else batch.scores[side.aggregation]
        keys = [batch.tokens, batch.correct, batch.classes]
        order = np.lexsort([*([scores] if scores.size else []), *keys], axis=1)
        return cls(
            classes=np.take_along_axis(batch.classes, order, 1),
            tokens=np.take_along_axis(batch.tokens, order, 1),
            correct=np.take_along_axis(batch.correct, order, 1),
            scores=np.take_along_axis(scores, order, 1) if scores.size else scores,
        )

    def in_order(
        self, rows: slice, orders: range, n: int, which: int
    ) -> tuple[OrderedPools, Bools]:
        """Shuffle some pools; the same chunk is shuffled alike whoever asks."""
        rng = np.random.default_rng([SEED, self.size, n, rows.start, orders.start, which])
        # Shuffling each order of each pool took most of the time. Pools share their orders, but
        # each is shuffled on its own first: orders of one pool are as independent as before, and
        # errors of different pools stay uncorrelated.
        deck, own = (
            rng.permuted(np.tile(np.arange(self.size), (number, 1)), axis=1)
            for number in (len(orders), rows.stop - rows.start)
        )
        pool = np.arange(rows.start, rows.stop)[:, None]
        # Samples first: numpy goes through a long last axis several times faster.
        drawn = own[pool - rows.start, deck[:, :n].T[:, None]] + pool * self.size
        places = drawn.reshape(n, -1)
        columns = self.classes.reshape(-1)[places], self.tokens.reshape(-1)[places]
        scores = self.scores.reshape(-1)[places] if self.scores.size else self.scores
        return OrderedPools(*columns, scores), self.correct.reshape(-1)[places]


def _drawn(pools: _Sorted, others: _Sorted | None, rows: slice, orders: range, n: int) -> _Drawn:
    drawn, correct = pools.in_order(rows, orders, n, 0)
    if others is None:
        return _Drawn(drawn, correct)
    smaller, its_correct = others.in_order(rows, orders, n, 1)
    both = OrderedPools(drawn.classes, drawn.tokens, drawn.scores, smaller)
    return _Drawn(both, np.concatenate([correct, its_correct]))


def _chunks(num_pools: int, orders: range, size: int) -> Iterator[tuple[slice, range]]:
    """Pools and orders whose work arrays fit in cache."""
    most_orders = max(1, min(len(orders), CHUNK_ELEMENTS // size))
    most_pools = max(1, CHUNK_ELEMENTS // (most_orders * size))
    for start in range(0, num_pools, most_pools):
        rows = slice(start, min(start + most_pools, num_pools))
        for first in range(orders.start, orders.stop, most_orders):
            yield rows, range(first, min(first + most_orders, orders.stop))
