"""What each strategy scores on each problem, as views over the pools.

An *outcome* is one cell before averaging: an accuracy a problem, its Monte Carlo
error and the tokens it costs. Keeping the problems apart is what makes paired
differences, difficulty bins and held-out selection possible later. Whatever
yields `Outcome`s joins the frontier; trees of a search will do so beside the pools.

Tokens at N are N times the pool's mean. The prompt counts once a problem (its
samples share the prefix); `policy_prompt_uncached` counts it N times.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ttsgrid.frontier.estimators import Estimate, best_of_k, pass_at_k, vote_at_k
from ttsgrid.frontier.flops import TokenCounts
from ttsgrid.frontier.load import AGGREGATIONS, StoreFrames
from ttsgrid.frontier.pools import PoolBatch, scored_pools, unscored_pools
from ttsgrid.voting import Floats, Ints, Vote

COT, MAJORITY, BEST_OF_N, PASS_AT_K = "cot", "majority", "best_of_n", "pass@k"


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
        tokens: spent, shape (num_problems,) each; NaN where not run.
    """

    key: CellKey
    accuracy: Floats
    standard_error: Floats
    tokens: TokenCounts


@dataclass
class _Sheet:
    """Arrays over all problems that batches fill in."""

    num_problems: int
    columns: dict[str, Floats] = field(default_factory=dict)

    def fill(self, name: str, problems: Ints, values: Floats) -> None:
        blank = np.full(self.num_problems, np.nan)
        self.columns.setdefault(name, blank)[problems] = values


def pool_outcomes(frames: StoreFrames, budgets: Sequence[int] | None = None) -> Iterator[Outcome]:
    """Yield every cell that the store's pools serve.

    Args:
        frames: the store.
        budgets: N of the cells; None for the powers of 4 up to each pool's size, and
            that size. Problems whose pool is smaller than N are left out of N's cells.
    """
    prms = frames.scores["prm"].unique().sort().to_list()
    for row in frames.series.iter_rows(named=True):
        benchmark, policy, series = row["benchmark"], row["policy"], row["series"]
        plain = list(unscored_pools(frames, series))
        num_problems = len(frames.problems)
        if row["greedy"]:
            yield from _greedy(plain, num_problems, CellKey(benchmark, policy, None, COT, 1))
            continue
        wanted = budgets or default_budgets(max((batch.size for batch in plain), default=0))
        for n in wanted:
            for strategy in (PASS_AT_K, MAJORITY):
                key = CellKey(benchmark, policy, None, strategy, n)
                yield from _joined(plain, num_problems, [key])
        for prm in prms:
            scored = list(scored_pools(frames, series, prm))
            for n in wanted:
                keys = best_of_n_keys(benchmark, policy, prm, n)
                yield from _joined(scored, num_problems, keys)


def default_budgets(pool_size: int) -> list[int]:
    """Return 1, 4, 16, ... up to the pool's size, and that size."""
    powers = [4**i for i in range(pool_size.bit_length()) if 4**i <= pool_size]
    return sorted({*powers, pool_size} - {0})


def best_of_n_keys(benchmark: str, policy: str, prm: str, n: int) -> list[CellKey]:
    """Return the cells of best-of-N with one PRM: each vote with each aggregation."""
    return [
        CellKey(benchmark, policy, prm, BEST_OF_N, n, aggregation, vote.value)
        for vote in (Vote.MAX, Vote.WEIGHTED)
        for aggregation in AGGREGATIONS
    ]


def _greedy(pools: Iterable[PoolBatch], num_problems: int, key: CellKey) -> Iterator[Outcome]:
    """CoT is a pool of one: its pass@1."""
    for outcome in _joined(pools, num_problems, [key._replace(strategy=PASS_AT_K)]):
        yield Outcome(key, outcome.accuracy, outcome.standard_error, outcome.tokens)


def _joined(
    pools: Iterable[PoolBatch], num_problems: int, keys: list[CellKey]
) -> Iterator[Outcome]:
    """Estimate cells of one budget on each batch and lay the batches side by side."""
    n, large_enough = keys[0].n, [batch for batch in pools if batch.size >= keys[0].n]
    if not large_enough:
        return
    tokens, estimates = _Sheet(num_problems), _Sheet(num_problems)
    for batch in large_enough:
        for name, values in _tokens(batch, n).items():
            tokens.fill(name, batch.problems, values)
        for i, estimate in enumerate(_estimates(batch, keys)):
            estimates.fill(f"accuracy {i}", batch.problems, estimate.accuracy)
            estimates.fill(f"error {i}", batch.problems, estimate.standard_error)
    spent = TokenCounts(**tokens.columns)
    for i, key in enumerate(keys):
        columns = estimates.columns
        yield Outcome(key, columns[f"accuracy {i}"], columns[f"error {i}"], spent)


def _tokens(batch: PoolBatch, n: int) -> dict[str, Floats]:
    read = batch.prm_tokens
    return {
        "policy_generated": n * batch.generated_tokens,
        "policy_prompt": batch.prompt_tokens,
        "policy_prompt_uncached": n * batch.prompt_tokens,
        "prm_read": np.zeros(len(batch.problems)) if read is None else n * read,
    }


def _estimates(batch: PoolBatch, keys: list[CellKey]) -> list[Estimate]:
    """One estimate a key; all keys have one budget, and one strategy."""
    n, strategy = keys[0].n, keys[0].strategy
    if strategy == PASS_AT_K:
        accuracy = pass_at_k(batch.correct.sum(axis=1), batch.size, n)
        return [Estimate(accuracy, np.zeros_like(accuracy))]
    if strategy == MAJORITY:
        return [vote_at_k(batch.classes, batch.correct, n)]
    assert batch.scores is not None
    by_vote = {
        Vote.MAX: best_of_k(batch.scores, batch.correct, batch.classes, n),
        Vote.WEIGHTED: vote_at_k(batch.classes, batch.correct, n, batch.scores),
    }
    chosen = [
        (by_vote[Vote(str(key.vote))], AGGREGATIONS.index(str(key.aggregation))) for key in keys
    ]
    return [Estimate(e.accuracy[i], e.standard_error[i]) for e, i in chosen]
