"""What the first few samples of a problem show without its gold answer.

A *probe* is the first samples of a pool: any budget at least as large has paid for them.
From them come the features of a problem, and from the samples outside the probe the rate
that they shall predict, so that no verdict on the probe leaks into its target.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.core.units import FIRST_BLOCK
from ttsgrid.core.voting import NO_ANSWER, Floats, Ints

PROBE_SIZE = FIRST_BLOCK
VOTE_FEATURES = ("agreement",)
SCORE_FEATURES = ("mean_min_score", "mean_last_score")
_POOL = ["series", "problem"]


@dataclass(frozen=True)
class Probes:
    """The probes of one policy's pools, with one PRM or with none.

    Attributes:
        names: of the features: `agreement` is the share of the probe that gives its most
            frequent answer; with a PRM, the means of the lowest and of the last step score.
        problems: row numbers in `StoreFrames.problems`, shape (P,).
        features: shape (P, F).
        rates: pass@1 over the samples outside the probe, shape (P,).
    """

    benchmark: str
    policy: str
    prm: str | None
    names: tuple[str, ...]
    problems: Ints
    features: Floats
    rates: Floats


def probes(frames: StoreFrames, probe_size: int = PROBE_SIZE) -> Iterator[Probes]:
    """Yield the probes of each (policy, PRM), and of each policy without a PRM.

    Pools smaller than two probes are left out: they leave too little to predict.
    """
    votes = _votes(frames, probe_size)
    prms = [None, *frames.scored_blocks["prm"].unique().sort().to_list()]
    for row in frames.series.filter(~pl.col("greedy")).iter_rows(named=True):
        mine = votes.filter(series=row["series"]).drop("series")
        for prm in prms:
            scored = mine
            if prm is not None:
                read = pl.col("series") == row["series"], pl.col("prm") == prm
                scored = _with_scores(mine, frames.scores.filter(*read), probe_size)
            names = VOTE_FEATURES if prm is None else (*VOTE_FEATURES, *SCORE_FEATURES)
            if scored.is_empty():
                continue
            yield Probes(
                benchmark=row["benchmark"],
                policy=row["policy"],
                prm=prm,
                names=names,
                problems=np.asarray(scored["problem"].to_numpy(), np.int64),
                features=scored.select(names).to_numpy(),
                rates=scored["rate"].to_numpy(),
            )


def _votes(frames: StoreFrames, size: int) -> pl.DataFrame:
    """series, problem, agreement and rate of every pool that is large enough."""
    inside = pl.col("sample") < size
    ballots = frames.solutions.filter(inside).group_by(*_POOL, "answer_class").len()
    counted = ballots.group_by(_POOL).agg(
        cast=pl.col("len").sum(),
        most=pl.col("len").filter(pl.col("answer_class") != NO_ANSWER).max().fill_null(0),
    )
    rest = frames.solutions.filter(~inside).group_by(_POOL)
    rates = rest.agg(rate=pl.col("correct").mean(), others=pl.len())
    whole = counted.filter(cast=size).join(rates.filter(pl.col("others") >= size), on=_POOL)
    return whole.with_columns(agreement=pl.col("most") / size).sort(_POOL)


def _with_scores(pools: pl.DataFrame, scores: pl.DataFrame, size: int) -> pl.DataFrame:
    """Add the means of a PRM's scores; pools whose probe it did not score are left out."""
    means = (
        scores.filter(pl.col("sample") < size)
        .group_by("problem")
        .agg(
            mean_min_score=pl.col("min").mean(),
            mean_last_score=pl.col("last").mean(),
            scored=pl.len(),
        )
    )
    joined = pools.join(means, on="problem", maintain_order="left")
    finite = pl.col("mean_min_score").is_finite() & pl.col("mean_last_score").is_finite()
    return joined.filter(pl.col("scored") == size, finite)
