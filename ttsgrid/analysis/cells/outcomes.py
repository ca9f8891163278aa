"""What each strategy scores on each problem, as views over the pools.

An *outcome* is one cell before averaging: an accuracy a problem, its Monte Carlo
error and what it spent. Keeping the problems apart is what makes paired differences,
difficulty bins and held-out selection possible later. Whatever yields `Outcome`s
joins the frontier: pools here, trees in `ttsgrid.analysis.cells.tree_outcomes`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from ttsgrid.analysis.cells.flops import Spent
from ttsgrid.analysis.cells.pools import PoolBatch, scored_pools, unscored_pools
from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.analysis.statistics.estimators import Estimate, vote_at_k
from ttsgrid.analysis.statistics.votes import elected_at_k
from ttsgrid.core.dotted import callable_of
from ttsgrid.core.strategies import BEST_OF_N, COT, MAJORITY, PASS_AT_K, STRATEGIES, bound_names
from ttsgrid.core.voting import AGGREGATIONS, VOTES, Floats, Ints, scored_votes


class CellKey(NamedTuple):
    """What names a cell; None where the strategy has no such choice."""

    benchmark: str
    policy: str
    prm: str | None
    strategy: str
    n: int
    aggregation: str | None = None
    vote: str | None = None


@dataclass(frozen=True)
class Outcome:
    """One cell, problem by problem, in the order of `StoreFrames.problems`.

    Attributes:
        accuracy: expected accuracy, shape (num_problems,); NaN where not run.
        standard_error: of its Monte Carlo; 0 where exact.
        spent: on each problem; NaN where not run.
    """

    key: CellKey
    accuracy: Floats
    standard_error: Floats
    spent: Spent


class OutcomeSheet:
    """Cells that share their cost, filled in batch by batch of problems."""

    def __init__(self, num_problems: int, keys: Sequence[CellKey]) -> None:
        self._keys = keys
        self._estimates = np.full((2, len(keys), num_problems), np.nan)
        self._spent = {field.name: np.full(num_problems, np.nan) for field in fields(Spent)}

    def fill(self, problems: Ints, estimates: Sequence[Estimate], spent: Spent) -> None:
        """Enter one estimate a key for some problems, and what they cost."""
        for i, estimate in enumerate(estimates):
            self._estimates[0, i, problems] = estimate.accuracy
            self._estimates[1, i, problems] = estimate.standard_error
        for name, column in self._spent.items():
            column[problems] = getattr(spent, name)

    def outcomes(self) -> Iterator[Outcome]:
        """Yield one outcome a key."""
        spent = Spent(**self._spent)
        for key, accuracy, error in zip(self._keys, *self._estimates, strict=True):
            yield Outcome(key, accuracy, error, spent)


def pool_outcomes(frames: StoreFrames, budgets: Sequence[int] | None = None) -> Iterator[Outcome]:
    """Yield every cell that the store's pools serve.

    Args:
        frames: the store.
        budgets: N of the cells; None for the powers of 4 up to each pool's size, and
            that size; pass@1 is there in any case. Problems whose pool is smaller than N
            are left out of N's cells.
    """
    prms = frames.scores["prm"].unique().sort().to_list()
    for row in frames.series.iter_rows(named=True):
        benchmark, policy, series = row["benchmark"], row["policy"], row["series"]
        plain = list(unscored_pools(frames, series))
        num_problems = len(frames.problems)
        if row["greedy"]:
            yield from _greedy(plain, num_problems, CellKey(benchmark, policy, None, COT.name, 1))
            continue
        wanted = budgets or default_budgets(max((batch.size for batch in plain), default=0))
        single = CellKey(benchmark, policy, None, PASS_AT_K.name, 1)
        # Whatever budgets are asked for: difficulty and comparisons are made of pass@1.
        yield from _joined(plain, num_problems, [single])
        for n in wanted:
            for strategy in (*bound_names(), MAJORITY.name):
                key = CellKey(benchmark, policy, None, strategy, n)
                if key != single:
                    yield from _joined(plain, num_problems, [key])
        for prm in prms:
            scored = list(scored_pools(frames, series, prm))
            for n in wanted:
                key = CellKey(benchmark, policy, prm, BEST_OF_N.name, n)
                keys = scored_keys(key, aggregations_of(frames, prm))
                yield from _joined(scored, num_problems, keys)


def default_budgets(pool_size: int) -> list[int]:
    """Return 1, 4, 16, ... up to the pool's size, and that size."""
    powers = [4**i for i in range(pool_size.bit_length()) if 4**i <= pool_size]
    return sorted({*powers, pool_size} - {0})


def aggregations_of(frames: StoreFrames, prm: str) -> tuple[str, ...]:
    """Return the aggregations that a PRM's scores have: one where one number was recorded."""
    recorded = frames.models.filter(role="prm", label=prm)["aggregation"].drop_nulls().to_list()
    return tuple(recorded) or AGGREGATIONS.names


def scored_keys(key: CellKey, aggregations: tuple[str, ...] | None = None) -> list[CellKey]:
    """Return the cells that a PRM makes of one: each vote with each aggregation."""
    return [
        key._replace(aggregation=aggregation, vote=vote.name)
        for vote in scored_votes()
        for aggregation in aggregations or AGGREGATIONS.names
    ]


def _greedy(pools: Iterable[PoolBatch], num_problems: int, key: CellKey) -> Iterator[Outcome]:
    """CoT is a pool of one: its pass@1."""
    for outcome in _joined(pools, num_problems, [key._replace(strategy=PASS_AT_K.name)]):
        yield Outcome(key, outcome.accuracy, outcome.standard_error, outcome.spent)


def _joined(
    pools: Iterable[PoolBatch], num_problems: int, keys: list[CellKey]
) -> Iterator[Outcome]:
    """Estimate cells of one budget on each batch and lay the batches side by side."""
    n, large_enough = keys[0].n, [batch for batch in pools if batch.size >= keys[0].n]
    if not large_enough:
        return
    sheet = OutcomeSheet(num_problems, keys)
    for batch in large_enough:
        sheet.fill(batch.problems, _estimates(batch, keys), batch.spent(n))
    yield from sheet.outcomes()


def _estimates(batch: PoolBatch, keys: list[CellKey]) -> list[Estimate]:
    """One estimate a key; all keys have one budget, and one strategy."""
    n, strategy = keys[0].n, STRATEGIES.find("strategy", keys[0].strategy)
    if strategy.bound is not None:
        bound = callable_of(strategy.bound, f"bound of {strategy.name}")
        accuracy = np.asarray(bound(batch.correct, n), float)
        return [Estimate(accuracy, np.zeros_like(accuracy))]
    if batch.scores is None:
        return [vote_at_k(batch.classes, batch.correct, n)]
    by_vote = {
        vote: elected_at_k(
            VOTES.find("vote", vote),
            n,
            batch.classes,
            batch.correct,
            batch.scores,
            ranking=batch.ranking,
        )
        for vote in dict.fromkeys(str(key.vote) for key in keys)
    }
    places = AGGREGATIONS.names
    chosen = [(by_vote[str(key.vote)], places.index(str(key.aggregation))) for key in keys]
    return [Estimate(e.accuracy[i], e.standard_error[i]) for e, i in chosen]
