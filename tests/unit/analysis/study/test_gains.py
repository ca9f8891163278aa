"""Gains as the study defines them, from its own accuracies and from curves made up."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from ttsgrid.analysis.study.gains import (
    BoundKind,
    EfficiencyGain,
    Point,
    efficiency_gain,
    performance_gain_pct,
)
from ttsgrid.analysis.study.paper import paper_figure, paper_figures

TABLE_5 = paper_figures().filter(table=5)["policy"].unique().sort().to_list()


@pytest.mark.parametrize("policy", TABLE_5)
def test_the_performance_gains_of_table_5_follow_from_its_accuracies(policy: str) -> None:
    cot, optimal = (paper_figure(5, policy, "math500", method) for method in ("CoT", "TTS"))
    printed = paper_figure(5, policy, "math500", "TTS", "performance_gain_pct")
    assert cot is not None
    assert optimal is not None
    assert performance_gain_pct(cot, optimal) == pytest.approx(printed, abs=0.05)


def test_without_anything_to_gain_from_there_is_no_percentage() -> None:
    assert performance_gain_pct(0.0, 0.5) is None


# The ends of Table 5's rows: CoT, majority voting's best and compute-optimal TTS, in percent.
TABLE_5_ENDS = {
    "Llama-3.2-1B": (26.0, 39.0, 66.2),
    "Llama-3.2-3B": (41.4, 58.4, 78.2),
    "Llama-3.1-8B": (49.8, 66.4, 80.6),
    "Qwen2.5-0.5B": (31.6, 47.2, 76.4),
    "Qwen2.5-1.5B": (54.4, 68.4, 85.6),
    "Qwen2.5-3B": (64.0, 77.0, 87.6),
    "Qwen2.5-7B": (76.8, 83.6, 91.0),
    "Qwen2.5-14B": (80.2, 85.6, 91.0),
    "Qwen2.5-32B": (82.4, 87.0, 90.6),
    "Qwen2.5-72B": (83.8, 87.2, 91.8),
}


def test_an_efficiency_gain_is_read_off_the_line_between_two_budgets() -> None:
    # Llama-3.2-3B's ends. Majority voting peaks with 58.4 at N = 256, and dips after.
    majority = [(4, 45.0), (64, 57.0), (256, 58.4), (512, 58.0)]
    # 58.4 lies between 48.4 at N = 4 and 68.4 at N = 16, halfway: at N = 10.
    optimal = [(4, 48.4), (16, 68.4), (64, 75.0), (256, 78.2)]
    found = efficiency_gain(majority, optimal)
    assert found.times == pytest.approx(256 / 10)
    assert found.bound is BoundKind.NONE


def test_an_efficiency_gain_is_a_lower_bound_where_the_curve_begins_above() -> None:
    # Llama-3.2-1B's ends: TTS has 41.0 at N = 1 already, majority voting 39.0 at most.
    majority = [(1, 26.0), (16, 35.0), (256, 39.0)]
    optimal = [(1, 41.0), (16, 55.0), (256, 66.2)]
    assert efficiency_gain(majority, optimal) == EfficiencyGain(256, BoundKind.AT_LEAST)


@pytest.mark.parametrize("ends", TABLE_5_ENDS.values(), ids=TABLE_5_ENDS)
def test_table_5_rows_are_exact_or_bounds_by_where_their_curve_begins(
    ends: tuple[float, float, float],
) -> None:
    cot, best, optimal = ends
    majority = [(4, cot), (256, best)]
    # From as far below majority's best at N = 4 to as far above at N = 12: equal at N = 8.
    step = optimal - best
    below = [(4, best - step), (12, best + step), (256, optimal)]
    assert efficiency_gain(majority, below).times == pytest.approx(256 / 8)
    assert efficiency_gain(majority, below).bound is BoundKind.NONE
    above = [(4, best + step / 2), (256, optimal)]
    assert efficiency_gain(majority, above) == EfficiencyGain(64, BoundKind.AT_LEAST)


def test_a_curve_that_begins_at_majoritys_best_has_an_exact_gain() -> None:
    assert efficiency_gain([(64, 0.5)], [(4, 0.1 + 0.4), (16, 0.6)]) == EfficiencyGain(16)


def test_a_curve_that_never_gets_there_has_an_upper_bound() -> None:
    found = efficiency_gain([(4, 0.6), (16, 0.8)], [(4, 0.5), (32, 0.7)])
    assert found == EfficiencyGain(0.5, BoundKind.AT_MOST)


def test_of_equally_high_points_the_cheapest_counts() -> None:
    # Two budgets of majority voting tie, and the curve passes their height twice.
    majority = [(4, 0.5), (16, 0.5)]
    optimal = [(2, 0.4), (6, 0.6), (8, 0.4), (16, 0.6)]
    assert efficiency_gain(majority, optimal) == EfficiencyGain(1.0)  # 4 / 4


def test_budgets_may_be_flops_in_any_order() -> None:
    majority = [(8e9, 0.6), (2e9, 0.5)]
    optimal = [(3e9, 0.8), (1e9, 0.4)]
    assert efficiency_gain(majority, optimal).times == pytest.approx(4.0)  # 8e9 / 2e9


@pytest.mark.parametrize(("majority", "optimal"), [([], [(4, 0.5)]), ([(4, 0.5)], [])])
def test_without_both_curves_there_is_no_efficiency(
    majority: list[Point], optimal: list[Point]
) -> None:
    with pytest.raises(ValueError, match="majority"):
        efficiency_gain(majority, optimal)


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
