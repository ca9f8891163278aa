"""Does search beat best-of-N? `ttsgrid.analysis.findings.search_comparisons` in sentences.

Only the adjusted intervals decide: they hold together for all searches of a benchmark,
so the surest of many wins may be named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.statistics.thresholds import MIN_PROBLEMS
from ttsgrid.core.strategies import display_name
from ttsgrid.core.tally import counted
from ttsgrid.views.words.numbers import (
    Row,
    listed,
    percent,
    points,
    points_span,
)

BINS = {Bin.ALL: "over all problems", Bin.HARD: "over hard problems"}
_GROUP = ["prm", "strategy", "n"]


def search_comparison_sentences(
    comparisons: pl.DataFrame, policies: Sequence[str]
) -> Iterator[str]:
    """Say where search clearly wins, or comes nearest to it; nothing without searches.

    Args:
        comparisons: `Frontier.search_comparisons` of one benchmark.
        policies: in the order in which to name them.
    """
    if comparisons.is_empty():
        return
    yield _wins(comparisons, policies)
    overall = _enough(comparisons).filter(bin=Bin.ALL.value)
    num_lost = len(overall.filter(pl.col("high_adjusted") < 0))
    if num_lost:
        yield (
            f"Over all problems, best-of-N clearly beats {num_lost} of the {len(overall)} searches "
            "compared with it (95 % for all together)."
        )


def _wins(comparisons: pl.DataFrame, order: Sequence[str]) -> str:
    parts = []
    for name, where in BINS.items():
        able = _enough(comparisons).filter(bin=name.value)
        wins = able.filter(pl.col("low_adjusted") > 0)
        surest = _surest_of_each_policy(wins, order)
        if surest:
            most = ", most surely" if len(surest) < len(wins) else ""
            parts.append(
                f"{where} in {len(wins)} of {counted(len(able), 'comparison')}{most} for "
                f"{listed([_won(row) for row in surest])}"
            )
    if parts:
        return (
            "At the same N and with the same PRM, search clearly beats best-of-N "
            f"{'; '.join(parts)} (95 % intervals that hold for all searches together; aggregation "
            "and vote are chosen on other problems)."
        )
    return (
        "Nowhere does a search clearly beat best-of-N at the same N and with the same PRM, each "
        f"with the aggregation and vote that are best for it.{_nearest(comparisons)}"
    )


def _surest_of_each_policy(wins: pl.DataFrame, order: Sequence[str]) -> list[Row]:
    best = wins.sort("low_adjusted", descending=True).unique("policy", keep="first")
    rows = {row["policy"]: row for row in best.iter_rows(named=True)}
    return [rows[policy] for policy in order if policy in rows]


def _enough(comparisons: pl.DataFrame) -> pl.DataFrame:
    return comparisons.filter(pl.col("num_problems") >= MIN_PROBLEMS)


def _nearest(comparisons: pl.DataFrame) -> str:
    """What comes nearest to a win over all problems, where there are enough for any."""
    overall = _enough(comparisons).filter(bin=Bin.ALL.value)
    if overall.is_empty():
        return ""
    row = overall.sort("low_adjusted", descending=True).row(0, named=True)
    return f" The nearest, over all problems, is {_won(row, ', adjusted for picking it')}."


def _won(row: Row, note: str = "") -> str:
    difference = points(row["difference"])
    bounds = points_span(row["low_adjusted"], row["high_adjusted"])
    return (
        f"{row['policy']} with {_name(row)} and {row['prm']} at N = {row['n']}: "
        f"{percent(row['accuracy'])} % against {percent(row['accuracy_best_of_n'])} %, "
        f"{difference} points ({bounds}{note})"
    )


def _name(row: Row) -> str:
    return display_name(row["strategy"])
