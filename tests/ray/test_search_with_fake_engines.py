"""Searches on real Ray actors: each tree once, scored across processes, deaths survived.

The engines are fakes that write steps and end; placement, processes, the calls from a
policy worker to its PRM worker, messages and the store are the real ones.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
import ray

from tests.ray.test_driver_with_fake_engines import engine, model, one_policy, planned, rows
from ttsgrid.cli.sweep import console, sweep
from ttsgrid.cli.sweep_run import run_plan
from ttsgrid.core.units import SearchTree
from ttsgrid.grid.config import GridConfig, StrategyConfig
from ttsgrid.store import committed_units

pytestmark = pytest.mark.ray

BEAM = StrategyConfig("beam", "beam", budgets=(4, 8), search={"max_steps": 6})
DVTS = StrategyConfig("dvts", "dvts", budgets=(4, 8), search={"max_steps": 6})
POOL = StrategyConfig("best_of_n", "best_of_n", budgets=(4,))


def searching(tmp_path: Path, **fake: float) -> GridConfig:
    """Three problems, two PRMs; a problem has two beams, two subtrees and a pool of four."""
    return replace(
        one_policy(tmp_path, replace(engine(), fake=fake)),
        prms=(model(tmp_path, "prm-q", "qwen"), model(tmp_path, "prm-s", "math_shepherd")),
        strategies=(POOL, BEAM, DVTS),
    )


def run(grid: GridConfig) -> pl.DataFrame:
    """Run a grid; check that each unit is committed once and done; return `units`."""
    plan, models = planned(grid)
    assert run_plan(grid, plan, models, console) == 0
    units = rows(grid, "units")
    assert Counter(units["unit_id"]) == Counter(unit.id for unit in plan.units)
    assert set(units["status"]) == {"done"}
    return units


def test_a_grid_with_searches_commits_each_tree_once_and_again_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = replace(searching(tmp_path), strategies=(POOL, BEAM, replace(DVTS, keep_traces=False)))
    plan, _ = planned(grid)
    units = run(grid)

    # A problem: a pool, its score by 2 PRMs, and with each PRM 2 beams and 2 subtrees.
    assert len(plan.missing) == 3 * (1 + 2 + 2 * (2 + 2))
    trees = {unit.id: unit for unit in plan.units if isinstance(unit, SearchTree)}
    check_solutions(rows(grid, "solutions").filter(kind="search"), trees)
    check_counts(units.filter(kind="search"), trees)

    def no_ray(*_: object, **__: object) -> None:
        raise AssertionError("a sweep with nothing to run started Ray")

    monkeypatch.setattr(ray, "init", no_ray)
    sweep(grid)
    assert not planned(grid)[0].missing


def check_solutions(solutions: pl.DataFrame, trees: Mapping[str, SearchTree]) -> None:
    """Answers say which search they are of, have one score per step, and are graded if finished."""
    assert set(solutions["unit_id"]) == set(trees)
    for row in solutions.iter_rows(named=True):
        tree = trees[row["unit_id"]]
        assert (row["strategy"], row["budget"]) == (tree.strategy, tree.budget)
        assert len(row["step_scores"]) == row["num_steps"] > 0
        assert (row["answer"] is None) == (row["finish_reason"] == "length")
    assert solutions["answer"].is_not_null().any()


def check_counts(units: pl.DataFrame, trees: Mapping[str, SearchTree]) -> None:
    """The tree is stored where asked for, and its tokens are those that were counted."""
    for row in units.iter_rows(named=True):
        assert (row["trace"] is None) == (trees[row["unit_id"]].strategy == "dvts")
        assert row["prm_prompt_tokens"] > row["prm_cached_tokens"]
        if row["trace"]:
            candidates = [c for step in json.loads(row["trace"])["steps"] for c in step]
            written = sum(candidate["num_tokens"] for candidate in candidates)
            assert row["policy_generated_tokens"] == written


@pytest.mark.parametrize("dies", ["policy", "prm"])
def test_searches_survive_the_death_of_a_worker_with_the_attempt_counted(
    tmp_path: Path, dies: str
) -> None:
    # The first worker of the role dies amid all searches; a second one finishes them.
    option = {f"{dies}_die_at_request": 20.0, f"{dies}_num_deaths": 1.0, "delay_s": 0.01}
    grid = replace(searching(tmp_path, **option), strategies=(BEAM, DVTS))
    grid = replace(grid, prms=grid.prms[:1])

    units = run(grid)

    assert set(units["attempt"]) <= {1, 2}
    assert (units["attempt"] == 2).any()
    trees = rows(grid, "solutions").select("unit_id", "sample")
    assert trees.height == trees.unique().height


def test_searches_that_kill_their_prm_each_time_fail_with_an_error_and_no_answer(
    tmp_path: Path,
) -> None:
    grid = searching(tmp_path, prm_die_at_request=1)
    grid = replace(
        grid,
        prms=grid.prms[:1],
        strategies=(replace(BEAM, budgets=(4,), num_problems=1),),
        cluster=replace(grid.cluster, max_attempts=2),
    )
    plan, models = planned(grid)

    assert run_plan(grid, plan, models, console) == 1

    units = rows(grid, "units")
    assert units.select("kind", "status", "attempt").rows() == [("search", "failed", 2)]
    assert "worker died at each of 2 attempts" in units["error"][0]
    assert rows(grid, "solutions").is_empty()
    assert committed_units(grid.store).done == frozenset()
