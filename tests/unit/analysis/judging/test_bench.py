"""What is measured of several PRMs on several sets."""

from __future__ import annotations

import polars as pl
import pytest

from ttsgrid.analysis.judging.bench import MEAN, PLACES, SCORED, PrmBench, judge_prms

# data, problem, first wrong step, scores; as one PRM sees it.
ROWS: list[tuple[str, str, int | None, list[float]]] = [
    ("gsm8k", "a", 1, [0.8, 0.6]),
    ("gsm8k", "b", 0, [0.6]),
    ("gsm8k", "c", None, [0.7, 0.9]),
    ("math", "d", 2, [0.9, 0.4, 0.3]),
    ("math", "e", 4, [0.9, 0.9, 0.9, 0.9, 0.2]),
    ("math", "f", 5, [0.9, 0.9, 0.9, 0.9, 0.9, 0.9]),
    ("math", "g", None, [0.9]),
    ("math", "h", None, []),
]


@pytest.fixture(scope="module")
def bench() -> PrmBench:
    scored = [
        {
            "prm": "prm",
            "data": data,
            "id": problem,
            "problem": problem,
            "first_wrong": first,
            "step_scores": scores,
            "unscored": None if scores else "5,001 tokens, the PRM reads 4,096",
        }
        for data, problem, first, scores in ROWS
    ]
    return judge_prms(pl.DataFrame(scored, schema=SCORED), tuning="gsm8k")


def row(bench: PrmBench, data: str) -> dict[str, object]:
    return bench.summary.filter(data=data).row(0, named=True)


def test_each_set_is_measured_by_itself(bench: PrmBench) -> None:
    gsm8k, math = row(bench, "gsm8k"), row(bench, "math")
    assert (gsm8k["num_solutions"], gsm8k["num_wrong"], gsm8k["num_unscored"]) == (3, 2, 0)
    assert (gsm8k["found"], gsm8k["passed"], gsm8k["f1"]) == (0.0, 1.0, 0.0)
    assert (math["num_solutions"], math["num_wrong"], math["num_unscored"]) == (5, 3, 1)
    # Of d (marks an earlier step), e (found) and f (marks none); of g (passed) and h (unscored).
    assert math["found"] == pytest.approx(1 / 3)
    assert math["passed"] == pytest.approx(1 / 2)
    assert math["f1"] == pytest.approx(0.4)


def test_a_threshold_chosen_on_one_set_serves_all(bench: PrmBench) -> None:
    gsm8k, math = row(bench, "gsm8k"), row(bench, "math")
    assert gsm8k["tuned_on"] == math["tuned_on"] == "gsm8k"
    # Above .6 and at most .7 both errors are found and the right one passes.
    assert 0.6 < gsm8k["tuned_threshold"] <= 0.7  # type: ignore[operator]
    assert gsm8k["f1_tuned"] == gsm8k["f1_best"] == 1.0
    assert math["tuned_threshold"] == gsm8k["tuned_threshold"]
    assert math["f1_tuned"] == pytest.approx(0.4)


def test_the_mean_over_sets_gives_each_the_same_weight(bench: PrmBench) -> None:
    mean = row(bench, MEAN)
    assert mean["num_solutions"] == len(ROWS)
    assert mean["num_unscored"] == 1
    assert mean["f1"] == pytest.approx((0.0 + 0.4) / 2)
    assert mean["f1_low"] < mean["f1"] < mean["f1_high"]  # type: ignore[operator]


def test_first_errors_are_counted_by_their_place(bench: PrmBench) -> None:
    columns = ("first_step", "last_step", "num_solutions", "found", "earlier", "later", "none")
    places = bench.places.filter(data="math").select(columns).rows()
    assert places == [
        (3, 3, 1, 0.0, 1.0, 0.0, 0.0),
        (5, 6, 2, 0.5, 0.0, 0.0, 0.5),
    ]
    assert bench.places.columns == list(PLACES)


def test_reasons_differ_by_more_than_their_numbers(bench: PrmBench) -> None:
    assert bench.reasons.rows() == [("prm", "math", "N tokens, the PRM reads N", 1)]


def test_a_set_without_errors_has_no_f1_and_the_others_do(bench: PrmBench) -> None:
    rows = [{"prm": "p", "data": "d", "id": "1", "problem": "q", "step_scores": [0.9]}]
    summary = judge_prms(pl.DataFrame(rows, schema=SCORED)).summary.row(0, named=True)
    assert summary["f1"] is None
    assert summary["area"] is None
    assert summary["ece"] == pytest.approx(0.1)
