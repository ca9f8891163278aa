"""The answer's table: who wins, small or large, and at what cost; one row per pair of policies."""

from __future__ import annotations

import polars as pl

from ttsgrid.analysis.findings.comparisons import surest_of_each_pair
from ttsgrid.analysis.frontier import Frontier
from ttsgrid.analysis.statistics.thresholds import MIN_PROBLEMS
from ttsgrid.core.strategies import strategy_of
from ttsgrid.views.tables.table import Entry, Table
from ttsgrid.views.words.numbers import Row, percent, times
from ttsgrid.views.words.order import by_size

MOST_ROWS = 6
"""A reader's first screen holds no more; the table of comparisons has every pair."""


def verdict_table(frontier: Frontier, benchmark: str, most: int = MOST_ROWS) -> Table:
    """Say who wins for each pair, or, of more than `most` pairs, against each larger policy."""
    pairs = surest_of_each_pair(frontier.comparisons.filter(benchmark=benchmark))
    shown = pairs if len(pairs) <= most else _surest_of_each_large(pairs, most)
    number = int(pairs["num_compared"].to_numpy().max(initial=0))
    rest = f" {len(shown)} of {len(pairs)} pairs." if len(shown) < len(pairs) else ""
    return Table(
        "Small with many tries against large with one answer",
        f"Verdicts hold for all {number} comparisons (95 %).{rest} "
        "Cost: FLOPs of small over large.",
        ("small", "with", "large", "verdict", "% right", "cost"),
        4,
        tuple(
            _row(row)
            for policy in by_size(frontier.cells, shown["policy"].to_list())
            for row in shown.filter(policy=policy).sort("size_ratio").iter_rows(named=True)
        ),
    )


def verdict(row: Row) -> Entry:
    """Return who wins a comparison; only the adjusted interval decides."""
    if row["num_problems"] < MIN_PROBLEMS:
        return Entry(f"{row['num_problems']} problems: too few")
    if row["low_adjusted"] > 0:
        return Entry("small wins", tone="good")
    if row["high_adjusted"] < 0:
        return Entry("large wins", tone="bad")
    return Entry("can't tell")


def _cost(ratio: float | None) -> str:
    """A ratio without digits that nobody needs at a glance."""
    return f"{ratio:.0f}×" if ratio is not None and ratio >= 10 else times(ratio)


def _surest_of_each_large(pairs: pl.DataFrame, most: int) -> pl.DataFrame:
    """The surest row against each larger policy, the largest policies first."""
    surest = pairs.sort("low_adjusted", descending=True).unique("large", keep="first")
    return surest.sort("size_ratio", descending=True).head(most)


def _row(row: Row) -> tuple[Entry, ...]:
    return (
        Entry(row["policy"]),
        Entry(strategy_of(row["strategy"]).at(row["n"])),
        Entry(row["large"]),
        verdict(row),
        Entry(f"{percent(row['accuracy'])} vs {percent(row['accuracy_large'])}"),
        Entry(_cost(row["flops_ratio"])),
    )
