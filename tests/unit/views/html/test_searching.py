"""Search against best-of-N in the report: the figures compared, and no more said than they hold."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from ttsgrid.analysis.frontier import Frontier
from ttsgrid.views.tables.searches import search_comparison_table
from ttsgrid.views.words.searches import search_comparison_sentences


def changed(frontier: Frontier, low: float, high: float, number: int) -> Frontier:
    """The frontier with one comparison, of this adjusted interval and number of problems."""
    comparison = frontier.search_comparisons.filter(policy="made-s", bin="all").head(1)
    return replace(
        frontier,
        search_comparisons=comparison.with_columns(
            low_adjusted=pl.lit(low), high_adjusted=pl.lit(high), num_problems=pl.lit(number)
        ),
    )


def test_every_policy_stands_over_all_and_over_hard_problems(frontier: Frontier) -> None:
    rows = search_comparison_table(frontier, "zoo").rows
    shown = frontier.search_comparisons.filter(pl.col("bin").is_in(["all", "hard"]))
    assert len(rows) == len(shown) > 0
    whole = [row for row in rows if row[2].text.startswith("all")]
    assert [row[0].text for row in whole] == ["made-s", "made-m", "made-l"]


def test_figures_are_the_comparisons(frontier: Frontier) -> None:
    row = search_comparison_table(frontier, "zoo").rows[0]
    comparison = frontier.search_comparisons.filter(policy="made-s", bin="all").row(0, named=True)
    assert row[6].text == f"{100 * comparison['accuracy']:.1f}"
    assert row[7].text == f"{100 * comparison['accuracy_best_of_n']:.1f}"
    assert row[4].text.replace("−", "-") == f"{100 * comparison['difference']:+.1f}"
    assert comparison["low_adjusted"] <= comparison["low"]


@pytest.mark.parametrize(
    ("low", "high", "number", "verdict"),
    [
        (0.01, 0.2, 40, "search wins"),
        (-0.01, 0.2, 40, "can't tell"),
        (-0.2, -0.1, 40, "best-of-N wins"),
        (0.1, 0.2, 20, "too few"),
    ],
)
def test_the_adjusted_interval_and_enough_problems_decide(
    frontier: Frontier, low: float, high: float, number: int, verdict: str
) -> None:
    one = changed(frontier, low, high, number)
    assert search_comparison_table(one, "zoo").rows[0][3].text == verdict
    said = " ".join(search_comparison_sentences(one.search_comparisons, ["made-s"]))
    assert ("search clearly beats best-of-N over" in said) == (verdict == "search wins")
    assert ("best-of-N clearly beats 1 of the 1 searches" in said) == (verdict == "best-of-N wins")
    assert ("The nearest, over all problems, is" in said) == (
        number == 40 and verdict != "search wins"
    )


def test_the_surest_win_is_said_to_be_one_of_several(frontier: Frontier) -> None:
    one = changed(frontier, 0.01, 0.2, 40).search_comparisons
    other = one.with_columns(n=pl.col("n") * 4, low_adjusted=pl.lit(0.005))
    said = " ".join(search_comparison_sentences(pl.concat([one, other]), ["made-s"]))
    assert "over all problems in 2 of 2 comparisons, most surely for made-s" in said
    alone = " ".join(search_comparison_sentences(one, ["made-s"]))
    assert "over all problems in 1 of 1 comparison for made-s" in alone


def test_without_searches_nothing_is_said(frontier: Frontier) -> None:
    none = replace(frontier, search_comparisons=frontier.search_comparisons.clear())
    assert list(search_comparison_sentences(none.search_comparisons, [])) == []
    assert search_comparison_table(none, "zoo").rows == ()
