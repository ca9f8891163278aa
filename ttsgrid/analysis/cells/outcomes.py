"""What each strategy scores on each problem, as views over the pools.

An *outcome* is one cell before averaging: an accuracy per problem, its Monte Carlo
error and what it costs. Keeping the problems apart is what makes paired differences,
difficulty bins and held-out selection possible later. Whatever yields `Outcome`s
joins the frontier: pools here, trees in `ttsgrid.analysis.cells.tree_outcomes`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields

import numpy as np

from ttsgrid.analysis.cells.flops import Spent
from ttsgrid.analysis.cells.pools import PoolBatch, scored_pools, unscored_pools
from ttsgrid.analysis.cells.prices import PoolPrices, pool_prices
from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.analysis.statistics.estimators import Estimate, vote_at_k
from ttsgrid.analysis.statistics.votes import elected_at_k
from ttsgrid.core.cell import CellKey, scored_keys
from ttsgrid.core.dotted import callable_of
from ttsgrid.core.strategies import BEST_OF_N, COT, MAJORITY, PASS_AT_K, STRATEGIES, bound_names
from ttsgrid.core.voting import AGGREGATIONS, VOTES, Bools, Floats, Ints, Vote, scored_votes


@dataclass(frozen=True)
class Outcome:
    """One cell, problem by problem, in the order of `StoreFrames.problems`.

    Attributes:
        accuracy: expected accuracy, shape (num_problems,); NaN where not run.
        standard_error: of its Monte Carlo; 0 where exact.
        spent: what it costs on each problem, run alone; NaN where not run or unknown.
        unscored: samples without a score that its votes would need, of the whole pool or
            of all trees, shape (num_problems,); none where no vote needs scores.
    """

    key: CellKey
    accuracy: Floats
    standard_error: Floats
    spent: Spent
    unscored: Floats = field(default_factory=lambda: np.zeros(0))

    def num_unscored(self, problems: Bools) -> int:
        """Return the samples without a score on some problems, shape (num_problems,)."""
        return int(np.nansum(self.unscored[problems])) if self.unscored.size else 0


class OutcomeSheet:
    """Cells that share their cost, filled in batch by batch of problems."""

    def __init__(self, num_problems: int, keys: Sequence[CellKey], spent: Spent) -> None:
        """Begin with no problem run.

        Args:
            num_problems: of the store.
            keys: the cells.
            spent: what each of them costs, by problem.
        """
        self._spent = spent
        self._estimates = {
            key: Estimate(np.full(num_problems, np.nan), np.full(num_problems, np.nan))
            for key in keys
        }
        self._unscored = np.zeros(num_problems)
        self._ran = np.zeros(num_problems, bool)

    def fill(self, problems: Ints, estimates: Mapping[CellKey, Estimate], unscored: Floats) -> None:
        """Enter the estimates of some problems, and how many of their samples have no score."""
        for key, estimate in estimates.items():
            self._estimates[key].accuracy[problems] = estimate.accuracy
            self._estimates[key].standard_error[problems] = estimate.standard_error
        self._unscored[problems] = unscored
        self._ran[problems] = True

    def outcomes(self) -> Iterator[Outcome]:
        """Yield one outcome per key."""
        costs = {f.name: getattr(self._spent, f.name) for f in fields(Spent)}
        # Prices cover all problems of a pool; a cell has costs only where it has an accuracy.
        spent = Spent(**{name: np.where(self._ran, v, np.nan) for name, v in costs.items()})
        for key, estimate in self._estimates.items():
            unscored = self._unscored if key.aggregation is not None else np.zeros(0)
            yield Outcome(key, estimate.accuracy, estimate.standard_error, spent, unscored)


def pool_outcomes(frames: StoreFrames, budgets: Sequence[int] | None = None) -> Iterator[Outcome]:
    """Yield every cell that the store's pools serve.

    Args:
        frames: the store.
        budgets: N of the cells; None for the powers of 4 up to each pool's size, and
            that size; pass@1 is there in any case. Problems whose pool is smaller than N
            are left out of N's cells.
    """
    prms = frames.scored_blocks["prm"].unique().sort().to_list()
    for row in frames.series.iter_rows(named=True):
        benchmark, policy, series = row["benchmark"], row["policy"], row["series"]
        plain = list(unscored_pools(frames, series))
        alone = pool_prices(frames, series)
        if row["greedy"]:
            yield from _greedy(plain, alone, CellKey(benchmark, policy, None, COT.name, 1))
            continue
        wanted = budgets or default_budgets(max((batch.size for batch in plain), default=0))
        single = CellKey(benchmark, policy, None, PASS_AT_K.name, 1)
        # Whatever budgets are asked for: difficulty and comparisons are made of pass@1.
        yield from _joined(plain, alone, [single])
        for n in wanted:
            for strategy in (*bound_names(), MAJORITY.name):
                key = CellKey(benchmark, policy, None, strategy, n)
                if key != single:
                    yield from _joined(plain, alone, [key])
        for prm in prms:
            scored, with_prm = list(scored_pools(frames, series, prm)), None
            for n in wanted if scored else ():
                with_prm = with_prm or pool_prices(frames, series, prm)
                key = CellKey(benchmark, policy, prm, BEST_OF_N.name, n)
                keys = scored_keys(key, aggregations_of(frames, prm), votes_of(frames, prm))
                yield from _joined(scored, with_prm, keys)


def default_budgets(pool_size: int) -> list[int]:
    """Return 1, 4, 16, ... up to the pool's size, and that size."""
    # The study's budgets are powers of 4 too, so its rows can stand beside these.
    powers = [4**i for i in range(pool_size.bit_length()) if 4**i <= pool_size]
    return sorted({*powers, pool_size} - {0})


