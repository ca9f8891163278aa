"""What rules are replayed on: the pools of one policy, with a PRM or without, or of two.

A rule says what it looks at (`SamplingRule.needs`), and each set of such pools that a store
holds is a subject. Policies are paired by size on every benchmark that both
answered; one of unknown size is neither smaller nor larger than another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np

from ttsgrid.analysis.cells.outcomes import aggregations_of
from ttsgrid.analysis.cells.pools import PoolBatch, paired_pools, scored_pools, unscored_pools
from ttsgrid.analysis.cells.prices import PoolPrices, pool_prices
from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.analysis.replay.orders import Side
from ttsgrid.analysis.replay.rules import Needs
from ttsgrid.core.voting import LAST, Floats

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Policy:
    """A policy's pools on one benchmark, with a PRM or without.

    Attributes:
        name: as in tables.
        prm: whose scores are read; None for rules that read none.
        aggregation: of those scores.
        prices: of the pools.
    """

    name: str
    prm: str | None
    aggregation: str | None
    prices: PoolPrices

    def side(self, batch: PoolBatch) -> Side:
        """Return some of the pools as a rule sees them."""
        parts = self.prices.parts
        if self.aggregation is None or parts is None:
            return Side(batch)
        computed = parts.expected_growth(batch.problems, batch.size)
        unknown = np.isnan(self.prices.inputs[batch.problems])
        return Side(batch, self.aggregation, np.where(unknown[:, None], np.nan, computed))


@dataclass(frozen=True)
class Subject:
    """Pools that rules are replayed on.

    Attributes:
        benchmark: the pools' own.
        policy: whose pools; the larger of two.
        smaller: the smaller of two; None for rules that ask one.
        smaller_weight: its number of parameters over the larger's; 0 without one.
        batches: the pools by size, each with the smaller policy's of the same problems.
    """

    benchmark: str
    policy: Policy
    smaller: Policy | None
    smaller_weight: float
    batches: Sequence[tuple[PoolBatch, PoolBatch | None]]

    def enough(self, n: int) -> list[tuple[PoolBatch, PoolBatch | None]]:
        """Return the pools of at least n samples."""
        return [
            (batch, other)
            for batch, other in self.batches
            if batch.size >= n and (other is None or other.size >= n)
        ]

    def has_lengths(self, n: int) -> bool:
        """Whether pools of at least n samples say how long these are, of every policy asked."""
        told = [[one.tokens.any() for one in pools if one is not None] for pools in self.enough(n)]
        return all(any(of_policy) for of_policy in zip(*told, strict=True))

    def usual_budget(self) -> list[int]:
        """Return the size that most pools have, the larger of equals; nothing without pools."""
        if not self.batches:
            return []
        (batch, other) = max(self.batches, key=lambda both: (len(both[0].problems), both[0].size))
        return [batch.size if other is None else min(batch.size, other.size)]

    @property
    def scores(self) -> Floats | None:
        """All scores that a rule reads, one after another; None where it reads none."""
        who = self.smaller or self.policy
        if who.aggregation is None:
            return None
        read = [other or batch for batch, other in self.batches]
        return np.concatenate([one.scores[who.aggregation].reshape(-1) for one in read])


def subjects(
    frames: StoreFrames, sizes: Mapping[str, int | None], needs: Needs
) -> Iterator[Subject]:
    """Yield what a store holds for rules of one kind.

    Args:
        frames: the store.
        sizes: a policy's label to its number of parameters, None where unknown.
        needs: what they look at.
    """
    series = frames.series.filter(~frames.series["greedy"]).to_dicts()
    if needs.two:
        for larger, smaller, weight in _pairs(series, sizes):
            for prm in _prms(frames, smaller) if needs.scores else [None]:
                yield _of_two(frames, larger, smaller, weight, prm)
        return
    for row in [] if needs.cells else series:
        for prm in _prms(frames, row) if needs.scores else [None]:
            yield _of_one(frames, row, prm)


def _of_one(frames: StoreFrames, row: Row, prm: str | None) -> Subject:
    number = row["series"]
    pools = unscored_pools(frames, number) if prm is None else scored_pools(frames, number, prm)
    batches = [(batch, None) for batch in pools]
    return Subject(row["benchmark"], _policy(frames, row, prm), None, 0.0, batches)


def _of_two(
    frames: StoreFrames, larger: Row, smaller: Row, weight: float, prm: str | None
) -> Subject:
    batches = list(paired_pools(frames, larger["series"], smaller["series"], prm))
    policies = _policy(frames, larger, None), _policy(frames, smaller, prm)
    return Subject(larger["benchmark"], *policies, weight, batches)


def _pairs(
    series: Sequence[Row], sizes: Mapping[str, int | None]
) -> Iterator[tuple[Row, Row, float]]:
    """Series of one benchmark, the larger policy's first, and the ratio of their sizes."""
    for larger, smaller in permutations(series, 2):
        size, other = sizes.get(larger["policy"]), sizes.get(smaller["policy"])
        alike = larger["benchmark"] == smaller["benchmark"]
        if alike and size is not None and other is not None and size > other:
            yield larger, smaller, other / size


def _prms(frames: StoreFrames, row: Row) -> list[str]:
    given = frames.scored_blocks.filter(series=row["series"])
    return given["prm"].unique().sort().to_list()


def _policy(frames: StoreFrames, row: Row, prm: str | None) -> Policy:
    how = None
    if prm is not None:
        known = aggregations_of(frames, prm)
        # One for all rules, fixed before anything is seen: the PRM's word on the whole solution.
        how = LAST.name if LAST.name in known else known[0]
    return Policy(row["policy"], prm, how, pool_prices(frames, row["series"], prm))
