"""Pools as arrays: one row a problem, one column a sample.

Estimators work on batches of pools of one size, so a series becomes one batch a
pool size (usually one in all). A sample without a score by a PRM is left out of
that PRM's pools: an unscored sample isn't a badly scored one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from ttsgrid.frontier.load import AGGREGATIONS, StoreFrames
from ttsgrid.voting import Bools, Floats, Ints


@dataclass(frozen=True)
class PoolBatch:
    """Pools of P problems with n samples each, of one series.

    Attributes:
        problems: row numbers in `StoreFrames.problems`, shape (P,).
        classes: answer classes, dense from 0 a pool, `NO_ANSWER` for none; shape (P, n).
        correct: verdicts, shape (P, n).
        prompt_tokens: mean a sample, shape (P,).
        generated_tokens: mean a sample, shape (P,).
        scores: one an aggregation (in the order of `AGGREGATIONS`), shape (A, P, n);
            None for pools without a PRM.
        prm_tokens: mean the PRM reads a sample, shape (P,); None without a PRM.
    """

    problems: Ints
    classes: Ints
    correct: Bools
    prompt_tokens: Floats
    generated_tokens: Floats
    scores: Floats | None = None
    prm_tokens: Floats | None = None

    @property
    def size(self) -> int:
        """Samples a pool, n."""
        return int(self.classes.shape[1])


def unscored_pools(frames: StoreFrames, series: int) -> Iterator[PoolBatch]:
    """Yield the pools of one series, by size."""
    return _batches(frames.solutions.filter(series=series))


def scored_pools(frames: StoreFrames, series: int, prm: str) -> Iterator[PoolBatch]:
    """Yield what one PRM scored of the pools of one series, by size."""
    scores = frames.scores.filter((pl.col("series") == series) & (pl.col("prm") == prm))
    read = scores.select("problem", "sample", *AGGREGATIONS, prm_tokens="prompt_tokens")
    pools = frames.solutions.filter(series=series)
    return _batches(pools.join(read, on=["problem", "sample"], maintain_order="left"))


def _batches(rows: pl.DataFrame) -> Iterator[PoolBatch]:
    sized = rows.with_columns(size=pl.len().over("problem"))
    for size in sized["size"].unique().sort():
        yield _batch(sized.filter(size=size).sort("problem", "sample"), size)


def _batch(rows: pl.DataFrame, size: int) -> PoolBatch:
    def mean_of(column: str) -> Floats:
        return np.asarray(_floats(rows, column).reshape(-1, size).mean(axis=1))

    scored = "prm_tokens" in rows.columns
    scores = [_floats(rows, how).reshape(-1, size) for how in AGGREGATIONS] if scored else []
    return PoolBatch(
        problems=_ints(rows, "problem")[::size],
        classes=_dense(_ints(rows, "answer_class").reshape(-1, size)),
        correct=rows["correct"].to_numpy().reshape(-1, size),
        prompt_tokens=mean_of("prompt_tokens"),
        generated_tokens=mean_of("generated_tokens"),
        scores=np.stack(scores) if scored else None,
        prm_tokens=mean_of("prm_tokens") if scored else None,
    )


def _floats(rows: pl.DataFrame, column: str) -> Floats:
    return rows[column].cast(pl.Float64).to_numpy()


def _ints(rows: pl.DataFrame, column: str) -> Ints:
    return rows[column].cast(pl.Int64).to_numpy()


def _dense(classes: Ints) -> Ints:
    """Renumber the classes of each row from 0; `NO_ANSWER` stays."""
    order = np.argsort(classes, axis=1)
    in_order = np.take_along_axis(classes, order, axis=1)
    fresh = np.empty(classes.shape, np.int64)
    fresh[:, 0] = in_order[:, 0] >= 0
    fresh[:, 1:] = in_order[:, 1:] != in_order[:, :-1]
    dense = np.empty_like(fresh)
    np.put_along_axis(dense, order, np.cumsum(fresh, axis=1) - 1, axis=1)
    return dense
