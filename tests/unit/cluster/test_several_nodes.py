"""Engines of several stages: what they ask of Ray, and what is said where that isn't there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ttsgrid.cluster.driver.capacity import Capacity, demand, require_room
from ttsgrid.cluster.driver.launch import worker_spec
from ttsgrid.cluster.wire.tasks import WorkerSpec
from ttsgrid.cluster.worker.placement import bundles_of, placement_of
from ttsgrid.core.errors import ConfigError, PlacementError, UnreachableError
from ttsgrid.core.shipped import CONF
from ttsgrid.grid.compose import to_grid
from ttsgrid.grid.config import GridConfig
from ttsgrid.grid.preflight.memory import Memory, require_memory
from ttsgrid.grid.preflight.weights import GIB, weight_bytes
from ttsgrid.grid.resolve import ResolvedModel, assumed_model

# As the driver of an H100 with 80 GB counts it.
GPU_80_GB = Memory(gpu_gib=81559 / 1024, machine_gib=None, is_here=False)


def grid_of(policy: str) -> GridConfig:
    from hydra import compose, initialize_config_dir  # noqa: PLC0415

    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        settings = [f"policies=[{policy}]", "prms=[]", "strategies=[majority]", "engine=gpu"]
        return to_grid(compose("config", overrides=settings), (CONF,))


def planned(grid: GridConfig) -> ResolvedModel:
    why = UnreachableError("no hub here")
    return assumed_model(grid.policies[0], "policy", "{}", grid.engine, why)


def spec_of(policy: str) -> WorkerSpec:
    grid = grid_of(policy)
    return worker_spec(grid, planned(grid), (), use_gpus=True)


def test_r1_takes_two_stages_of_eight_gpus_and_405b_one() -> None:
    r1, llama = spec_of("r1"), spec_of("llama3.1-405b")
    assert (r1.engine.num_gpus, r1.engine.pipeline_parallel, demand(r1).gpus) == (8, 2, 16)
    assert (llama.engine.num_gpus, llama.engine.pipeline_parallel, demand(llama).gpus) == (8, 1, 8)
    assert placement_of(llama).options["num_gpus"] == 8


def test_an_engine_of_several_stages_is_reserved_gpu_by_gpu_its_actor_beside_the_first() -> None:
    first, *others = bundles_of(spec_of("r1"))
    assert first == {"CPU": 2.0, "memory": 16.0 * GIB, "GPU": 1.0}
    assert others == [{"GPU": 1.0}] * 15


def test_without_gpus_there_are_no_stages() -> None:
    grid = grid_of("r1")
    spec = worker_spec(grid, planned(grid), (), use_gpus=False)
    assert (spec.engine.num_gpus, spec.engine.pipeline_parallel, spec.gpus) == (0, 1, 0)


def test_a_cluster_that_is_too_small_is_refused_with_both_settings() -> None:
    with pytest.raises(PlacementError, match=r"asks for 16 GPUs \(r1.num_gpus x pipeline_parallel"):
        require_room(spec_of("r1"), Capacity(64, 8, 1000))
    require_room(spec_of("r1"), Capacity(64, 16, 1000))


@pytest.mark.parametrize(
    ("policy", "gigabytes"), [("r1", 671), ("llama3.1-405b", 405), ("llama3.1-70b", 141.2)]
)
def test_weights_count_by_how_they_are_stored(policy: str, gigabytes: float) -> None:
    model = planned(grid_of(policy))
    assert weight_bytes(model) == pytest.approx(gigabytes * 1e9)


@pytest.mark.parametrize("file", sorted(CONF.glob("policy/*.yaml")), ids=lambda file: file.stem)
def test_every_shipped_policy_fits_the_80_gb_gpus_that_it_asks_for(file: Path) -> None:
    grid = grid_of(file.stem)
    if grid.policies[0].model.startswith("zoo:"):
        return
    assert require_memory(planned(grid), grid, GPU_80_GB) is None


def test_without_its_second_stage_r1_does_not_fit_and_the_sentence_names_the_settings() -> None:
    grid = grid_of("r1")
    alone = replace(planned(grid), config=replace(grid.policies[0], pipeline_parallel=1))
    with pytest.raises(ConfigError, match=r"policies.r1.num_gpus=8: the weights of r1 take 625"):
        require_memory(alone, grid, GPU_80_GB)
