"""Two sweeps share a cluster: neither meets the other's actors, and both end as if alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ray.cluster_utils import Cluster

from tests.ray.oracle import assert_equal

pytestmark = [pytest.mark.ray, pytest.mark.slow]


def command(cluster: Cluster, store: Path) -> list[str]:
    settings = (
        "policies=[zoo-s]", "prms=[zoo-prm]", "budgets=[4]", "strategies=[majority,beam]",
        "benchmark.num_problems=3", "engine.kind=fake", "engine.cpus=0.4", "engine.memory_gib=0.3",
        "+engine.fake.delay_s=0.2", f"cluster.address={cluster.address}", "cluster.use_gpus=false",
        f"store={store}",
    )  # fmt: skip
    return [sys.executable, "-m", "ttsgrid.cli.sweep", *settings]


def test_two_sweeps_at_once_leave_what_each_leaves_alone(
    tmp_path: Path, two_nodes: Cluster
) -> None:
    stores = [tmp_path / name for name in ("first", "second")]
    both = [
        subprocess.Popen(
            command(two_nodes, store), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for store in stores
    ]
    for sweep in both:
        said, _ = sweep.communicate(timeout=250)
        assert sweep.returncode == 0, said
    alone = tmp_path / "alone"
    subprocess.run(command(two_nodes, alone), check=True, timeout=250)
    for store in stores:
        assert_equal(store, alone)
