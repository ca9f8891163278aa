"""A plan's probe: few units, each of the plan itself, of every model and every kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.grid.test_plan_with_cost import SMALL, grid_of
from ttsgrid.cli.found import find
from ttsgrid.cli.sweep import sweep
from ttsgrid.core.errors import ConfigError
from ttsgrid.grid.probe import probe_units


def test_a_probe_runs_the_smallest_units_of_the_plan_on_its_first_problems() -> None:
    found = find(grid_of(*SMALL, "benchmark.num_problems=5"), lambda _: None)
    plan = found.plan(frozenset())
    few = list(probe_units(plan, 2))
    assert {unit.id for unit in few} <= {unit.id for unit in plan.units}
    assert {unit.problem_id for unit in few} == {problem.id for problem in plan.problems[:2]}
    assert {model.name for unit in few for model in unit.models} == {"zoo-s", "zoo-m", "zoo-prm"}
    of_one = [unit for unit in few if unit.problem_id == few[0].problem_id]
    of_one = [unit for unit in of_one if unit.policy.name == "zoo-s"]
    # The greedy solution, four samples and their scores, a beam search at 4, a subtree of DVTS.
    assert sorted(unit.kind for unit in of_one) == ["sample", "sample", "score", "search", "search"]
    assert max(unit.num_requests for unit in few) == 4


def test_what_the_store_holds_is_not_probed_again() -> None:
    found = find(grid_of(*SMALL, "benchmark.num_problems=5"), lambda _: None)
    few = probe_units(found.plan(frozenset()), 2)
    held = frozenset(unit.id for unit in few)
    assert not probe_units(found.plan(held), 2)


def test_a_probe_without_a_plan_is_refused(tmp_path: Path) -> None:
    grid = grid_of(*SMALL, "plan.probe=8", f"store={tmp_path / 'none'}")
    with pytest.raises(ConfigError, match="plan_only=true, or leave it out"):
        sweep(grid)
    assert not (tmp_path / "none").exists()
