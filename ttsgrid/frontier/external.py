"""Points from elsewhere, shown on the same frontier and kept apart from what was run here.

An external point is an accuracy without its problems. So nobody can say how it would vary
with other problems, and it can't be compared with a cell problem by problem: it gets no
interval. Where a setting was run with several seeds, their mean is the point, and
the range of the seeds is shown as what it is.
"""

from __future__ import annotations

import polars as pl
from rich.box import SIMPLE_HEAD
from rich.table import Table

from ttsgrid.frontier.flops import inference_flops
from ttsgrid.store import StorePath, scan

PASS_AT_K = "pass@k"
_GROUP = ["benchmark", "policy", "prm", "strategy", "n", "setting", "source"]
_COST_NAMES = {"flops": "FLOPs a problem", "tokens": "generated tokens a problem", "n": "N"}


def external_points(store: StorePath) -> pl.DataFrame:
    """Return a store's external points, one row a setting.

    Returns:
        benchmark, policy, prm, strategy, n, setting, source; `accuracy` (mean of the seeds),
        `num_seeds`, `seed_low` and `seed_high` (their range; null for one run), `tokens` (the
        policy's, a problem), `flops` (policy and PRM, each reading those tokens once; null
        where a size or the tokens are unknown), `cost` (the best known of FLOPs, tokens and
        N that all points of the benchmark have) and `cost_is`, and `on_frontier`.
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
    )
    return _with_frontier(points).sort("benchmark", "policy", "strategy", "setting", "n")


def external_table(points: pl.DataFrame, benchmark: str) -> Table:
    """The points on a benchmark's frontier, and the best of each policy and strategy."""
    mine = points.filter(benchmark=benchmark)
    ranked = mine.sort("accuracy", "cost", descending=[True, False]).with_row_index("rank")
    best = pl.col("rank") == pl.col("rank").min().over("policy", "prm", "strategy")
    shown = ranked.filter(pl.col("on_frontier") | best).sort("policy", "strategy", "cost")
    table = Table(
        title=f"{benchmark}: accuracy in %, published elsewhere [range of the seeds]",
        caption="the points on the frontier (*), and the best of each strategy",
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    for heading in ("policy", "strategy", "N", "setting"):
        table.add_column(heading)
    table.add_column("accuracy", justify="right")
    table.add_column(mine["cost_is"].item(0), justify="right")
    for row in shown.iter_rows(named=True):
        spread = ""
        if row["seed_low"] is not None:
            spread = rf" [dim]\[{100 * row['seed_low']:.1f},{100 * row['seed_high']:.1f}][/dim]"
        accuracy = f"{'* ' if row['on_frontier'] else ''}{100 * row['accuracy']:.1f}{spread}"
        names = (row["policy"], row["strategy"], str(row["n"]), row["setting"] or "")
        table.add_row(*names, accuracy, f"{row['cost']:.3g}")
    return table


def note(points: pl.DataFrame) -> str:
    """Say in two sentences what external points can and can't tell."""
    sources = ", ".join(points["source"].unique().sort())
    seeds = points["num_seeds"].to_numpy().max()
    spread = (
        f" Where there are seeds (up to {seeds}), the mean and the range of the seeds are given."
        if seeds > 1
        else ""
    )
    return (
        f"Points from elsewhere: {len(points)} ({sources}). They come without their problems: no "
        f"interval can be given, and no test against what was run here.{spread}"
    )


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
    ordered = priced.sort("cost", pl.col("accuracy"), descending=[False, True])
    real = pl.col("strategy") != PASS_AT_K
    reached = pl.when(real).then(pl.col("accuracy")).cum_max().shift(1).over(group)
    better = real & (pl.col("accuracy") > reached.forward_fill().over(group).fill_null(-1.0))
    return ordered.with_columns(on_frontier=better)
