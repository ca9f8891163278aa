"""What a plan counts is what the store, the analysis and the report count after the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.unit.cluster.simulation import SimulatedCluster, drive, run_virtually
from tests.unit.cluster.test_simulated_runs import POLICIES, PRMS, fleet
from tests.unit.grid.test_units_and_plan import (
    IDENTITIES,
    grid,
    models,
    problems,
    search,
    strategies,
)
from ttsgrid.analysis import analyse
from ttsgrid.core.cell import CellKey
from ttsgrid.core.strategies import PASS_AT_K
from ttsgrid.core.tally import plural
from ttsgrid.grid.budgets import report_budgets
from ttsgrid.grid.config import GridConfig, StrategyConfig
from ttsgrid.grid.plan import Plan, make_plan
from ttsgrid.store import ModelRecord, Store, generated, scan
from ttsgrid.views.html.build import build_report

NUM_PROBLEMS = 3


def run(folder: Path, *chosen: StrategyConfig, **changes: Any) -> tuple[GridConfig, Plan]:  # noqa: ANN401
    """Sweep on fake engines, on a virtual clock."""
    made = grid(policies=models(POLICIES), prms=models(PRMS), strategies=chosen, **changes)
    plan = make_plan(made, problems(NUM_PROBLEMS), IDENTITIES)
    run_virtually(drive(plan, fleet(), SimulatedCluster(), folder))
    with Store.open(folder, run_id="described") as store:
        roles = {**dict.fromkeys(POLICIES, "policy"), **dict.fromkeys(PRMS, "prm")}
        store.write_models(ModelRecord(IDENTITIES[name], role) for name, role in roles.items())
    return made, plan


MIXES = {
    # Nobody asks for majority, yet the pool serves it; DVTS at 8 holds one at 4.
    "everything": (*strategies("cot", "best_of_n"), search("beam", 4, 8), search("dvts", 8)),
    # N = 16 is reported for all that serve it, so the small pool stays at 4.
    "own budgets": (
        StrategyConfig("best_of_n", "best_of_n", budgets=(1, 4)),
        search("dvts", 4, 16),
    ),
    "two presets": (
        search("beam", 4),
        StrategyConfig("beam-sal", "beam", budgets=(4,), preset="search_and_learn"),
    ),
    "greedy alone": strategies("cot"),
    # Bounded by a budget that is no border of blocks.
    "pool of seven": (StrategyConfig("majority", "majority", budgets=(7,)),),
}


@pytest.mark.parametrize("mix", MIXES)
def test_plan_store_analysis_and_report_count_alike(mix: str, tmp_path: Path) -> None:
    made, plan = run(tmp_path, *MIXES[mix], budgets=(1, 4))
    frontier = analyse(tmp_path, budgets=report_budgets(made) or None)
    assert generated(tmp_path) == plan.planned == plan.to_generate
    assert frontier.num_cells == len(plan.cells) == len(set(plan.cells))
    numbers = {fact.what: fact.number for fact in build_report(tmp_path, frontier).facts}
    said = {
        "solution": plan.planned.num_solutions,
        "search tree": plan.planned.num_trees,
        "cell": len(plan.cells),
    }
    for noun, number in said.items():
        assert numbers.get(plural(noun, number), "0") == str(number)


def test_the_plan_names_the_cells_that_the_analysis_finds(tmp_path: Path) -> None:
    made, plan = run(tmp_path, *MIXES["everything"], budgets=(1, 4))
    frame = analyse(tmp_path, budgets=report_budgets(made)).cells.frame.filter(bin="all")
    found = {CellKey(*row) for row in frame.select(CellKey._fields).iter_rows()}
    bounds = {key for key in found if key.strategy == PASS_AT_K.name}
    assert bounds
    assert found - bounds == set(plan.cells)


def test_answers_of_searches_are_fewer_than_their_budgets_so_trees_are_counted(
    tmp_path: Path,
) -> None:
    _, plan = run(tmp_path, search("beam", 8))
    answers = scan(tmp_path, "solutions").select(pl.len()).collect().item()
    trees = len(POLICIES) * len(PRMS) * NUM_PROBLEMS
    assert answers <= trees * 2 < trees * 8
    assert (plan.planned.num_solutions, plan.planned.num_trees) == (0, trees)
