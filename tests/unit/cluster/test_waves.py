"""A search has its policy and its PRM beside it, however little the cluster holds."""

from __future__ import annotations

import pytest

from ttsgrid.benchmarks import shipped_benchmark
from ttsgrid.cluster.driver.capacity import Capacity, Nodes
from ttsgrid.cluster.driver.waves import plan_waves
from ttsgrid.cluster.wire.tasks import WorkerSpec
from ttsgrid.core.errors import PlacementError
from ttsgrid.core.search_settings import SearchSettings
from ttsgrid.core.units import (
    ModelIdentity,
    SampleBlock,
    SamplingIdentity,
    ScoreBlock,
    SearchTree,
    Unit,
)
from ttsgrid.engines.spec import EngineSpec

ZOO = shipped_benchmark("zoo")

SAMPLING = SamplingIdentity(0.7, 1.0, 160, 0)
POLICIES, PRMS = ("a", "b", "c"), ("p", "q")
BEAM = SearchSettings("beam", 4)


def identity(name: str) -> ModelIdentity:
    return ModelIdentity(name, name, name, "zoo")


def worker(role: str, name: str, gpus: int = 1) -> WorkerSpec:
    return WorkerSpec(EngineSpec("fake", role, name, name), "zoo", (ZOO,), 1.0, gpus, 1.0)


FLEET = {name: [worker("policy", name)] for name in POLICIES} | {
    name: [worker("prm", name)] for name in PRMS
}
BLOCKS = [SampleBlock("p0", identity(policy), SAMPLING, 0, 4) for policy in POLICIES]
SCORES = [ScoreBlock(block, identity(prm)) for block in BLOCKS for prm in PRMS]
TREES = [
    SearchTree("p0", identity(policy), identity(prm), SAMPLING, BEAM)
    for policy in POLICIES
    for prm in PRMS
]
UNITS: list[Unit] = [*BLOCKS, *SCORES, *TREES]


def cluster(gpus: float) -> Nodes:
    return Nodes((Capacity(gpus, 64, 64),))


def resident(wave: tuple[Unit, ...]) -> set[str]:
    return {model.name for unit in wave for model in unit.models}


def test_where_all_models_fit_everything_runs_at_once() -> None:
    assert plan_waves(UNITS, FLEET, cluster(5)) == [tuple(UNITS)]


def test_without_searches_engines_may_stand_in_line() -> None:
    assert plan_waves([*BLOCKS, *SCORES], FLEET, cluster(1)) == [(*BLOCKS, *SCORES)]


@pytest.mark.parametrize("gpus", [2, 3, 4])
def test_where_they_do_not_pools_go_first_and_no_wave_of_searches_asks_for_too_much(
    gpus: int,
) -> None:
    pool, *searches = plan_waves(UNITS, FLEET, cluster(gpus))
    assert pool == (*BLOCKS, *SCORES)
    assert sorted(unit.id for wave in searches for unit in wave) == sorted(t.id for t in TREES)
    assert all(len(resident(wave)) <= gpus for wave in searches)


def test_as_many_pairs_run_at_once_as_fit() -> None:
    _, *searches = plan_waves(UNITS, FLEET, cluster(3))
    assert [resident(wave) for wave in searches] == [
        {"a", "p", "q"},
        {"b", "p", "q"},
        {"c", "p", "q"},
    ]


def test_further_replicas_do_not_split_a_wave() -> None:
    fleet = FLEET | {"a": FLEET["a"] * 8}
    assert plan_waves(UNITS, fleet, cluster(5)) == [tuple(UNITS)]


def test_a_pair_that_never_fits_is_refused_with_the_settings_to_change() -> None:
    fleet = FLEET | {"q": [worker("prm", "q", gpus=4)]}
    with pytest.raises(PlacementError) as caught:
        plan_waves(UNITS, fleet, cluster(4))
    for part in (
        "a and q at the same time",
        "1 GPU",
        "4 GPUs",
        "num_gpus",
        "engine.cpus",
        "a node with",
    ):
        assert part in str(caught.value)
