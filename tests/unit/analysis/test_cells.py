"""Cells against what the raw rows of the store say, computed another way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.unit.analysis.synthetic import PRM_TOKENS, PROMPT_TOKENS, World
from ttsgrid.analysis.cells.cells import SCHEMA, Cells, make_cells
from ttsgrid.analysis.cells.outcomes import default_budgets, pool_outcomes
from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.core.voting import elect
from ttsgrid.store import scan


def _one(cells: Cells, **key: object) -> dict[str, object]:
    return cells.frame.filter(**{"bin": "all", **key}).row(0, named=True)


def test_every_cell_of_the_grid_is_there_once(cells: Cells, world: World) -> None:
    everything = cells.frame.filter(bin="all")
    assert dict(cells.frame.schema) == SCHEMA
    per_policy = 1 + 3 * 2 + len(world.prms) * 3 * 4 * 2  # cot; two votes without a PRM; best-of-N
    assert len(everything) == len(world.policies) * per_policy
    assert everything.n_unique(["policy", "prm", "strategy", "n", "aggregation", "vote"]) == len(
        everything
    )


def test_cot_and_pass_at_1_are_means_of_the_raw_verdicts(store: Path, cells: Cells) -> None:
    greedy = pl.col("temperature") == 0
    raw = scan(store, "solutions").group_by("policy", greedy).agg(pl.col("correct").mean())
    for policy, is_greedy, expected in raw.collect().iter_rows():
        strategy = "cot" if is_greedy else "pass@k"
        found = _one(cells, policy=policy, strategy=strategy, n=1)["accuracy"]
        assert found == pytest.approx(expected)


def test_pass_at_1_and_difficulty_are_there_whatever_budgets_are_asked_for(
    frames: StoreFrames,
) -> None:
    asked = make_cells(frames, pool_outcomes(frames, [4]))
    ns = asked.frame.filter(bin="all").select("strategy", "n").unique().rows()
    assert sorted(ns) == [
        ("best_of_n", 4),
        ("cot", 1),
        ("majority", 4),
        ("pass@k", 1),
        ("pass@k", 4),
    ]
    assert set(asked.frame["bin"]) == {"all", "easy", "medium", "hard"}


@pytest.mark.parametrize("vote", ["max", "weighted"])
def test_best_of_n_at_the_full_pool_is_the_vote_itself(
    store: Path, cells: Cells, vote: str
) -> None:
    solutions = scan(store, "solutions").filter(pl.col("temperature") > 0, policy="small")
    scores = (
        scan(store, "scores")
        .filter(prm="sharp")
        .select("sample", "step_scores", family="pool_family")
    )
    pools = (
        solutions.drop("step_scores").join(scores, on=["family", "sample"]).sort("sample").collect()
    )
    right = []
    for pool in pools.partition_by("family"):
        answers = [-1 if a is None else int(a) for a in pool["answer"]]
        winner = elect(answers, vote, pool["step_scores"].list.min())
        right.append(winner is not None and pool["correct"][winner])
    found = _one(
        cells, policy="small", prm="sharp", strategy="best_of_n", n=16, aggregation="min", vote=vote
    )
    assert found["accuracy"] == pytest.approx(np.mean(right))


def test_bins_split_the_problems_by_the_policys_own_pass_at_1(cells: Cells) -> None:
    pass_at_1 = cells.frame.filter(pl.col("policy") != "large", strategy="pass@k", n=1)
    for _, rows in pass_at_1.group_by("policy"):
        by_bin = {row["bin"]: row for row in rows.iter_rows(named=True)}
        parts = [by_bin[name] for name in ("easy", "medium", "hard")]
        assert sum(part["num_problems"] for part in parts) == by_bin["all"]["num_problems"]
        assert by_bin["easy"]["accuracy"] >= 0.5 > by_bin["medium"]["accuracy"] >= 0.1
        assert by_bin["hard"]["accuracy"] < 0.1


def test_compute_counts_the_shared_prompt_once_and_the_prm(store: Path, cells: Cells) -> None:
    raw = scan(store, "solutions").filter(pl.col("temperature") > 0, policy="small")
    generated = raw.select(pl.col("generated_tokens").mean()).collect().item()
    cell = _one(cells, policy="small", prm="sharp", strategy="best_of_n", n=4)
    assert cell["policy_generated_tokens"] == pytest.approx(4 * generated)
    assert cell["policy_prompt_tokens"] == 4 * PROMPT_TOKENS
    assert cell["policy_cached_tokens"] == 3 * PROMPT_TOKENS
    assert cell["prm_tokens"] == 4 * PRM_TOKENS
    policy_flops = 2 * 3_000_000 * (4 * generated + PROMPT_TOKENS)
    assert cell["flops_policy"] == pytest.approx(policy_flops)
    assert cell["flops"] == pytest.approx(policy_flops + 2 * 2_000_000 * 4 * PRM_TOKENS)


def test_intervals_hold_their_accuracy_and_narrow_nowhere_to_nothing(cells: Cells) -> None:
    frame = cells.frame
    assert ((frame["low"] <= frame["accuracy"]) & (frame["accuracy"] <= frame["high"])).all()
    assert (frame["high"] > frame["low"]).all()


def test_problems_without_a_pool_of_n_are_left_out_at_n(frames: StoreFrames) -> None:
    pools = frames.series.filter(policy="small", greedy=False)["series"].item()
    cut = (pl.col("series") == pools) & (pl.col("problem") < 10) & (pl.col("sample") >= 7)
    shrunk = replace(frames, solutions=frames.solutions.filter(~cut))
    sizes = {
        outcome.key.n: int((~np.isnan(outcome.accuracy)).sum())
        for outcome in pool_outcomes(shrunk)
        if outcome.key.policy == "small" and outcome.key.strategy == "majority"
    }
    assert sizes == {1: 40, 4: 40, 16: 30}


def test_a_sample_the_prm_has_not_scored_is_left_out_not_scored_zero(frames: StoreFrames) -> None:
    missing = frames.scores.filter(pl.col("sample") < 12)
    partly = replace(frames, scores=missing)
    keys = [outcome.key for outcome in pool_outcomes(partly, budgets=[12, 16])]
    assert {key.n for key in keys if key.strategy == "best_of_n"} == {12}
    assert {key.n for key in keys if key.strategy == "majority"} == {12, 16}


def test_default_budgets_are_powers_of_four_and_the_pool_itself() -> None:
    assert default_budgets(64) == [1, 4, 16, 64]
    assert default_budgets(8) == [1, 4, 8]
    assert default_budgets(0) == []
