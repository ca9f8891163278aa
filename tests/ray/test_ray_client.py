"""A sweep that joins its cluster through Ray's client, `ray://`, from outside."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ray.cluster_utils import Cluster

from tests.ray.kills.nodes import free_port
from ttsgrid.store import scan

pytestmark = [pytest.mark.ray, pytest.mark.slow]


@pytest.fixture
def client_address() -> Iterator[str]:
    port = free_port()
    cluster = Cluster(True, head_node_args={"num_cpus": 2, "ray_client_server_port": port})
    yield f"ray://127.0.0.1:{port}"
    cluster.shutdown()


def test_a_sweep_through_rays_client_runs_to_its_end_and_prints_no_traceback(
    tmp_path: Path, client_address: str
) -> None:
    settings = (
        "policies=[zoo-s]", "prms=[zoo-prm]", "budgets=[4]", "strategies=[best_of_n,beam]",
        "benchmark.num_problems=3", "engine.kind=fake", "engine.cpus=0.4", "engine.memory_gib=0.3",
        "+engine.fake.delay_s=0.1", f"cluster.address={client_address}", f"store={tmp_path}",
    )  # fmt: skip
    command = [sys.executable, "-m", "ttsgrid.cli.sweep", *settings]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert set(scan(tmp_path, "units").collect()["status"]) == {"done"}
