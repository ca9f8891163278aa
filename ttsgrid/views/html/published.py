"""Published points: drawn and listed like the store's own, and kept apart from them.

A published accuracy comes without its problems, so it has no interval; what whiskers
there are show the range of its seeds (`ttsgrid.analysis.cells.external_points`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from ttsgrid.analysis.frames.competing import competes
from ttsgrid.core.strategies import display_name
from ttsgrid.views.html.pictures import picture_of
from ttsgrid.views.html.view import Picture, Published
from ttsgrid.views.tables.external import external_table
from ttsgrid.views.words.external import (
    N_ALONE,
    in_brief,
    note,
    small_and_large,
    small_beats_large,
    title_of_published,
)
from ttsgrid.views.words.numbers import listed, percent, quantity

_CAPTION = (
    "Each point was published elsewhere, without results per problem, so it has no interval. "
    "Where a setting was run with several seeds, the point is their mean and the band their "
    "range."
)


def published_points(external: pl.DataFrame, benchmark: str) -> Published | None:
    """Return what was published about a benchmark; None where nothing was.

    Args:
        external: `Frontier.external`.
        benchmark: whose points.
    """
    points = external.filter(benchmark=benchmark)
    if points.is_empty():
        return None
    said = (small_beats_large(points), _frontier_said(points), note(points))
    sentences = tuple(sentence for sentence in said if sentence is not None)
    plainly = in_brief(points)
    brief = f"As published, {plainly}." if plainly else sentences[0]
    return Published(brief, sentences, _picture(points), external_table(points))


def _frontier_said(points: pl.DataFrame) -> str:
    """Walk along the frontier from its cheapest to its most accurate point."""
    on = points.filter("on_frontier").sort("cost")
    unit = points["cost_is"].item(0)
    ends = [
        f"{percent(row['accuracy'])} % at {_cost(row)} ({row['policy']}, {_name(row)})"
        for row in (on.row(0, named=True), on.row(-1, named=True))
    ]
    names = listed([display_name(name) for name in on["strategy"].unique(maintain_order=True)])
    return (
        f"Of {len(points)} published points, {len(on)} are on the frontier of accuracy against "
        f"{unit}: from {ends[0]} to {ends[1]}. On it are {names}."
    )


def _picture(points: pl.DataFrame) -> Picture:
    real = points.filter(competes())
    # The page's picture expects these columns; what is null in all points is not offered.
    unknown = pl.lit(None, pl.Float64)
    labels = [_name(row) for row in real.iter_rows(named=True)]
    drawn = real.rename({"setting": "variant", "seed_low": "low", "seed_high": "high"})
    drawn = drawn.with_columns(
        policy_generated_tokens="tokens",
        bin=pl.lit("all"),
        num_problems=pl.lit(None, pl.Int64),
        flops_generated=unknown,
        flops_policy=unknown,
        at_n=pl.format("N = {}", "n"),
        winner=_winner(points),
        device_seconds=unknown,
        money=unknown,
        best_prm=pl.lit(True),
        label=pl.Series(labels, dtype=pl.String),
    )
    # A setting with one point draws no line of its own: lines are sweeps over N.
    alone = pl.len().over("policy", "strategy", "variant") == 1
    drawn = drawn.with_columns(variant=pl.when(~alone).then("variant"))
    policies = sorted(set(real["policy"]))
    picture = picture_of(drawn, policies, None, _CAPTION, title_of_published(points))
    return replace(picture, summary=_frontier_said(points))


def _winner(points: pl.DataFrame) -> pl.Expr:
    """Whether a point is the small one that the title names."""
    found = small_and_large(points)
    if found is None:
        return pl.lit(False)
    same = [pl.col(name) == found[0][name] for name in ("policy", "strategy", "n", "accuracy")]
    return pl.all_horizontal(same)


def _cost(row: Mapping[str, Any]) -> str:
    if row["cost_is"] == N_ALONE:
        return f"N = {row['n']}"
    if row["cost_is"].startswith("FLOPs"):
        return quantity(row["cost"], "FLOPs")
    return f"{quantity(row['cost'])} tokens"


def _name(row: Mapping[str, Any]) -> str:
    """A point's name without its policy, e.g. `beam search, N = 100, beam=50`."""
    parts = [display_name(row["strategy"]), f"N = {row['n']}", row["setting"] or ""]
    return ", ".join(part for part in parts if part)
