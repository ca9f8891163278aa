"""Published points, shown on the same frontier and kept apart from what was run here.

An external point is an accuracy without results per problem. How it would vary with other
problems is therefore unknown, and it can't be compared with a cell problem by problem: it
gets no interval. Where a setting was run with several seeds, their mean is the point, and
the range of the seeds is shown as what it is.
"""

from __future__ import annotations

import polars as pl

from ttsgrid.analysis.cells.flops import inference_flops
from ttsgrid.analysis.frames.competing import competes
from ttsgrid.store import StorePath, scan

_GROUP = ["benchmark", "policy", "prm", "strategy", "n", "setting", "source"]
_COST_NAMES = {
    "total_flops": "FLOPs, pre-training included",
    "flops": "FLOPs per problem",
    "tokens": "generated tokens per problem",
    "n": "N",
}


def external_points(store: StorePath) -> pl.DataFrame:
    """Return a store's external points, one row per setting.

    Returns:
        benchmark, policy, prm, strategy, n, setting, source; `accuracy` (mean of the seeds),
        `num_seeds`, `seed_low` and `seed_high` (their range; null for one run), `tokens` (the
        policy's, per problem), `flops` (policy and PRM, each reading those tokens once; null
        where a size or the tokens are unknown), `total_flops` (with pre-training, as
        published), `cost` (the best known of total FLOPs, FLOPs, tokens and N that all points
        of the benchmark have) and `cost_is`, and `on_frontier`.
    """
    raw = scan(store, "points").collect()
    several = pl.len() > 1
    points = raw.group_by(_GROUP, maintain_order=True).agg(
        pl.col("accuracy").mean(),
        num_seeds=pl.len().cast(pl.Int64),
        seed_low=pl.when(several).then(pl.col("accuracy").min()),
        seed_high=pl.when(several).then(pl.col("accuracy").max()),
        tokens=pl.col("tokens").mean(),
        flops=_flops().mean(),
        total_flops=pl.col("total_flops").mean(),
    )
    return _with_frontier(points).sort("benchmark", "policy", "strategy", "setting", "n")


def _flops() -> pl.Expr:
    policy = inference_flops(1.0, 1.0) * pl.col("policy_parameters") * pl.col("tokens")
    prm = inference_flops(1.0, 1.0) * pl.col("prm_parameters") * pl.col("tokens")
    return policy + pl.when(pl.col("prm").is_null()).then(0.0).otherwise(prm)


def _with_frontier(points: pl.DataFrame) -> pl.DataFrame:
    """Add `cost`, `cost_is` and `on_frontier`, benchmark by benchmark."""
    parts = [_benchmark(part) for _, part in points.group_by("benchmark", maintain_order=True)]
    if parts:
        return pl.concat(parts)
    return points.with_columns(
        cost=pl.lit(None, pl.Float64),
        cost_is=pl.lit(None, pl.String),
        on_frontier=pl.lit(None, pl.Boolean),
    )


def _benchmark(points: pl.DataFrame) -> pl.DataFrame:
    known = next(name for name in _COST_NAMES if not points[name].has_nulls())
    priced = points.with_columns(
        cost=pl.col(known).cast(pl.Float64), cost_is=pl.lit(_COST_NAMES[known])
    )
    # N is no common currency: between policies of different size it can't order costs.
    group = ["policy"] if known == "n" else ["benchmark"]
    # Of equal cost the most accurate comes first: the others are not on the frontier.
    ordered = priced.sort("cost", pl.col("accuracy"), descending=[False, True])
    real = competes()
    reached = pl.when(real).then(pl.col("accuracy")).cum_max().shift(1).over(group)
    better = real & (pl.col("accuracy") > reached.forward_fill().over(group).fill_null(-1.0))
    return ordered.with_columns(on_frontier=better)
