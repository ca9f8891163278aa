"""Pools as arrays: one row a problem, one column a sample.

Estimators work on batches of pools of one size, so a series becomes one batch a
pool size (usually one in all). A sample without a score by a PRM is left out of
that PRM's pools: an unscored sample isn't a badly scored one.

What k of n samples cost: k / n of what the pool took, but for prompts. The first
sample of a pool has nothing to read from a cache and the others share with it; so
the uncached tokens are one prompt for the first and an equal part of the rest for
each further one. At k = n every number is the engines' own, to the token.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from ttsgrid.analysis.cells.flops import Spent
from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.analysis.statistics.estimators import Ranking, rank
from ttsgrid.core.voting import AGGREGATIONS, NO_ANSWER, Bools, Floats, Ints

_PRM_TOKENS = ("prm_prompt_tokens", "prm_cached_tokens")
_TOTALS = {
    "policy_prompt": "prompt_tokens",
    "policy_cached": "cached_tokens",
    "policy_generated": "generated_tokens",
    "prm_prompt": _PRM_TOKENS[0],
    "prm_cached": _PRM_TOKENS[1],
}


@dataclass(frozen=True)
class PoolBatch:
    """Pools of P problems with n samples each, of one series.

    Attributes:
        problems: row numbers in `StoreFrames.problems`, shape (P,).
        classes: answer classes below n, `NO_ANSWER` for none; shape (P, n).
        correct: verdicts, shape (P, n).
        total: what the whole pools took.
        scores: one an aggregation (in the order of `AGGREGATIONS`), shape (A, P, n);
            None for pools without a PRM.
    """

    problems: Ints
    classes: Ints
    correct: Bools
    total: Spent
    scores: Floats | None = None

    @property
    def size(self) -> int:
        """Samples a pool, n."""
        return int(self.classes.shape[1])

    @cached_property
    def ranking(self) -> Ranking:
        """The samples in order of each aggregation's scores."""
        assert self.scores is not None
        return rank(self.scores, self.correct, self.classes)

    def spent(self, k: int) -> Spent:
        """Return what k samples cost; exactly `total` at k = n."""
        share, total = k / self.size, self.total
        policy, prm = total.policy_prompt, total.prm_prompt
        return Spent(
            policy_prompt=share * policy,
            policy_cached=share * policy - self._uncached(policy, total.policy_cached, k),
            policy_generated=share * total.policy_generated,
            prm_prompt=share * prm,
            prm_cached=share * prm - self._uncached(prm, total.prm_cached, k),
            seconds=share * total.seconds,
        )

    def _uncached(self, prompt: Floats, cached: Floats, k: int) -> Floats:
        """Prompt tokens that k samples compute, given what all n did."""
        computed = prompt - cached
        first = np.minimum(prompt / self.size, computed)
        return np.asarray(first + (computed - first) * ((k - 1) / max(1, self.size - 1)))


def unscored_pools(frames: StoreFrames, series: int) -> Iterator[PoolBatch]:
    """Yield the pools of one series, by size."""
    pools = frames.solutions.filter(series=series)
    yield from _batches(pools, frames.seconds.filter(pl.col("prm").is_null(), series=series))


def scored_pools(frames: StoreFrames, series: int, prm: str) -> Iterator[PoolBatch]:
    """Yield what one PRM scored of the pools of one series, by size."""
    scores = frames.scores.filter((pl.col("series") == series) & (pl.col("prm") == prm))
    renamed = {name: name.removeprefix("prm_") for name in _PRM_TOKENS}
    read = scores.select("problem", "sample", *AGGREGATIONS.names, **renamed)
    seconds = frames.seconds.filter(pl.col("prm").is_null() | (pl.col("prm") == prm), series=series)
    yield from _batches(_side_by_side(frames.solutions.filter(series=series), read), seconds)


def _side_by_side(pools: pl.DataFrame, scores: pl.DataFrame) -> pl.DataFrame:
    """Samples with their scores, those without left out; both come sorted."""
    key = ["problem", "sample"]
    if pools.select(key).equals(scores.select(key)):  # usual, and a join takes seconds
        return pools.hstack(scores.drop(key))
    return pools.join(scores, on=key, maintain_order="left")


def _batches(rows: pl.DataFrame, seconds: pl.DataFrame) -> Iterator[PoolBatch]:
    """Split sorted samples by the size of their pool."""
    a_sample = seconds.group_by("problem").agg(pl.col("seconds_a_sample").sum())
    sizes = rows.group_by("problem", maintain_order=True).agg(size=pl.len())
    timed = sizes.join(a_sample, on="problem", how="left", maintain_order="left")
    for size in sizes["size"].unique().sort():
        alike = timed.filter(size=size)
        of_size = rows
        if len(alike) < len(timed):
            of_size = rows.join(alike, on="problem", how="semi", maintain_order="left")
        yield _batch(of_size, size, size * _floats(alike, "seconds_a_sample"))


def _batch(rows: pl.DataFrame, size: int, seconds: Floats) -> PoolBatch:
    def total(column: str) -> Floats:
        if column not in rows.columns:  # pools without a PRM
            return np.zeros(len(seconds))
        return np.asarray(_floats(rows, column).reshape(-1, size).sum(axis=1))

    scored = _PRM_TOKENS[0] in rows.columns
    scores = [_floats(rows, how).reshape(-1, size) for how in AGGREGATIONS.names] if scored else []
    return PoolBatch(
        problems=_ints(rows, "problem")[::size],
        classes=dense(_ints(rows, "answer_class").reshape(-1, size)),
        correct=rows["correct"].to_numpy().reshape(-1, size),
        total=Spent(**{name: total(column) for name, column in _TOTALS.items()}, seconds=seconds),
        scores=np.stack(scores) if scored else None,
    )


def _floats(rows: pl.DataFrame, column: str) -> Floats:
    return rows[column].cast(pl.Float64).to_numpy()


def _ints(rows: pl.DataFrame, column: str) -> Ints:
    return rows[column].cast(pl.Int64).to_numpy()


def dense(classes: Ints) -> Ints:
    """Renumber the classes of each row below n, where they aren't; `NO_ANSWER` stays.

    Args:
        classes: shape (P, n).
    """
    if classes.max(initial=NO_ANSWER) < classes.shape[1]:
        return classes
    order = np.argsort(classes, axis=1)
    in_order = np.take_along_axis(classes, order, axis=1)
    fresh = np.empty(classes.shape, np.int64)
    fresh[:, 0] = in_order[:, 0] >= 0
    fresh[:, 1:] = in_order[:, 1:] != in_order[:, :-1]
    renumbered = np.empty_like(fresh)
    np.put_along_axis(renumbered, order, np.cumsum(fresh, axis=1) - 1, axis=1)
    return renumbered
