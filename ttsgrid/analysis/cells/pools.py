"""Pools as arrays: one row per problem, one column per sample.

Estimators work on batches of pools of one size, so a series becomes one batch for each
pool size (usually one in all). A PRM's pools hold the samples of the blocks that it was
given: one that it could not score stays, with NaN for a score, since leaving it out would
flatter every vote that is left. Samples of blocks that it was never given, or that failed
whole, are not in its pools; these are then smaller than the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import polars as pl

from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.analysis.frames.prices import covered
from ttsgrid.analysis.statistics.estimators import Ranking, rank
from ttsgrid.core.voting import AGGREGATIONS, NO_ANSWER, Bools, Floats, Ints


@dataclass(frozen=True)
class PoolBatch:
    """Pools of P problems with n samples each, of one series.

    Attributes:
        problems: row numbers in `StoreFrames.problems`, shape (P,).
        classes: answer classes below n, `NO_ANSWER` for none; shape (P, n).
        correct: verdicts, shape (P, n).
        scores: aggregation to scores, NaN for none, shape (P, n); empty for pools without
            a PRM.
        tokens: generated for each sample, shape (P, n); empty where a maker has no use for them.
    """

    problems: Ints
    classes: Ints
    correct: Bools
    scores: Mapping[str, Floats] = field(default_factory=dict)
    tokens: Ints = field(default_factory=lambda: np.zeros((0, 0), np.int64))

    @property
    def size(self) -> int:
        """Samples per pool, n."""
        return int(self.classes.shape[1])

    def of_rows(self, rows: Ints) -> PoolBatch:
        """Return some of the pools, by row."""
        return replace(
            self,
            problems=self.problems[rows],
            classes=self.classes[rows],
            correct=self.correct[rows],
            scores={how: scores[rows] for how, scores in self.scores.items()},
            tokens=self.tokens[rows] if self.tokens.size else self.tokens,
        )

    @cached_property
    def num_unscored(self) -> Floats:
        """Samples of each pool that the PRM could not score, shape (P,); 0 without a PRM."""
        for scores in self.scores.values():  # unscored is unscored by every aggregation
            return np.asarray(np.isnan(scores).sum(axis=1), np.float64)
        return np.zeros(len(self.problems))

    @cached_property
    def rankings(self) -> dict[str, Ranking]:
        """The samples in order of each aggregation's scores."""
        return {how: rank(s, self.correct, self.classes) for how, s in self.scores.items()}


def unscored_pools(frames: StoreFrames, series: int) -> Iterator[PoolBatch]:
    """Yield the pools of one series, by size."""
    yield from map(_numbered, _batches(_rows(frames, series, None)))


def scored_pools(frames: StoreFrames, series: int, prm: str) -> Iterator[PoolBatch]:
    """Yield what one PRM was given of the pools of one series, by size."""
    yield from map(_numbered, _batches(_rows(frames, series, prm)))


def paired_pools(
    frames: StoreFrames, series: int, smaller: int, prm: str | None = None
) -> Iterator[tuple[PoolBatch, PoolBatch]]:
    """Yield the pools of two series on the problems that both have, by size.

    Args:
        frames: the store.
        series: one of them.
        smaller: the other, of the same benchmark.
        prm: whose scores the other's pools have; None for no scores.

    Yields:
        Pools of the same problems, row by row; equal answers have one class in both.
    """
    others = list(_batches(_rows(frames, smaller, prm)))
    for batch in _batches(_rows(frames, series, None)):
        for other in others:
            both, mine, its = np.intersect1d(batch.problems, other.problems, return_indices=True)
            if both.size:
                first, second = batch.of_rows(mine), other.of_rows(its)
                classes = dense(np.concatenate([first.classes, second.classes], axis=1))
                yield (
                    replace(first, classes=classes[:, : first.size]),
                    replace(second, classes=classes[:, first.size :]),
                )


def _rows(frames: StoreFrames, series: int, prm: str | None) -> pl.DataFrame:
    """The samples of a series, or those that a PRM was given with their scores; sorted."""
    samples = frames.solutions.filter(series=series)
    if prm is None:
        return samples
    given = frames.scored_blocks.filter(series=series, prm=prm)
    if given.is_empty():
        return samples.head(0)
    pools = covered(samples.drop("series"), given.drop("series"))
    scores = frames.scores.filter((pl.col("series") == series) & (pl.col("prm") == prm))
    return _side_by_side(pools, scores.select("problem", "sample", *AGGREGATIONS.names))


def _numbered(batch: PoolBatch) -> PoolBatch:
    """Number classes below n, as estimators count votes in arrays of n places."""
    return replace(batch, classes=dense(batch.classes))


def _side_by_side(pools: pl.DataFrame, scores: pl.DataFrame) -> pl.DataFrame:
    """Samples with their scores, NaN for none; both come sorted."""
    key = ["problem", "sample"]
    if pools.select(key).equals(scores.select(key)):  # usual, and a join takes seconds
        return pools.hstack(scores.drop(key))
    joined = pools.join(scores, on=key, how="left", maintain_order="left")
    return joined.with_columns(pl.col(AGGREGATIONS.names).fill_null(float("nan")))


def _batches(rows: pl.DataFrame) -> Iterator[PoolBatch]:
    """Split sorted samples by the size of their pool."""
    sizes = rows.group_by("problem", maintain_order=True).agg(size=pl.len())
    for size in sizes["size"].unique().sort():
        alike = sizes.filter(size=size)
        of_size = rows
        if len(alike) < len(sizes):
            of_size = rows.join(alike, on="problem", how="semi", maintain_order="left")
        yield _batch(of_size, size)


def _batch(rows: pl.DataFrame, size: int) -> PoolBatch:
    scored = [how for how in AGGREGATIONS.names if how in rows.columns]
    return PoolBatch(
        problems=_ints(rows, "problem")[::size],
        classes=_ints(rows, "answer_class").reshape(-1, size),
        correct=rows["correct"].to_numpy().reshape(-1, size),
        scores={how: rows[how].to_numpy().reshape(-1, size) for how in scored},
        tokens=_ints(rows, "generated_tokens").reshape(-1, size),
    )


def _ints(rows: pl.DataFrame, column: str) -> Ints:
    return rows[column].cast(pl.Int64).to_numpy()


def dense(classes: Ints) -> Ints:
    """Renumber the classes of each row below n, where they aren't; `NO_ANSWER` stays.

    Args:
        classes: shape (P, n).
    """
    # Classes are numbered over all pools and searches of a problem, so there can be more than
    # n; estimators count votes in arrays of n places.
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
