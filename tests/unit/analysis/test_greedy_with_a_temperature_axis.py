"""A greedy solution depends on no temperature: it is one cell, and no temperature's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.unit.grid.test_plan_with_cost import grid_of
from ttsgrid.analysis import analyse
from ttsgrid.cli.found import find
from ttsgrid.core.records import FinishReason, Solution, UnitResult, Usage
from ttsgrid.core.units import Unit
from ttsgrid.store import Commit, ModelRecord, Store

SETTINGS = (
    "policies=[zoo-s]",
    "prms=[]",
    "strategies=[cot,majority]",
    "budgets=[4]",
    "benchmark.num_problems=4",
    "sampling.temperature=[0.5,1.0]",
)


def result_of(unit: Unit, rng: np.random.Generator) -> UnitResult:
    solutions = tuple(
        Solution(
            i, "1", ("1",), FinishReason.STOP, "1", bool(rng.random() < 0.5), Usage(5, 0, 9), i
        )
        for i in range(unit.num_requests)
    )
    return UnitResult(unit.id, solutions)


def test_a_greedy_solution_is_one_cell_whatever_the_temperatures(tmp_path: Path) -> None:
    found = find(grid_of(*SETTINGS, f"store={tmp_path}"), lambda _: None)
    plan, rng = found.plan(frozenset()), np.random.default_rng(0)
    assert sum(unit.sampling.greedy for unit in plan.units) == len(plan.problems)
    by_id = {problem.id: problem for problem in plan.problems}
    with Store.open(tmp_path, run_id="r") as store:
        store.write_problems(plan.problems)
        store.write_models([ModelRecord(found.models[0].identity, "policy", 10)])
        store.commit([Commit(u, result_of(u, rng), by_id[u.problem_id]) for u in plan.units])
    frame = analyse(tmp_path, budgets=[4]).cells.frame.filter(bin="all")
    assert frame.filter(strategy="cot")["policy"].to_list() == ["zoo-s"]
    assert sorted(frame.filter(strategy="majority", n=4)["policy"]) == [
        "zoo-s (temperature=0.5)",
        "zoo-s (temperature=1)",
    ]
    planned = {cell.policy for cell in plan.cells if cell.strategy == "cot"}
    assert planned == {"zoo-s"}
