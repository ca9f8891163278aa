"""The picture's data: which points, in which order, against what."""

from __future__ import annotations

import polars as pl
import pytest

from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.findings.selection import best_per_strategy
from ttsgrid.analysis.frontier import Frontier
from ttsgrid.views.html.chart import library, overview, strategy_chart
from ttsgrid.views.html.pictures import best_points, picture
from ttsgrid.views.html.view import Picture
from ttsgrid.views.words.finding import Finding


@pytest.fixture(scope="module")
def drawn(frontier: Frontier) -> Picture:
    return picture(frontier.cells, "zoo")


def _frame(drawn: Picture) -> pl.DataFrame:
    return pl.DataFrame(drawn.points.columns)


def test_by_default_each_strategy_has_its_best_prm(drawn: Picture, frontier: Frontier) -> None:
    shown = _frame(drawn).filter(pl.col("best_prm"), bin="all")
    key = ["policy", "strategy", "n"]
    expected = best_per_strategy(frontier.cells).filter(pl.col("strategy") != "pass@k")
    both = shown.join(expected, on=key, suffix="_expected")
    assert len(both) == len(shown) == len(expected)
    assert (both["accuracy"] - both["accuracy_expected"]).abs().to_numpy().max() < 1e-4


def test_every_prm_policy_strategy_and_bin_can_be_chosen(drawn: Picture) -> None:
    assert [mark.option.value for mark in drawn.policies] == ["made-s", "made-m", "made-l"]
    assert [mark.option.value for mark in drawn.strategies] == [
        "cot",
        "majority",
        "best_of_n",
        "beam",
    ]
    assert [prm.value for prm in drawn.prms] == ["critic", "judge"]
    assert [name.value for name in drawn.bins] == ["all", "easy", "medium", "hard"]
    guided = _frame(drawn).filter(strategy="best_of_n", policy="made-s", bin="all", n=4)
    assert sorted(guided["prm"]) == ["critic", "judge"]


def test_every_policy_and_strategy_looks_different(drawn: Picture) -> None:
    assert len({mark.colour for mark in drawn.policies}) == len(drawn.policies)
    for marks in (drawn.strategies, drawn.policies):
        assert len({(mark.shape, mark.dash) for mark in marks}) == len(marks)
    # In grey and in print each of the two alone tells policies apart.
    assert len({mark.shape for mark in drawn.policies}) == len(drawn.policies)
    assert len({mark.dash for mark in drawn.policies}) == len(drawn.policies)


def test_the_reference_is_the_largest_policys_cot(drawn: Picture, frontier: Frontier) -> None:
    cot = frontier.cells.frame.filter(policy="made-l", strategy="cot", bin="all")
    assert drawn.reference is not None
    assert drawn.reference.accuracy == cot["accuracy"].item()
    assert drawn.reference.label.startswith("made-l with CoT")


def test_flops_come_first_where_all_sizes_are_known(drawn: Picture) -> None:
    assert drawn.measures[0].value == "flops"


def test_tokens_take_their_place_where_sizes_are_unknown(frontier: Frontier) -> None:
    unknown = [c for c in frontier.cells.frame.columns if c.startswith("flops")]
    frame = frontier.cells.frame.with_columns(pl.lit(None, pl.Float64).alias(c) for c in unknown)
    cells = Cells(frame, frontier.cells.outcomes, frontier.cells.bins, frontier.cells.meter)
    without = picture(cells, "zoo")
    assert without.measures[0].value == "policy_generated_tokens"
    assert "no frontier in FLOPs" in without.summary


def test_of_two_equal_cells_the_cheaper_one_is_the_point(frontier: Frontier) -> None:
    frame = frontier.cells.frame.filter(policy="made-s", strategy="best_of_n", n=4, bin="all")
    tied = frame.with_columns(accuracy=pl.lit(0.5), flops=pl.int_range(pl.len()) + 7.0)
    cells = Cells(tied, frontier.cells.outcomes, frontier.cells.bins, frontier.cells.meter)
    assert best_points(cells, "zoo").filter(pl.col("best_prm"))["flops"].to_list() == [7.0]


def test_the_summary_walks_the_pareto_frontier(drawn: Picture) -> None:
    assert "Pareto frontier runs over made-s with" in drawn.summary
    assert "made-l with" in drawn.summary


def test_the_specification_answers_to_every_filter(drawn: Picture) -> None:
    for compiled in (overview(drawn), strategy_chart(drawn)):
        signals = {signal["name"]: signal.get("value") for signal in compiled["signals"]}
        assert signals["policies"] == ["made-s", "made-m", "made-l"]
        assert (signals["prm"], signals["bin"], signals["measure"]) == ("", "all", "flops")
        assert {"points", "reference"} <= {dataset["name"] for dataset in compiled["data"]}


def test_compute_is_counted_with_the_prm_and_without(drawn: Picture) -> None:
    assert [measure.value for measure in drawn.measures[:2]] == ["flops", "flops_policy"]


def test_the_title_states_the_finding_and_one_point_carries_it(frontier: Frontier) -> None:
    found = Finding("made-s wins", ("made-s", "best_of_n", 16))
    shown = picture(frontier.shared, "zoo", found)
    assert shown.title == "made-s wins"
    rows = _frame(shown).filter("winner", bin="all")
    assert rows.select("policy", "strategy", "n").rows() == [found.winner]


def test_the_library_can_stand_in_a_script_element() -> None:
    assert "vegaEmbed" in library()
    assert "</script" not in library()
