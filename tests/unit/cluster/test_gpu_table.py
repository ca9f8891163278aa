"""The study's table of GPUs: each pair of policy and PRM runs on as many 80 GB GPUs, or fewer."""

from __future__ import annotations

from functools import cache

import pytest
from hydra import compose, initialize_config_dir

from ttsgrid.cluster.driver.capacity import Capacity, Nodes, demand
from ttsgrid.cluster.driver.fleet_specs import share_of, worker_spec
from ttsgrid.cluster.driver.sharing import crowded_pairs, with_shared_gpus
from ttsgrid.cluster.driver.waves import plan_waves
from ttsgrid.cluster.wire.tasks import WorkerSpec
from ttsgrid.core.errors import PlacementError, UnreachableError
from ttsgrid.core.search_settings import SearchSettings
from ttsgrid.core.shipped import CONF
from ttsgrid.core.units import SamplingIdentity, SearchTree
from ttsgrid.grid.compose import to_grid
from ttsgrid.grid.config import GridConfig
from ttsgrid.grid.resolve import ResolvedModel, assumed_model

GPU_GIB = 80.0  # of the study's A100s
WHY = UnreachableError("no hub here")
SMALL = ("qwen2.5-0.5b", "llama3.2-1b", "qwen2.5-3b", "qwen2.5-7b", "llama3.1-8b", "qwen2.5-14b")
SMALL_PRMS = (
    "math-shepherd-7b",
    "rlhflow-8b-mistral",
    "rlhflow-8b-deepseek",
    "skywork-1.5b",
    "skywork-7b",
    "qwen2.5-math-prm-7b",
)
LARGE_PRM = "qwen2.5-math-prm-72b"
TABLE = [
    *((policy, prm, 1) for policy in SMALL for prm in SMALL_PRMS),
    *(("qwen2.5-32b", prm, 2) for prm in SMALL_PRMS),
    *(("qwen2.5-72b", prm, 3) for prm in SMALL_PRMS),
    *((policy, LARGE_PRM, 3) for policy in (*SMALL, "qwen2.5-32b")),
    ("qwen2.5-72b", LARGE_PRM, 4),
]


@cache
def grid() -> GridConfig:
    policies = ",".join((*SMALL, "qwen2.5-32b", "qwen2.5-72b"))
    settings = [f"policies=[{policies}]", f"prms=[{','.join((*SMALL_PRMS, LARGE_PRM))}]"]
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        return to_grid(compose("config", overrides=[*settings, "engine=gpu"]), (CONF,))


@cache
def resolved(name: str) -> ResolvedModel:
    found = {one.name: (one, "policy") for one in grid().policies}
    config, role = (found | {one.name: (one, "prm") for one in grid().prms})[name]
    return assumed_model(config, role, "{}", grid().engine, WHY)


@cache
def spec_of(name: str) -> WorkerSpec:
    return worker_spec(grid(), resolved(name), (), use_gpus=True)


def search(policy: str, prm: str) -> SearchTree:
    sampling = SamplingIdentity(0.7, 1.0, 8192, 0)
    ids = (resolved(policy).identity, resolved(prm).identity)
    return SearchTree("p0", *ids, sampling, SearchSettings("beam", 4))


def shared(policy: str, prm: str, cluster: Nodes) -> dict[str, list[WorkerSpec]]:
    usable = GPU_GIB * grid().engine.gpu_memory_utilization
    fleet = {name: [spec_of(name)] for name in (policy, prm)}
    shares = {name: share_of(resolved(name), spec_of(name), usable) for name in fleet}
    return with_shared_gpus(fleet, crowded_pairs(fleet, [(policy, prm)], cluster), shares)


def node(num_gpus: int) -> Nodes:
    return Nodes((Capacity(num_gpus, 500, 64),))


def fewest_gpus(policy: str, prm: str) -> int:
    for number in range(1, 9):
        cluster = node(number)
        try:
            plan_waves([search(policy, prm)], shared(policy, prm, cluster), cluster)
        except PlacementError:
            continue
        return number
    raise AssertionError(f"{policy} and {prm} fit on no node of eight GPUs")


@pytest.mark.parametrize(("policy", "prm", "recommended"), TABLE)
def test_a_search_takes_no_more_gpus_than_the_study_recommends(
    policy: str, prm: str, recommended: int
) -> None:
    assert fewest_gpus(policy, prm) <= recommended


def test_two_on_one_gpu_keep_within_it_and_have_room_for_weights_and_a_long_sequence() -> None:
    fleet = shared("qwen2.5-14b", "rlhflow-8b-mistral", node(1))
    policy, prm = (fleet[name][0] for name in ("qwen2.5-14b", "rlhflow-8b-mistral"))
    assert policy.gpus + prm.gpus == pytest.approx(1)
    shares = [spec.engine.gpu_memory_utilization for spec in (policy, prm)]
    assert sum(shares) <= 0.9 + 1e-9
    # 14.8e9 and 8.03e9 parameters in bfloat16, keys and values of 12,288 and 16,384 tokens
    # (48 and 32 layers of 8 heads of 128), as the models' configs say.
    for share, parameters, tokens, layers in (
        (shares[0], 14.8e9, 12_288, 48),
        (shares[1], 8.03e9, 16_384, 32),
    ):
        least = 2 * parameters + tokens * layers * 2 * 8 * 128 * 2
        assert share * GPU_GIB * (1 << 30) > least
    assert {spec.engine.num_gpus for spec in (policy, prm)} == {1}


def test_models_that_find_gpus_of_their_own_share_none() -> None:
    fleet = shared("qwen2.5-7b", "qwen2.5-math-prm-7b", node(2))
    assert [specs[0].gpus for specs in fleet.values()] == [1, 1]
    assert demand(fleet["qwen2.5-7b"][0]) == (Capacity(1, 16, 2),)
