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
from ttsgrid.grid.config import StrategyConfig
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
