"""Weights against memory on a CPU, and what missing units cost by the lengths of a store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ttsgrid.benchmarks import load_benchmark, shipped_benchmark
from ttsgrid.cli.found import resolve_models
from ttsgrid.core.errors import ConfigError
from ttsgrid.grid.config import (
    ClusterConfig,
    EngineConfig,
    GridConfig,
    ModelConfig,
    StrategyConfig,
)
from ttsgrid.grid.plan import make_plan
from ttsgrid.grid.preflight.cost import Lengths, costs_of
from ttsgrid.grid.preflight.expected import Length
from ttsgrid.grid.preflight.memory import Memory, machine_gib, require_memory
from ttsgrid.grid.preflight.weights import GIB, weight_bytes

POLICY = ModelConfig("zoo-s", "zoo:zoo-s", "zoo")
BEAM = StrategyConfig("beam", "beam", budgets=(8,), search={"beam_width": 4})
GRID = GridConfig(
    benchmarks=(replace(shipped_benchmark("zoo"), num_problems=2),),
    policies=(POLICY,),
    prms=(ModelConfig("zoo-prm", "zoo:zoo-prm", "qwen"),),
    strategies=(StrategyConfig("majority", "majority"), BEAM),
    budgets=(4,),
    engine=EngineConfig(memory_gib=1e-6),
    cluster=ClusterConfig(),
    store="store",
)


def test_weights_above_the_machines_memory_are_refused_and_above_rays_share_noted() -> None:
    model = resolve_models(GRID)[0]
    size = weight_bytes(model)
    assert size == 2 * (model.num_parameters or 0)  # `auto` lowers float32 to bfloat16
    note = require_memory(model, GRID, Memory(machine_gib=machine_gib()))
    assert note is not None
    assert "engine.memory_gib=1e-06 reserves less" in note
    small = Memory(machine_gib=size / GIB / 2)
    with pytest.raises(ConfigError, match=r"policies.zoo-s.model: the weights of zoo-s take"):
        require_memory(model, GRID, small)
    # A cluster's machines are others than this one.
    assert require_memory(model, GRID, Memory(is_here=False)) is None


def test_expected_tokens_follow_from_the_mean_length_of_stored_solutions() -> None:
    models = resolve_models(GRID)
    identities = {model.identity.name: model.identity for model in models}
    plan = make_plan(GRID, load_benchmark(GRID.benchmark), identities)
    policy, prm = costs_of(plan, models, Lengths({("zoo-s", "zoo"): Length(30.0, 3.0)}))
    longest = POLICY.sampling.max_tokens
    # Two problems, each with a pool of four and a search that tries eight candidates a step.
    assert policy.most_tokens == 2 * (4 + 8) * longest
    assert policy.expected_tokens == 2 * (4 + 8) * 30
    assert prm.most_tokens == 2 * 8 * longest  # no PRM reads a majority vote
    assert policy.flops(10) == 20 * (models[0].num_parameters or 0)
    unknown = costs_of(plan, models, Lengths())[0]
    assert unknown.expected_tokens is None
