"""What published points can and can't tell, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from ttsgrid.analysis.frames.competing import competes, is_greedy
from ttsgrid.core.strategies import display_name
from ttsgrid.views.words.numbers import listed, percent, quantity

N_ALONE = "N"  # what `external_points` calls the cost where nothing better is known
NUM_NAMED = 3  # of policies that beat a larger one


def note(points: pl.DataFrame) -> str:
    """Say in two sentences what published points can and can't tell."""
    sources = ", ".join(points["source"].unique().sort())
    seeds = points["num_seeds"].to_numpy().max()
    spread = (
        f" Where a setting has several seeds (up to {seeds}), their mean and range are shown."
        if seeds > 1
        else ""
    )
    return (
        f"Published points: {len(points)} ({sources}). They come without results per problem, so "
        f"no interval can be given, and no test can compare them with what ran here.{spread}"
    )


def small_beats_large(points: pl.DataFrame) -> str | None:
    """Say which policies answer more than the costliest one's CoT for less, the cheapest first.

    Of several CoTs that are beaten so, the costliest is named.

    Args:
        points: of one benchmark, as `external_points` gives them.

    Returns:
        None where no published CoT is beaten, or nothing but N is known of costs.
    """
    if points["cost_is"].item(0) == N_ALONE:
        return None
    for large in points.filter(is_greedy()).sort("cost", descending=True).iter_rows(named=True):
        cheaper = points.filter(competes(), pl.col("cost") < large["cost"])
        better = cheaper.filter(
            pl.col("accuracy") > large["accuracy"], pl.col("policy") != large["policy"]
        )
        if not better.is_empty():
            return _beaten(large, better, points["cost_is"].item(0))
    return None


def _beaten(large: Mapping[str, Any], better: pl.DataFrame, cost_is: str) -> str:
    best = better.sort("accuracy", descending=True).unique("policy", keep="first")
    ordered = best.sort("cost", "accuracy", descending=[False, True])
    named = [
        f"{row['policy']} {percent(row['accuracy'])} % ({display_name(row['strategy'])}, "
        f"N = {row['n']}; {quantity(large['cost'] / row['cost'])} times less)"
        for row in ordered.head(NUM_NAMED).iter_rows(named=True)
    ]
    others = [f"{len(ordered) - NUM_NAMED} more policies"] if len(ordered) > NUM_NAMED else []
    return (
        f"{large['policy']} with {display_name(large['strategy'])} answers "
        f"{percent(large['accuracy'])} % right. Published as better for less ({cost_is}): "
        f"{listed([*named, *others])}."
    )
