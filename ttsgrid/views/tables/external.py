"""Published points, as a table; their accuracies come without intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from ttsgrid.core.strategies import display_name
from ttsgrid.views.tables.table import Entry, Interval, Table
from ttsgrid.views.words.external import N_ALONE
from ttsgrid.views.words.numbers import percent, quantity


def external_table(points: pl.DataFrame) -> Table:
    """The frontier, and the best point of each policy and strategy."""
    ranked = points.sort("accuracy", "cost", descending=[True, False]).with_row_index("rank")
    best = pl.col("rank") == pl.col("rank").min().over("policy", "prm", "strategy")
    shown = ranked.filter(pl.col("on_frontier") | best).sort("policy", "strategy", "cost")
    counted = [name for name in shown["cost_is"].head(1) if name != N_ALONE]
    return Table(
        "Points on the frontier, and the best of each strategy",
        "Accuracy in %, with the range of the seeds where there are several. Where N is the only "
        "known cost, each policy has a frontier of its own.",
        ("policy", "strategy", "N", "setting", "on the frontier", "accuracy", *counted),
        5,
        tuple(_row(row) for row in shown.iter_rows(named=True)),
    )


def _row(row: Mapping[str, Any]) -> tuple[Entry, ...]:
    cost = () if row["cost_is"] == N_ALONE else (Entry(quantity(row["cost"])),)
    return (
        Entry(row["policy"]),
        Entry(display_name(row["strategy"])),
        Entry(str(row["n"])),
        Entry(row["setting"] or "–"),
        Entry("yes", tone="good") if row["on_frontier"] else Entry("no"),
        _accuracy(row),
        *cost,
    )


def _accuracy(row: Mapping[str, Any]) -> Entry:
    if row["seed_low"] is None:
        return Entry(percent(row["accuracy"]))
    low, high = row["seed_low"], row["seed_high"]
    bar = Interval(low, row["accuracy"], high)
    return Entry(percent(row["accuracy"]), f"{percent(low)}–{percent(high)}", interval=bar)
