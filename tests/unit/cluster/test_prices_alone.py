"""A unit's price is the same whatever ran before and beside it, to the token.

Two simulated sweeps (see `simulation`) of the same cells: one in a store of its own, one in
another order beside other policies, PRMs and searches, which share prefixes and scores.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.unit.cluster.simulation import SimulatedCluster, drive, run_virtually
from tests.unit.grid.test_units_and_plan import (
    IDENTITIES,
    grid,
    models,
    problems,
    search,
    strategies,
)
from ttsgrid.benchmarks import shipped_benchmark
from ttsgrid.cluster.wire.tasks import WorkerSpec
from ttsgrid.core.units import Unit
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.grid.plan import Plan, make_plan
from ttsgrid.grid.planned_units import PlannedUnits
from ttsgrid.store import scan

ZOO = shipped_benchmark("zoo")
PRICES = (
    *(f"{role}_lone_{kind}_tokens" for role in ("policy", "prm") for kind in ("prompt", "cached")),
    "policy_lone_generated_tokens",
    "question_tokens",
    "policy_block_tokens",
    "prm_block_tokens",
    "prm_prefix_keys",
    "prm_prefix_tokens",
)
SEARCHES = (
    search("beam", 4),
    search("dvts", 8),
    search("lookahead", 4, search={"lookahead_steps": 2}),
)
MORE_SEARCHES = (
    search("beam", 8, 4),
    search("rebase", 8),
    search("dvts", 16),
    search("lookahead", 4, search={"lookahead_steps": 2}),
)


def fleet(plan: Plan, block_tokens: int, slots: int) -> dict[str, list[WorkerSpec]]:
    names = {model.name for unit in plan.missing for model in unit.models}
    fake = {"delay_s": 0.01, "block_tokens": float(block_tokens)}
    specs = {}
    for name in sorted(names):
        role = "prm" if name.startswith("prm") else "policy"
        engine = EngineSpec("fake", role, name, name, max_num_seqs=slots, fake=fake)
        form = "zoo" if role == "policy" else "qwen"
        specs[name] = [WorkerSpec(engine, form, (ZOO,), 1.0, 0, 1.0)]
    return specs


def cells_alone() -> Plan:
    chosen = grid(
        policies=models(("small",)),
        prms=models(("prm-a",)),
        strategies=(*strategies("cot", "best_of_n"), *SEARCHES),
        budgets=(8,),
    )
    return make_plan(chosen, problems(4), IDENTITIES)


class Backwards(PlannedUnits):
    """Units in the opposite order."""

    def __iter__(self) -> Iterator[Unit]:
        return reversed(list(super().__iter__()))


def cells_among_others() -> Plan:
    chosen = grid(
        policies=models(("medium", "small")),
        prms=models(("prm-b", "prm-a")),
        strategies=(*MORE_SEARCHES, *strategies("best_of_n", "cot")),
        budgets=(8, 16),
    )
    made = make_plan(chosen, problems(4)[::-1], IDENTITIES)
    return replace(made, missing=Backwards(made.missing.stretches))


def ran(folder: Path, plan: Plan, block_tokens: int, slots: int) -> pl.DataFrame:
    cluster = SimulatedCluster()
    run_virtually(drive(plan, fleet(plan, block_tokens, slots), cluster, folder))
    units = scan(folder, "units").sort("unit_id").collect()
    assert set(units["status"]) == {"done"}
    return units


@pytest.mark.parametrize("block_tokens", [4, 32])
def test_the_same_units_cost_the_same_alone_and_beside_many_others(
    tmp_path: Path, block_tokens: int
) -> None:
    alone = ran(tmp_path / "alone", cells_alone(), block_tokens, slots=1)
    every = ran(tmp_path / "every", cells_among_others(), block_tokens, slots=16)
    shared = every.filter(pl.col("unit_id").is_in(alone["unit_id"].to_list()))
    assert every.height > 3 * alone.height
    assert set(shared["kind"]) == {"sample", "score", "search"}

    assert_frame_equal(alone.select("unit_id", *PRICES), shared.select("unit_id", *PRICES))
    assert shared.filter(kind="search")["prm_lone_prompt_tokens"].min() > 0  # type: ignore[operator]
    # What the engines did is another matter: here other units' scores were remembered.
    assert (alone["prm_cached_tokens"] != shared["prm_cached_tokens"]).any()


def test_each_solution_brings_the_same_parts_whatever_was_scored_before(tmp_path: Path) -> None:
    ran(tmp_path / "alone", cells_alone(), 8, slots=1)
    ran(tmp_path / "every", cells_among_others(), 8, slots=16)
    columns = ("unit_id", "sample", "input_tokens", "prefix_keys", "prefix_tokens")
    alone, every = (
        scan(tmp_path / name, "scores").select(columns).sort("unit_id", "sample").collect()
        for name in ("alone", "every")
    )
    shared = every.filter(pl.col("unit_id").is_in(alone["unit_id"].unique().to_list()))
    assert_frame_equal(alone, shared)
    assert (alone["prefix_tokens"].list.sum() == alone["input_tokens"]).all()


def test_a_score_block_costs_the_distinct_parts_of_its_solutions(tmp_path: Path) -> None:
    units = ran(tmp_path, cells_alone(), 8, slots=4).filter(kind="score")
    parts = (
        scan(tmp_path, "scores")
        .select("unit_id", "prefix_keys", "prefix_tokens")
        .explode("prefix_keys", "prefix_tokens")
        .unique(["unit_id", "prefix_keys"])
        .group_by("unit_id")
        .agg(pl.col("prefix_tokens").sum().cast(pl.Int64))
        .collect()
    )
    both = units.join(parts, on="unit_id")
    computed = both["prm_lone_prompt_tokens"] - both["prm_lone_cached_tokens"]
    assert both.height == units.height > 0
    assert (computed == both["prefix_tokens"]).all()
