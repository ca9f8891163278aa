"""One cluster of two small nodes for all tests that join one; it takes seconds to start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ray.cluster_utils import Cluster


@pytest.fixture(scope="session")
def two_nodes() -> Iterator[Cluster]:
    """Two nodes of two CPUs and two GPUs each, in name: nothing computes on them."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "num_gpus": 2})
    cluster.add_node(num_cpus=2, num_gpus=2)
    cluster.wait_for_nodes()
    yield cluster
    cluster.shutdown()
