"""Whole runs on real Ray actors: what is planned is committed, and deaths lose nothing.

The engines are fakes, so that each test decides when a worker dies; placement,
processes, messages and the store are the real ones.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from io import StringIO
from pathlib import Path

import polars as pl
import pytest
import ray
from rich.console import Console

from ttsgrid.benchmarks import load_benchmark, shipped_benchmark
from ttsgrid.cli.found import resolve_models
from ttsgrid.cli.sweep import console, sweep
from ttsgrid.cli.sweep_run import run_plan
from ttsgrid.core.errors import WorkerStartError
from ttsgrid.grid.config import (
    ClusterConfig,
    EngineConfig,
    GridConfig,
    ModelConfig,
    StrategyConfig,
)
from ttsgrid.grid.plan import Plan, make_plan
from ttsgrid.grid.resolve import ResolvedModel
from ttsgrid.store import committed_units, scan
from ttsgrid.zoo.tokenizer import build_tokenizer

pytestmark = pytest.mark.ray

COT = StrategyConfig("cot", "cot")
MAJORITY = StrategyConfig("majority", "majority")
BEST_OF_N = StrategyConfig("best_of_n", "best_of_n")


def model(folder: Path, name: str, format: str) -> ModelConfig:
    """Make a checkpoint without weights: a tokenizer, and a config that tells it apart."""
    path = folder / name
    build_tokenizer(with_bos=format != "qwen").save_pretrained(path)
    kind = "qwen2" if format == "qwen" else "llama"
    (path / "config.json").write_text(json.dumps({"model_type": kind, "name_in_test": name}))
    return ModelConfig(name=name, model=str(path), format=format)


def engine(max_num_seqs: int = 256, **fake: float) -> EngineConfig:
    return EngineConfig("fake", max_num_seqs=max_num_seqs, cpus=0.4, memory_gib=0.5, fake=fake)


def one_policy(tmp_path: Path, engine: EngineConfig, max_attempts: int = 3) -> GridConfig:
    """Three problems, five requests each: a greedy one and a pool of four."""
    return GridConfig(
        benchmarks=(replace(shipped_benchmark("zoo"), num_problems=3),),
        policies=(model(tmp_path, "policy-a", "zoo"),),
        prms=(),
        strategies=(COT, MAJORITY),
        budgets=(4,),
        engine=engine,
        cluster=ClusterConfig(dashboard=False, max_attempts=max_attempts),
        store=str(tmp_path / "store"),
    )


def two_by_two(tmp_path: Path) -> GridConfig:
    return replace(
        one_policy(tmp_path, engine()),
        policies=(model(tmp_path, "policy-a", "zoo"), model(tmp_path, "policy-b", "zoo")),
        prms=(model(tmp_path, "prm-q", "qwen"), model(tmp_path, "prm-s", "math_shepherd")),
        strategies=(COT, MAJORITY, BEST_OF_N),
        budgets=(1, 4),
    )


def planned(grid: GridConfig) -> tuple[Plan, list[ResolvedModel]]:
    problems = load_benchmark(grid.benchmark)
    models = resolve_models(grid)
    identities = {model.identity.name: model.identity for model in models}
    return make_plan(grid, problems, identities, committed_units(grid.store).done), models


def rows(grid: GridConfig, table: str) -> pl.DataFrame:
    return scan(grid.store, table).collect()


def test_a_sweep_commits_each_unit_once_and_the_same_sweep_again_starts_no_ray(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = two_by_two(tmp_path)
    plan, _ = planned(grid)
    sweep(grid)

    # 2 policies x 3 problems: a greedy block, a pool block, the pool's score by 2 PRMs.
    assert len(plan.missing) == 2 * 3 * (1 + 1 + 2)
    units = rows(grid, "units")
    assert Counter(units["unit_id"]) == Counter(unit.id for unit in plan.missing)
    assert set(units["status"]) == {"done"}
    solutions = rows(grid, "solutions").select("family", "sample")
    assert solutions.height == solutions.unique().height == plan.planned.num_solutions == 2 * 3 * 5
    scores = rows(grid, "scores").join(
        rows(grid, "solutions").select("num_steps", "sample", pool_family="family"),
        on=["pool_family", "sample"],
    )
    assert scores.height == 2 * 3 * 4 * 2
    assert (scores["step_scores"].list.len() == scores["num_steps"]).all()

    def no_ray(*_: object, **__: object) -> None:
        raise AssertionError("a sweep with nothing to run started Ray")

    monkeypatch.setattr(ray, "init", no_ray)
    described = tuple(replace(policy, pretraining_tokens=1e9) for policy in grid.policies)
    sweep(replace(grid, policies=described))
    assert not planned(grid)[0].missing
    assert rows(grid, "units").height == units.height
    # What is said of a model may change without anything to run.
    policies = rows(grid, "models").filter(role="policy")
    assert set(policies["pretraining_tokens"]) == {1e9}


def test_units_of_a_dead_worker_run_again_and_each_is_committed_once(tmp_path: Path) -> None:
    # All three chunks of five requests are in flight when the first two workers die.
    grid = one_policy(tmp_path, engine(die_at_request=7, num_deaths=2))
    plan, models = planned(grid)

    said = StringIO()
    assert run_plan(grid, plan, models, Console(file=said, width=200)) == 0
    # A worker that imports answers nothing else, but says what it is at.
    assert re.search(r"policy-a works after \d+ s \(importing code \d+ s", said.getvalue())

    units = rows(grid, "units")
    assert Counter(units["unit_id"]) == Counter(unit.id for unit in plan.units)
    assert set(units["status"]) == {"done"}
    assert set(units["attempt"]) == {3}
    solutions = rows(grid, "solutions").select("family", "sample")
    assert solutions.height == solutions.unique().height == plan.planned.num_solutions


def test_units_that_kill_each_worker_end_failed_with_an_error_and_no_score(
    tmp_path: Path,
) -> None:
    grid = replace(
        one_policy(tmp_path, engine(die_at_request=1), max_attempts=2),
        benchmarks=(replace(shipped_benchmark("zoo"), num_problems=1),),
        prms=(model(tmp_path, "prm-q", "qwen"),),
        strategies=(BEST_OF_N,),
    )
    plan, models = planned(grid)

    assert run_plan(grid, plan, models, console) == 1

    units = rows(grid, "units")
    assert units.select("kind", "status", "attempt").rows() == [("sample", "failed", 2)]
    assert "worker died at each of 2 attempts" in units["error"][0]
    assert rows(grid, "solutions").is_empty()
    assert rows(grid, "scores").is_empty()
    # Nothing failed counts as held: the next run has both units to do.
    assert planned(grid)[0].missing == plan.units


def test_a_unit_that_kills_each_worker_takes_no_other_unit_with_it(tmp_path: Path) -> None:
    # Workers die at their twelfth request for ever. All fifteen run at once and fall
    # twice; the last attempt runs a problem's chunk at a time, so two of three succeed.
    grid = one_policy(tmp_path, engine(die_at_request=12))
    plan, models = planned(grid)

    assert run_plan(grid, plan, models, console) == 2

    units = rows(grid, "units")
    assert Counter(units["status"]) == {"done": 4, "failed": 2}
    assert units.filter(status="failed")["problem_id"].n_unique() == 1


def test_an_engine_that_cannot_start_stops_the_run_with_its_own_reason(tmp_path: Path) -> None:
    grid = one_policy(tmp_path, engine(fail_start=1))
    plan, models = planned(grid)

    with pytest.raises(WorkerStartError, match=r"policy-a.*the fake engine was told not to start"):
        run_plan(grid, plan, models, console)

    assert rows(grid, "units").is_empty()
    assert not ray.is_initialized()
