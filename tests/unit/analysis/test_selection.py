"""Which cell is best where, and the curve and frontier they make."""

from __future__ import annotations

import polars as pl

from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.findings.selection import (
    best_per_strategy,
    best_strategies,
    compute_optimal,
    pareto,
)


def test_no_candidate_is_better_than_the_best_strategy(cells: Cells) -> None:
    best = best_strategies(cells)
    groups = ["policy", "prm", "n", "bin"]
    for row in best.iter_rows(named=True):
        same = cells.frame.filter(
            pl.col("strategy") != "pass@k", policy=row["policy"], n=row["n"], bin=row["bin"]
        ).filter((pl.col("prm") == row["prm"]) | pl.col("prm").is_null())
        assert row["accuracy"] == same["accuracy"].max()
        assert row["num_candidates"] == len(same)
    assert best.n_unique(groups) == len(best)


def test_on_a_tie_the_cheaper_cell_is_best(cells: Cells) -> None:
    # At N = 1 best-of-N chooses among one: it equals majority, and pays for a PRM besides.
    one = cells.frame.filter(pl.col("strategy") != "cot", n=1, policy="small")
    best = best_strategies(Cells(one, cells.outcomes, cells.bins, cells.meter))
    assert set(best["strategy"]) == {"majority"}


def test_the_curve_reports_what_it_would_promise_and_what_it_can_keep(cells: Cells) -> None:
    curve = compute_optimal(cells)
    assert len(curve) == 3 * 2 * 3  # policies, PRMs, budgets
    overall = best_strategies(cells).filter(bin="all")
    joined = curve.join(overall, on=["policy", "prm", "n"], suffix="_best")
    # A choice a bin can't do worse in-sample than one choice for all.
    assert (joined["accuracy_in_sample"] >= joined["accuracy_best"] - 1e-12).all()
    assert curve["optimism"].to_numpy().mean() > 0
    assert ((curve["low"] <= curve["accuracy"]) & (curve["accuracy"] <= curve["high"])).all()


def test_the_best_of_each_strategy_is_one_row_a_budget(cells: Cells) -> None:
    best = best_per_strategy(cells)
    assert len(best) == 3 * (1 + 3 * 3)  # CoT once; three strategies at three budgets
    assert best.filter(strategy="best_of_n", policy="tiny", n=16)["prm"].item() == "sharp"


def test_the_pareto_frontier_rises_and_nothing_lies_above_it(cells: Cells) -> None:
    points = cells.frame.filter(bin="all")
    frontier = pareto(points)
    assert frontier["flops"].is_sorted()
    assert frontier["accuracy"].is_sorted()
    real = points.filter(pl.col("strategy") != "pass@k")
    for row in real.iter_rows(named=True):
        affordable = frontier.filter(pl.col("flops") <= row["flops"])
        assert affordable["accuracy"].to_numpy().max() >= row["accuracy"]
    assert "pass@k" not in set(frontier["strategy"])
