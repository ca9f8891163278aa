"""A whole sweep says the same counts before, during and after it ran."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.ray.test_driver_with_fake_engines import COT, MAJORITY, engine, model, one_policy
from ttsgrid.analysis import analyse
from ttsgrid.cli.store import main as show_store
from ttsgrid.cli.sweep import sweep
from ttsgrid.grid.config import PlanConfig, StrategyConfig
from ttsgrid.store import scan
from ttsgrid.views.html.build import build_report

pytestmark = pytest.mark.ray


def test_plan_progress_summary_store_and_report_say_the_same_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    searched = StrategyConfig("dvts", "dvts", budgets=(4, 8), search={"max_steps": 6})
    grid = replace(
        one_policy(tmp_path, engine()),
        prms=(model(tmp_path, "prm-q", "qwen"),),
        strategies=(COT, MAJORITY, searched),
    )
    sweep(grid)
    said = " ".join(capsys.readouterr().out.split())

    # Three problems: a greedy sample and a pool of four; two subtrees.
    amount = "15 solutions and 6 search trees"
    # CoT, majority at 4; DVTS at 4 and 8 by four aggregations and two votes, and by a plain one.
    num_cells = 2 + 2 * (4 * 2 + 1)
    assert f"{num_cells} cells over 3 problems. To generate: {amount}, of {amount}" in said
    assert re.search(rf"12/12 units, {amount} \(\d+% correct\)", said)
    assert f"The store holds {amount}: {num_cells} cells." in said

    assert show_store([grid.store]) == 0
    assert f"{amount}; the trees gave" in " ".join(capsys.readouterr().out.split())
    facts = build_report(grid.store, analyse(grid.store, budgets=[4, 8])).facts
    numbers = {fact.what: fact.number for fact in facts}
    assert [numbers[what] for what in ("solutions", "search trees", "cells")] == [
        "15",
        "6",
        str(num_cells),
    ]


def test_a_plan_with_a_probe_runs_few_units_and_counts_at_what_they_came_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grid = replace(
        one_policy(tmp_path, engine()),
        prms=(model(tmp_path, "prm-q", "qwen"),),
        strategies=(COT, MAJORITY),
        budgets=(16,),
        plan_only=True,
        plan=PlanConfig(probe=1),
    )
    sweep(grid)
    said = " ".join(capsys.readouterr().out.split())
    held = scan(grid.store, "solutions").collect()
    assert held.height == 1 + 4  # a greedy solution and a block of the pool, of one problem
    assert "Probing with 2 units, which the store keeps." in said
    # Two problems whole, and two blocks of the first: 4 to 8 and 8 to 16.
    assert "To generate: 46 solutions, of 51 solutions in the plan" in said
    assert "the mean of the store's solutions" in said
    assert "without GPUs" in said
