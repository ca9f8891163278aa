"""Whether the best strategy depends on the policy: what search adds for one and for another."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from ttsgrid.analysis.statistics.thresholds import MIN_PROBLEMS
from ttsgrid.core.strategies import display_name
from ttsgrid.views.words.numbers import Row, points, points_span


def search_gain_sentences(search_gains: pl.DataFrame) -> Iterator[str]:
    """Say the surest difference between two policies, or that none is clear; else nothing.

    Args:
        search_gains: `Frontier.search_gains` of one benchmark.
    """
    rows = search_gains.filter(pl.col("num_problems") >= MIN_PROBLEMS)
    if rows.is_empty():
        return
    surest = rows.with_columns(margin=pl.max_horizontal("low_adjusted", -pl.col("high_adjusted")))
    row = surest.sort("margin", descending=True).row(0, named=True)
    if row["margin"] > 0:
        yield f"What search adds over best-of-N depends on the policy: {_said(row, len(rows))}."
        return
    yield (
        "Whether what search adds over best-of-N depends on the policy can't be told here: of "
        f"{len(rows)} differences between two policies, adjusted for looking at all, none is "
        "clear."
    )


def _said(row: Row, num_compared: int) -> str:
    sign = 1 if row["difference"] > 0 else -1
    sides = [(row["policy"], row["added"]), (row["other"], row["added_other"])][::sign]
    (more, added), (less, added_less) = sides
    low, high = sorted((sign * row["low_adjusted"], sign * row["high_adjusted"]))
    return (
        f"{display_name(row['strategy'])} at N = {row['n']} with {row['prm']} brings {more} "
        f"{points(added)} points and {less} {points(added_less)}, a difference of "
        f"{points(abs(row['difference']), sign=False)} on {row['num_problems']} problems "
        f"({points_span(low, high)}, 95 %, adjusted for all {num_compared} comparisons)"
    )