def aggregations_of(frames: StoreFrames, prm: str) -> tuple[str, ...]:
    """Return the aggregations that a PRM's scores have: one where one number was recorded."""
    recorded = frames.models.filter(role="prm", label=prm)["aggregation"].drop_nulls().to_list()
    if recorded:
        return tuple(recorded)
    signed = is_signed(frames, prm)
    return tuple(how.name for how in AGGREGATIONS if not (signed and how.needs_non_negative))


def votes_of(frames: StoreFrames, prm: str) -> tuple[Vote, ...]:
    """Return the votes that a PRM's scores allow: no sums of scores that can be negative."""
    signed = is_signed(frames, prm)
    return tuple(vote for vote in scored_votes() if not (signed and vote.needs_non_negative))


def is_signed(frames: StoreFrames, prm: str) -> bool:
    """Say whether a PRM's scores, as recorded, can be negative."""
    return bool(frames.models.filter(role="prm", label=prm)["signed"].any())


def _greedy(pools: Iterable[PoolBatch], prices: PoolPrices, key: CellKey) -> Iterator[Outcome]:
    """CoT is a pool of one: its pass@1."""
    for outcome in _joined(pools, prices, [key._replace(strategy=PASS_AT_K.name)]):
        yield Outcome(key, outcome.accuracy, outcome.standard_error, outcome.spent)


def _joined(
    pools: Iterable[PoolBatch], prices: PoolPrices, keys: list[CellKey]
) -> Iterator[Outcome]:
    """Estimate cells of one budget on each batch and lay the batches side by side."""
    n, large_enough = keys[0].n, [batch for batch in pools if batch.size >= keys[0].n]
    if not large_enough:
        return
    sheet = OutcomeSheet(len(prices.num_samples), keys, prices.spent(n))
    for batch in large_enough:
        sheet.fill(batch.problems, _estimates(batch, keys), batch.num_unscored)
    yield from sheet.outcomes()


def _estimates(batch: PoolBatch, keys: list[CellKey]) -> dict[CellKey, Estimate]:
    """Estimates of cells that have one budget and one strategy."""
    n, strategy = keys[0].n, STRATEGIES.find("strategy", keys[0].strategy)
    if strategy.bound is not None:
        bound = callable_of(strategy.bound, f"bound of {strategy.name}")
        # A bound reads verdicts and takes no vote, so it is exact: its Monte Carlo error is 0.
        accuracy = np.asarray(bound(batch.correct, n), float)
        return {keys[0]: Estimate(accuracy, np.zeros_like(accuracy))}
    if not batch.scores:
        return {keys[0]: vote_at_k(batch.classes, batch.correct, n)}
    by_vote = {
        vote: elected_at_k(
            VOTES.find("vote", vote),
            n,
            batch.classes,
            batch.correct,
            batch.scores,
            rankings=batch.rankings,
        )
        for vote in dict.fromkeys(str(key.vote) for key in keys)
    }
    return {key: by_vote[str(key.vote)][str(key.aggregation)] for key in keys}
