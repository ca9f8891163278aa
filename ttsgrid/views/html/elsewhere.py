"""Points from elsewhere: drawn and listed like the store's own, and kept apart from them.

A published accuracy comes without its problems, so it has no interval; what whiskers
there are show the range of its seeds (`ttsgrid.analysis.cells.external_points`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from ttsgrid.analysis.cells.outcomes import PASS_AT_K
from ttsgrid.views.html.pictures import picture_of
from ttsgrid.views.html.view import Elsewhere, Entry, Interval, Picture, Table
from ttsgrid.views.html.words import listed, percent, quantity, strategy_name
from ttsgrid.views.words.external import note

_N = "N"  # what `external_points` calls the cost where nothing better is known
_CAPTION = (
    "Each point was published elsewhere, without its problems: there is no interval. Where there "
    "are several seeds, it is their mean, and the whisker is their range."
)


def elsewhere(external: pl.DataFrame, benchmark: str) -> Elsewhere | None:
    """Return what was published elsewhere about a benchmark; None where nothing was.

    Args:
        external: `Frontier.external`.
        benchmark: whose points.
    """
    points = external.filter(benchmark=benchmark)
    if points.is_empty():
        return None
    return Elsewhere((_frontier_said(points), note(points)), _picture(points), _table(points))


def _frontier_said(points: pl.DataFrame) -> str:
    """Walk along the frontier from its cheapest to its most accurate point."""
    on = points.filter("on_frontier").sort("cost")
    unit = points["cost_is"].item(0)
    ends = [
        f"{percent(row['accuracy'])} % at {_cost(row)} ({row['policy']}, {_name(row)})"
        for row in (on.row(0, named=True), on.row(-1, named=True))
    ]
    names = listed([strategy_name(name) for name in on["strategy"].unique(maintain_order=True)])
    return (
        f"Of {len(points)} published points {len(on)} are on the frontier of accuracy against "
        f"{unit}: from {ends[0]} to {ends[1]}. On it are {names}."
    )


def _picture(points: pl.DataFrame) -> Picture:
    real = points.filter(pl.col("strategy") != PASS_AT_K)
    unknown = pl.lit(None, pl.Float64)
    labels = [_name(row) for row in real.iter_rows(named=True)]
    drawn = real.rename({"setting": "variant", "seed_low": "low", "seed_high": "high"})
    drawn = drawn.with_columns(
        policy_generated_tokens="tokens",
        bin=pl.lit("all"),
        num_problems=pl.lit(None, pl.Int64),
        flops_generated=unknown,
        device_seconds=unknown,
        money=unknown,
        best_prm=pl.lit(True),
        label=pl.Series(labels, dtype=pl.String),
    )
    # Settings that are one point each are no lines: the sweep over N makes a line.
    alone = pl.len().over("policy", "strategy", "variant") == 1
    drawn = drawn.with_columns(variant=pl.when(~alone).then("variant"))
    policies = sorted(set(real["policy"]))
    return picture_of(drawn, policies, None, _CAPTION)


def _table(points: pl.DataFrame) -> Table:
    """The frontier, and the best point of each policy and strategy."""
    ranked = points.sort("accuracy", "cost", descending=[True, False]).with_row_index("rank")
    best = pl.col("rank") == pl.col("rank").min().over("policy", "prm", "strategy")
    shown = ranked.filter(pl.col("on_frontier") | best).sort("policy", "strategy", "cost")
    counted = [name for name in shown["cost_is"].head(1) if name != _N]
    return Table(
        "On the frontier, and the best of each strategy",
        "Accuracy in %, with the range of the seeds where there are several. Where only N is "
        "known, each policy has a frontier of its own.",
        ("policy", "strategy", "N", "setting", "on the frontier", "accuracy", *counted),
        5,
        tuple(_row(row) for row in shown.iter_rows(named=True)),
    )


def _row(row: Mapping[str, Any]) -> tuple[Entry, ...]:
    cost = () if row["cost_is"] == _N else (Entry(quantity(row["cost"])),)
    return (
        Entry(row["policy"]),
        Entry(strategy_name(row["strategy"])),
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


def _cost(row: Mapping[str, Any]) -> str:
    if row["cost_is"] == _N:
        return f"N = {row['n']}"
    if row["cost_is"].startswith("FLOPs"):
        return quantity(row["cost"], "FLOPs")
    return f"{quantity(row['cost'])} tokens"


def _name(row: Mapping[str, Any]) -> str:
    """A point's name without its policy, e.g. `beam search, N = 100, beam=50`."""
    parts = [strategy_name(row["strategy"]), f"N = {row['n']}", row["setting"] or ""]
    return ", ".join(part for part in parts if part)
