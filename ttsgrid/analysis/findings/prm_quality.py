"""How well a PRM ranks: does a right solution outscore a wrong one of the same problem?

That is all that best-of-N, weighted votes and searches ask of a PRM. Over the solutions of
all problems pooled the same question has another answer, since a PRM that only knows which
problems are hard does well on it: on the zoo `zoo-shepherd` has 0.92 pooled and 0.54
within a problem on the solutions of `zoo-l`. The pooled figure stands beside it, named so.

Within a problem: the share of (right, wrong) pairs of one problem in which the right one
has the higher score, ties half (the area under the ROC curve), averaged over the problems
that have both kinds, each with equal weight. Its interval is over problems.

Only the samples of pools count. Answers of searches were picked by a PRM, and of a greedy
pool there is one per problem. Samples without a score are left out and counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from ttsgrid.analysis.cells.outcomes import aggregations_of
from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.analysis.statistics.intervals import mean_intervals
from ttsgrid.analysis.statistics.rank_statistics import area_under_curve

PRM_QUALITY_SCHEMA: dict[str, type[pl.DataType]] = {
    "benchmark": pl.String,
    "policy": pl.String,
    "prm": pl.String,
    "aggregation": pl.String,
    "num_problems": pl.Int64,
    "num_pairs": pl.Int64,
    "num_unscored": pl.Int64,
    "area": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "pooled_area": pl.Float64,
    "pooled_area_low": pl.Float64,
    "pooled_area_high": pl.Float64,
}
_GROUP = ["benchmark", "policy", "prm"]


def prm_quality(frames: StoreFrames) -> pl.DataFrame:
    """Measure every PRM on every policy's pools.

    Returns:
        One row per (policy, PRM, aggregation), columns `PRM_QUALITY_SCHEMA`. `area`, with its
        95 % interval, is within problems, `num_problems` those with both kinds of solutions
        and `num_pairs` their pairs; `pooled_area` compares solutions of all problems.
        Policies without such a problem have no row.
    """
    rows: list[dict[str, Any]] = []
    pools = frames.series.filter(~pl.col("greedy"))
    for prm in frames.scores["prm"].unique().cast(pl.String).sort():
        for pool in pools.iter_rows(named=True):
            names = {"benchmark": pool["benchmark"], "policy": pool["policy"], "prm": prm}
            samples = _scored_samples(frames, pool["series"], prm)
            for aggregation in aggregations_of(frames, prm):
                rows.extend(names | measured for measured in _measured(samples, aggregation))
    return pl.DataFrame(rows, schema=PRM_QUALITY_SCHEMA).sort(*_GROUP, maintain_order=True)


def areas_within(samples: pl.DataFrame) -> pl.DataFrame:
    """Return the area under the ROC curve of each problem that has both kinds of solutions.

    Args:
        samples: columns problem, correct and score; higher scores mean more likely right.

    Returns:
        Columns problem, area and num_pairs, by problem.
    """
    right = pl.col("correct")
    ranked = samples.with_columns(rank=pl.col("score").rank("average").over("problem"))
    counted = ranked.group_by("problem").agg(
        ranks=pl.col("rank").filter(right).sum(), right=right.sum(), wrong=(~right).sum()
    )
    # Mann and Whitney 1947: ranks of the right ones, less what they have among themselves.
    above = pl.col("ranks") - pl.col("right") * (pl.col("right") + 1) / 2
    pairs = pl.col("right").cast(pl.Int64) * pl.col("wrong")
    both = counted.filter(pairs > 0).sort("problem")
    return both.select("problem", area=above / pairs, num_pairs=pairs)


def _scored_samples(frames: StoreFrames, series: int, prm: str) -> pl.DataFrame:
    """The samples of a pool with their verdict and one column per aggregation.

    One pool and PRM at a time: large stores hold ten million scores.
    """
    key = ["problem", "sample"]
    verdicts = frames.solutions.filter(series=series).select(*key, "correct")
    of_pool = frames.scores.filter(pl.col("series") == series, pl.col("prm") == prm)
    if of_pool.select(key).equals(verdicts.select(key)):  # usual, and a join takes seconds
        return of_pool.hstack(verdicts.select("correct"))
    return of_pool.join(verdicts, on=key).sort(key)


def _measured(samples: pl.DataFrame, aggregation: str) -> Iterator[dict[str, Any]]:
    """One row; none where no problem has both kinds."""
    columns = samples.select("problem", "correct", score=aggregation)
    scored = columns.filter(pl.col("score").is_finite())
    within = areas_within(scored)
    if within.is_empty():
        return
    areas = within["area"].to_numpy()
    interval = mean_intervals(areas)
    clusters = scored["problem"].rle_id().cast(pl.Int64).to_numpy()
    pooled = area_under_curve(scored["score"].to_numpy(), scored["correct"].to_numpy(), clusters)
    yield {
        "aggregation": aggregation,
        "num_problems": len(areas),
        "num_pairs": int(within["num_pairs"].sum()),
        "num_unscored": len(samples) - len(scored),
        "area": float(np.mean(areas)),
        "low": float(interval.low),
        "high": float(interval.high),
        "pooled_area": pooled and pooled.value,
        "pooled_area_low": pooled and pooled.low,
        "pooled_area_high": pooled and pooled.high,
    }
