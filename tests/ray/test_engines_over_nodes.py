"""An engine that is larger than a node is placed over two of them, and gives them back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import ray
from ray.cluster_utils import Cluster

from tests.ray.test_driver_with_fake_engines import BEST_OF_N, MAJORITY, engine, model, rows
from ttsgrid.benchmarks import shipped_benchmark
from ttsgrid.cli.sweep import sweep
from ttsgrid.grid.config import ClusterConfig, GridConfig

pytestmark = pytest.mark.ray


def test_two_stages_of_two_gpus_run_on_two_nodes_one_policy_after_the_other(
    tmp_path: Path, two_nodes: Cluster
) -> None:
    policies = tuple(
        replace(model(tmp_path, name, "zoo"), num_gpus=2, pipeline_parallel=2)
        for name in ("policy-a", "policy-b")
    )
    grid = GridConfig(
        benchmarks=(replace(shipped_benchmark("zoo"), num_problems=2),),
        policies=policies,
        prms=(),
        strategies=(MAJORITY,),
        budgets=(4,),
        engine=engine(),
        cluster=ClusterConfig(address=two_nodes.address, use_gpus=True),
        store=str(tmp_path / "store"),
    )
    # Each takes all four GPUs: the second can only be placed once the first gave them back.
    sweep(grid)
    units = rows(grid, "units")
    assert units.height == 4
    assert set(units["status"]) == {"done"}
    assert set(units["num_gpus"]) == {4}
    assert not ray.is_initialized()


def test_a_policy_and_a_prm_use_all_four_gpus_where_nobody_says_how_many_replicas(
    tmp_path: Path, two_nodes: Cluster
) -> None:
    grid = GridConfig(
        benchmarks=(replace(shipped_benchmark("zoo"), num_problems=16),),
        policies=(model(tmp_path, "policy-a", "zoo"),),
        prms=(model(tmp_path, "prm-q", "qwen"),),
        strategies=(BEST_OF_N,),
        budgets=(4,),
        engine=engine(max_num_seqs=2, delay_s=0.5),
        cluster=ClusterConfig(address=two_nodes.address, use_gpus=True),
        store=str(tmp_path / "store"),
    )
    sweep(grid)
    units = rows(grid, "units")
    assert set(units["status"]) == {"done"}
    # As much to read as to write: two of each, and none of them took another's place.
    workers = units.select("kind", "process").unique()
    assert dict(workers["kind"].value_counts().iter_rows()) == {"sample": 2, "score": 2}
