"""vLLM's own metrics beside ours, from a real engine in a real actor."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from ray.cluster_utils import Cluster

from tests.ray.test_driver_with_fake_engines import COT
from tests.ray.test_metrics import PARTS_OF_A_HISTOGRAM, scrape
from ttsgrid.benchmarks import shipped_benchmark
from ttsgrid.cli.sweep import sweep
from ttsgrid.grid.config import ClusterConfig, EngineConfig, GridConfig, ModelConfig, SamplingConfig
from ttsgrid.views.files.dashboard import dashboard

pytestmark = [pytest.mark.ray, pytest.mark.vllm, pytest.mark.slow]


def test_what_the_dashboard_asks_of_vllm_is_there_and_counts_what_it_served(
    tmp_path: Path, two_nodes: Cluster
) -> None:
    sampling = SamplingConfig(max_tokens=160)
    grid = GridConfig(
        benchmarks=(replace(shipped_benchmark("zoo"), num_problems=3),),
        policies=(ModelConfig("zoo-s", "zoo:zoo-s", "zoo", sampling=sampling),),
        prms=(),
        strategies=(COT,),
        engine=EngineConfig("vllm", cpus=0.4, kv_cache_gib=0.25, vllm_metrics=True),
        cluster=ClusterConfig(address=two_nodes.address, use_gpus=False),
        store=str(tmp_path / "store"),
    )
    sweep(grid)
    scraped = [
        scrape(f"{node.node_ip_address}:{node.metrics_export_port}")
        for node in (two_nodes.head_node, *two_nodes.worker_nodes)
    ]
    told = {name for node in scraped for name, _, _ in node.series}
    asked = set(re.findall(r"ray_vllm_\w+", dashboard()))
    assert asked
    # A counter that has counted nothing is not told, and nothing is preempted here.
    asked -= {"ray_vllm_num_preemptions_total"}
    assert asked <= {*told, *(PARTS_OF_A_HISTOGRAM.sub("", name) for name in told)}
    assert sum(node.sum("ray_vllm_request_success_total") for node in scraped) == 3
