"""Texts longer than a model reads: the sweep goes on, and says what was left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from tests.ray.test_driver_with_fake_engines import BEST_OF_N, COT, MAJORITY, engine, model, rows
from ttsgrid.benchmarks import shipped_benchmark
from ttsgrid.cli.sweep import console, sweep
from ttsgrid.grid.config import ClusterConfig, GridConfig, StrategyConfig

pytestmark = pytest.mark.ray

BEAM = StrategyConfig("beam", "beam", budgets=(4,), search={"beam_width": 2})


def grid(folder: Path, *, policy_reads: int, prm_reads: int) -> GridConfig:
    return GridConfig(
        benchmarks=(replace(shipped_benchmark("zoo"), num_problems=8),),
        policies=(replace(model(folder, "policy", "zoo"), max_model_len=policy_reads),),
        prms=(replace(model(folder, "prm", "qwen"), max_model_len=prm_reads),),
        strategies=(COT, MAJORITY, BEST_OF_N, BEAM),
        budgets=(4,),
        engine=engine(),
        cluster=ClusterConfig(dashboard=False),
        store=str(folder / "store"),
    )


def test_solutions_that_the_prm_cannot_read_stay_in_their_pools_and_are_counted(
    tmp_path: Path,
) -> None:
    # The zoo's questions differ in length: about half of the solutions fit.
    asked = grid(tmp_path, policy_reads=9000, prm_reads=38)
    with console.capture() as said:
        sweep(asked)
    output = " ".join(said.get().split())
    assert "policy writes solutions of up to 8,192 tokens, prm reads 38" in output
    assert "prm (fake engine) could not score some samples (up to 24 behind one cell)" in output

    assert set(rows(asked, "units")["status"]) == {"done"}
    scores = rows(asked, "scores")
    assert scores.height == 8 * 4
    unscored = scores.filter(pl.col("unscored").is_not_null())
    assert 0 < unscored.height < scores.height
    assert unscored["unscored"].str.contains("the PRM reads 38").all()
    assert unscored["step_scores"].list.len().max() == 0


def test_a_prompt_that_fills_the_policys_context_is_a_problem_without_an_answer(
    tmp_path: Path,
) -> None:
    asked = grid(tmp_path, policy_reads=27, prm_reads=9000)
    sweep(asked)
    units, solutions = rows(asked, "units"), rows(asked, "solutions")
    assert set(units["status"]) == {"done"}
    unbegun = solutions.filter(finish_reason="prompt_too_long")
    assert 0 < unbegun["problem_id"].n_unique() < 8
    assert set(unbegun["kind"]) == {"sample", "search"}
    assert not unbegun["correct"].any()
    assert unbegun["answer"].null_count() == unbegun.height
    assert unbegun["num_steps"].max() == 0
    # A problem's prompt is too long for every strategy, and costs none of them anything.
    whole = units.filter(pl.col("problem_id").is_in(unbegun["problem_id"].to_list()))
    assert whole["policy_lone_prompt_tokens"].fill_null(0).sum() == 0
    begun = solutions.filter(pl.col("finish_reason") != "prompt_too_long")
    assert not set(begun["problem_id"]) & set(unbegun["problem_id"])
