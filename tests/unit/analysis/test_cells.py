"""Cells against what the raw rows of the store say, computed another way."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.unit.analysis.synthetic import (
    BLOCK_TOKENS,
    PRM_TOKENS,
    PROMPT_TOKENS,
    TAIL_TOKENS,
    World,
)
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


def _mean_distinct_tokens(store: Path, k: int) -> float:
    """Tokens of the distinct parts of k of a pool's inputs, over every k of them."""
    units = scan(store, "units").filter(kind="score", policy="small", prm="sharp")
    scored = scan(store, "scores").join(units.select("unit_id"), on="unit_id").collect()
    means = []
    for pool in scored.partition_by("pool_family"):
        inputs = [
            set(zip(*row, strict=True))
            for row in pool.select("prefix_keys", "prefix_tokens").iter_rows()
        ]
        every = [sum(t for _, t in set().union(*some)) for some in combinations(inputs, k)]
        means.append(np.mean(every))
    return float(np.mean(means))


def test_compute_counts_shared_parts_of_prompts_and_prm_inputs_once(
    store: Path, cells: Cells
) -> None:
    raw = scan(store, "solutions").filter(pl.col("temperature") > 0, policy="small")
    generated = raw.select(pl.col("generated_tokens").mean()).collect().item()
    cell = _one(cells, policy="small", prm="sharp", strategy="best_of_n", n=4)
    assert cell["policy_generated_tokens"] == pytest.approx(4 * generated)
    assert cell["policy_prompt_tokens"] == 4 * PROMPT_TOKENS
    assert cell["policy_cached_tokens"] == 3 * BLOCK_TOKENS
    assert cell["prm_tokens"] == 4 * PRM_TOKENS
    policy_flops = 2 * 3_000_000 * (4 * generated + PROMPT_TOKENS + 3 * TAIL_TOKENS)
    assert cell["flops_policy"] == pytest.approx(policy_flops)
    read = _mean_distinct_tokens(store, 4)
    assert read < 4 * PRM_TOKENS - 3 * 32  # two whole blocks of the question are shared
    assert cell["flops"] == pytest.approx(policy_flops + 2 * 2_000_000 * read)


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


def test_a_block_that_the_prm_was_never_given_is_left_out(frames: StoreFrames) -> None:
    partly = replace(
        frames,
        scored_blocks=frames.scored_blocks.filter(pl.col("stop") <= 8),
        scores=frames.scores.filter(pl.col("sample") < 8),
    )
    keys = [outcome.key for outcome in pool_outcomes(partly, budgets=[8, 16])]
    assert {key.n for key in keys if key.strategy == "best_of_n"} == {8}
    assert {key.n for key in keys if key.strategy == "majority"} == {8, 16}


def test_a_problem_whose_block_failed_for_the_prm_is_left_out_and_its_cells_say_so(
    frames: StoreFrames,
) -> None:
    failed = (pl.col("problem") < 3) & (pl.col("prm") == "sharp")
    partly = replace(
        frames,
        scored_blocks=frames.scored_blocks.filter(~(failed & (pl.col("stop") == 16))),
        scores=frames.scores.filter(
            ~((pl.col("problem") < 3) & (pl.col("prm") == "sharp") & (pl.col("sample") >= 8))
        ),
    )
    rows = make_cells(partly, pool_outcomes(partly)).frame.filter(bin="all", policy="small")
    partial = rows.filter("is_partial")
    assert set(partial.select("prm", "n").rows()) == {("sharp", 16)}
    assert set(partial.select("num_problems", "num_problems_run").rows()) == {(37, 40)}
    assert set(rows["num_unscored"]) == {0}


def test_default_budgets_are_powers_of_four_and_the_pool_itself() -> None:
    assert default_budgets(64) == [1, 4, 16, 64]
    assert default_budgets(8) == [1, 4, 8]
    assert default_budgets(0) == []
