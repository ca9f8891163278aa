"""Real placement on two nodes: a worker that finds no node waits its turn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ray.cluster_utils import Cluster

from tests.ray.test_driver_with_fake_engines import BEST_OF_N, engine, model, one_policy, rows
from ttsgrid.cli.sweep import sweep
from ttsgrid.core.errors import PlacementError
from ttsgrid.grid.config import ClusterConfig, GridConfig

pytestmark = [pytest.mark.ray, pytest.mark.slow]


def three_models(folder: Path, cluster: Cluster, cpus: float) -> GridConfig:
    return replace(
        one_policy(folder, replace(engine(), cpus=cpus)),
        prms=(model(folder, "prm-q", "qwen"), model(folder, "prm-s", "math_shepherd")),
        strategies=(BEST_OF_N,),
        cluster=ClusterConfig(address=cluster.address, use_gpus=False, placement_timeout_s=60),
    )


def test_three_workers_of_more_than_half_a_node_take_turns_on_two(
    tmp_path: Path, two_nodes: Cluster
) -> None:
    grid = three_models(tmp_path, two_nodes, cpus=1.2)  # 3.6 of 4 CPUs in all, and no third fits
    sweep(grid)
    units = rows(grid, "units")
    assert set(units["status"]) == {"done"}
    assert units.height == 3 * 3


def test_a_worker_larger_than_any_node_is_refused_at_once(
    tmp_path: Path, two_nodes: Cluster
) -> None:
    with pytest.raises(PlacementError, match=r"asks for 3 CPUs on one node \(engine.cpus\); no no"):
        sweep(three_models(tmp_path, two_nodes, cpus=3))
