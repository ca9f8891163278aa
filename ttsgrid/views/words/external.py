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
    found = _beaten(points)
    if found is None:
        return None
    large, better = found
    named = [
        f"{row['policy']} {percent(row['accuracy'])} % ({display_name(row['strategy'])}, "
        f"N = {row['n']}; {quantity(large['cost'] / row['cost'])} times less)"
        for row in better.head(NUM_NAMED).iter_rows(named=True)
    ]
    others = [f"{len(better) - NUM_NAMED} more policies"] if len(better) > NUM_NAMED else []
    return (
        f"{large['policy']} with {display_name(large['strategy'])} answers "
        f"{percent(large['accuracy'])} % right. Published as better for less "
        f"({points['cost_is'].item(0)}): {listed([*named, *others])}."
    )


def in_brief(points: pl.DataFrame) -> str | None:
    """Return the cheapest policy that beats a larger one, for a reader who knows no N."""
    found = small_and_large(points)
    if found is None:
        return None
    small, large = found
    tries = "many tries" if small["n"] > 1 else "one answer"
    return (
        f"{small['policy']} with {tries} solves {100 * small['accuracy']:.0f} %, "
        f"{large['policy']} with one answer {100 * large['accuracy']:.0f} %, "
        f"at {quantity(large['cost'] / small['cost'])} times the compute"
    )


def small_and_large(
    points: pl.DataFrame,
) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
    """Return the cheapest point that is better than a costlier CoT, and that CoT."""
    found = _beaten(points)
    return None if found is None else (found[1].row(0, named=True), found[0])


def title_of_published(points: pl.DataFrame) -> str:
    """Return what a picture of published points shows."""
    found = in_brief(points) or "published accuracies for the compute they take"
    return f"{points['benchmark'].item(0)}: {found}"


def _beaten(points: pl.DataFrame) -> tuple[Mapping[str, Any], pl.DataFrame] | None:
    """The costliest CoT that others beat for less, and the best point of each of those."""
    if points["cost_is"].item(0) == N_ALONE:
        return None
    for large in points.filter(is_greedy()).sort("cost", descending=True).iter_rows(named=True):
        better = points.filter(
            competes(),
            pl.col("cost") < large["cost"],
            pl.col("accuracy") > large["accuracy"],
            pl.col("policy") != large["policy"],
        )
        if not better.is_empty():
            best = better.sort("accuracy", descending=True).unique("policy", keep="first")
            return large, best.sort("cost", "accuracy", descending=[False, True])
    return None
