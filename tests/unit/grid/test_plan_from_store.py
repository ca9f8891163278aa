"""A plan over a store that holds some of its units: lengths, speeds and shares come from there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.grid.test_plan_with_cost import grid_of, said_by
from ttsgrid.cli.found import Found, find
from ttsgrid.cli.plan_cost import expected_costs, lengths_of, measured_of
from ttsgrid.core.records import (
    FinishReason,
    Price,
    Problem,
    Solution,
    StepScores,
    UnitResult,
    Usage,
)
from ttsgrid.core.units import Unit
from ttsgrid.grid.plan import Plan
from ttsgrid.grid.preflight.cost import costs_of
from ttsgrid.store import Commit, ModelRecord, Store, committed_units

SETTINGS = (
    "policies=[zoo-s]",
    "prms=[zoo-prm]",
    "strategies=[best_of_n,{base: beam, budgets: [4]}]",
    "budgets=[4]",
    "benchmark.num_problems=3",
)
WRITTEN, READ_IN_POOL, READ_IN_TREE, TREE_WRITTEN = 40, 60, 50, 100
SECONDS = 2.0


def result_of(unit: Unit) -> UnitResult:
    """Four samples of 40 tokens in 4 steps, of which a PRM reads 60; a tree of 100, and 50."""
    solutions = tuple(
        Solution(i, "a\n\nb\n\nc\n\nd", tuple("abcd"), FinishReason.STOP, "1", True,
                 Usage(10, 0, WRITTEN), i, (0.5,) * 4 if unit.tree else ())
        for i in range(4)
    )  # fmt: skip
    if unit.awaits:
        scores = tuple(StepScores(i, (0.5,) * 4, Usage(30)) for i in range(4))
        return UnitResult(unit.id, scores=scores, price=Price(prm=Usage(READ_IN_POOL)))
    if unit.tree:
        price = Price(policy=Usage(0, 0, TREE_WRITTEN), prm=Usage(READ_IN_TREE))
        usage = Usage(0, 0, TREE_WRITTEN)
        return UnitResult(unit.id, solutions[:1], policy_usage=usage, price=price)
    usage, price = Usage(40, 0, 4 * WRITTEN), Price(policy=Usage(40, 0, 4 * WRITTEN))
    where = {"host": "here", "process": "1", "num_gpus": "0"}
    return UnitResult(
        unit.id, solutions, policy_usage=usage, price=price, seconds=SECONDS, provenance=where
    )


def with_first_problem_done(folder: Path) -> tuple[Found, Plan, str]:
    store = f"store={folder / 'store'}"
    found = find(grid_of(*SETTINGS, store), lambda _: None)
    plan = found.plan(frozenset())
    first: Problem = plan.problems[0]
    with Store.open(folder / "store", run_id="r") as opened:
        opened.write_problems(plan.problems)
        opened.write_models(ModelRecord(model.identity, model.role) for model in found.models)
        units = [unit for unit in plan.units if unit.problem_id == first.id]
        opened.commit([Commit(unit, result_of(unit), first) for unit in units])
    return found, found.plan(committed_units(folder / "store").done), store


def test_what_units_of_the_plan_came_to_scales_the_rest(tmp_path: Path) -> None:
    found, plan, store = with_first_problem_done(tmp_path)
    grid = grid_of(*SETTINGS, store)
    measured = measured_of(grid)
    length = measured.lengths["zoo-s", "zoo"]
    assert (length.tokens, length.steps) == (WRITTEN, 4)
    policy, prm = expected_costs(grid, plan, found.models, measured)
    # Two problems are left, and one is done: by its pool alone, 8 x 40 tokens would be expected.
    assert costs_of(plan, found.models, lengths_of(grid, measured))[0].expected_tokens == 2 * 8 * 40
    assert policy.expected_tokens == pytest.approx(2 * (4 * WRITTEN + TREE_WRITTEN), abs=1)
    # Questions differ in length, by which the first problem's 110 tokens are not twice that.
    assert prm.expected_tokens == pytest.approx(2 * (READ_IN_POOL + READ_IN_TREE), rel=0.1)


def test_the_plan_says_what_came_from_the_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, _, store = with_first_problem_done(tmp_path)
    said = said_by(capsys, *SETTINGS, store)
    assert "Lengths of zoo-s: the mean of the store's solutions" in said
    assert "Speeds of zoo-s: as their units ran in the store, without GPUs." in said
    assert "In all about" in said


def test_a_fake_engines_lengths_say_nothing_of_a_real_one(tmp_path: Path) -> None:
    _, _, store = with_first_problem_done(tmp_path)
    assert measured_of(grid_of(*SETTINGS, store, "engine.kind=fake")).lengths == {}
