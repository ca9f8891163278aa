"""Engines of several stages: what they ask of Ray, and what is said where that isn't there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ttsgrid.cluster.driver.capacity import Capacity, Nodes, demand, require_room
from ttsgrid.cluster.driver.fleet_specs import worker_spec
from ttsgrid.cluster.wire.tasks import WorkerSpec
from ttsgrid.cluster.worker.placement import bundles_of, placement_of
from ttsgrid.core.errors import ConfigError, PlacementError, UnreachableError
from ttsgrid.core.shipped import CONF
from ttsgrid.grid.compose import to_grid
from ttsgrid.grid.config import GridConfig
from ttsgrid.grid.preflight import memory
from ttsgrid.grid.preflight.memory import Memory, require_memory
from ttsgrid.grid.preflight.placement import placements
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


def gpus_of(spec: WorkerSpec) -> float:
    return sum(bundle.gpus for bundle in demand(spec))


def test_r1_takes_two_stages_of_eight_gpus_and_405b_one() -> None:
    r1, llama = spec_of("r1"), spec_of("llama3.1-405b")
    assert (r1.engine.num_gpus, r1.engine.pipeline_parallel, gpus_of(r1)) == (
        8,
        2,
        16,
    )
    assert (
        llama.engine.num_gpus,
        llama.engine.pipeline_parallel,
        sum(b.gpus for b in demand(llama)),
    ) == (8, 1, 8)
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
        require_room(spec_of("r1"), Nodes((Capacity(8, 1000, 64),)))
    require_room(spec_of("r1"), Nodes((Capacity(8, 500, 32),) * 2))


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


def test_a_plan_on_a_laptop_places_the_largest_policies_or_names_the_setting_to_raise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "machine_gib", lambda: 16.0)
    monkeypatch.setattr(memory, "gpu_gib", lambda: None)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)

    def said(policy: str, gpu_gib: float | None) -> str:
        grid = grid_of(policy)
        grid = replace(grid, engine=replace(grid.engine, gpu_memory_gib=gpu_gib))
        (sentence,) = placements(grid, [planned(grid)])
        return sentence

    # 405e9 and 671e9 bytes of FP8, in GiB, over 8 and 16 GPUs.
    assert said("llama3.1-405b", 80) == (
        "On GPUs with 80 GiB, 72 of them for an engine: llama3.1-405b takes 8 GPUs, with 47.1 GiB "
        "of assumed weights on each."
    )
    assert "r1 takes 16 GPUs, with 39.1 GiB of assumed weights on each" in said("r1", 80)
    small = said("r1", 40)
    assert small.startswith("Assumed from parameters and dtype: policies.r1.num_gpus=8: the weig")
    assert "of which 36 GiB may be used" in small
    assert small.endswith("so that they make 18 GPUs or more")
    unknown = said("r1", None)
    assert "set engine.gpu_memory_gib to what a GPU has where it will run" in unknown


def test_a_grid_for_a_cluster_is_placed_though_its_gpus_are_unknown() -> None:
    grid = grid_of("r1")
    elsewhere = replace(grid, cluster=replace(grid.cluster, address="auto"))
    (sentence,) = placements(elsewhere, [planned(grid)])
    assert sentence.startswith("On GPUs (engine.gpu_memory_gib tells what one has, to compare): r1")


def test_without_its_second_stage_r1_does_not_fit_and_the_sentence_names_the_settings() -> None:
    grid = grid_of("r1")
    alone = replace(planned(grid), config=replace(grid.policies[0], pipeline_parallel=1))
    with pytest.raises(ConfigError, match=r"policies.r1.num_gpus=8: the weights of r1 take 625"):
        require_memory(alone, grid, GPU_80_GB)
