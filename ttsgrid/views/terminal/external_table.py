"""Points from elsewhere, for a terminal."""

from __future__ import annotations

import polars as pl
from rich.box import SIMPLE_HEAD
from rich.table import Table


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
