"""Gains as the study defines them, from its own accuracies and from curves made up."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from ttsgrid.analysis.study.gains import (
    EfficiencyGain,
    efficiency_gain,
    performance_gain_pct,
    saving,
)
from ttsgrid.analysis.study.paper import paper_figure, paper_figures

TABLE_5 = paper_figures().filter(table=5)["policy"].unique().sort().to_list()
MAJORITY = [(1e9, 0.4), (4e9, 0.5), (16e9, 0.6)]


@pytest.mark.parametrize("policy", TABLE_5)
def test_the_performance_gains_of_table_5_follow_from_its_accuracies(policy: str) -> None:
    cot, optimal = (paper_figure(5, policy, "math500", method) for method in ("CoT", "TTS"))
    printed = paper_figure(5, policy, "math500", "TTS", "performance_gain_pct")
    assert cot is not None
    assert optimal is not None
    assert performance_gain_pct(cot, optimal) == pytest.approx(printed, abs=0.05)


def test_without_anything_to_gain_from_there_is_no_percentage() -> None:
    assert performance_gain_pct(0.0, 0.5) is None


@pytest.mark.parametrize(
    ("accuracy", "flops", "gain"),
    [
        (0.5, 1e9, EfficiencyGain(4.0, at_least=False)),  # at a measured budget
        (0.55, 1e9, EfficiencyGain(8.0, at_least=False)),  # halfway in log FLOPs
        (0.6, 32e9, EfficiencyGain(0.5, at_least=False)),  # majority voting is cheaper
        (0.7, 1e9, EfficiencyGain(16.0, at_least=True)),  # never reached: a bound
        (0.3, 2e9, EfficiencyGain(0.5, at_least=False)),  # even its cheapest budget does
    ],
)
def test_efficiency_is_what_majority_voting_needs_over_what_was_spent(
    accuracy: float, flops: float, gain: EfficiencyGain
) -> None:
    found = efficiency_gain(MAJORITY, flops, accuracy)
    assert found.times == pytest.approx(gain.times)
    assert found.at_least == gain.at_least


def test_what_majority_voting_reached_once_is_reached() -> None:
    dips = [(1.0, 0.5), (4.0, 0.4), (16.0, 0.6)]
    assert efficiency_gain(dips, 1.0, 0.5) == EfficiencyGain(1.0, at_least=False)
    # The dip counts as 0.5, so 0.55 lies halfway between 4 and 16 in the logarithm.
    assert efficiency_gain(dips, 1.0, 0.55).times == pytest.approx(8.0)


def test_without_majority_voting_there_is_no_efficiency() -> None:
    with pytest.raises(ValueError, match="majority"):
        efficiency_gain([], 1.0, 0.5)


@pytest.mark.parametrize(
    ("flops", "accuracy", "saved"),
    [
        (32e9, 0.45, 8.0),  # the budget of 4e9 is the cheapest that gets as far
        (32e9, 0.4, 32.0),
        (2e9, 0.6, 0.125),  # majority voting is cheaper
        (32e9, 0.7, None),
    ],
)
def test_the_saving_is_over_the_cheapest_budget_that_gets_as_far(
    flops: float, accuracy: float, saved: float | None
) -> None:
    curve = [(1e9, 0.4), (4e9, 0.5), (16e9, 0.6)]
    assert saving(curve, flops, accuracy) == saved


FILES = {
    3: ("paper_table3_small_vs_frontier.csv", {"math500": "math500", "aime24": "aime24"}),
    6: ("paper_table6_long_cot.csv", {"math500": "math500", "aime24": "aime24"}),
}


@pytest.mark.parametrize("table", FILES)
def test_the_shipped_accuracies_are_those_transcribed(shared_data: Path, table: int) -> None:
    name, columns = FILES[table]
    with (shared_data / "paper" / name).open() as file:
        rows = list(csv.DictReader(file))
    ours = paper_figures().filter(table=table)
    for column, benchmark in columns.items():
        printed = ours.filter(benchmark=benchmark)["value"].to_list()
        assert printed == [float(row[column]) for row in rows]


def test_the_shipped_flops_and_gains_are_those_transcribed(shared_data: Path) -> None:
    for table, name, quantities in (
        (4, "paper_table4_flops.csv", ["pretraining_flops", "inference_flops", "total_flops"]),
        (5, "paper_table5_cot_majority_co.csv", ["performance_gain_pct"]),
    ):
        with (shared_data / "paper" / name).open() as file:
            rows = list(csv.DictReader(file))
        for quantity in quantities:
            printed = paper_figures().filter(table=table, quantity=quantity)["value"].to_list()
            assert printed == [float(row[quantity]) for row in rows]
