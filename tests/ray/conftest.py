"""One cluster of two small nodes for the tests of a file; it takes seconds to start.

Not for a whole session: a process that leaves a cluster for a local one and comes back finds that
Ray 2.60 cancels each of its actors ("all references to the actor were removed").
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ray.cluster_utils import Cluster


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[Cluster]:
    """Two nodes of two CPUs and two GPUs each, in name: nothing computes on them."""
    # Metrics within a second, and not within ten.
    often = {"metrics_report_interval_ms": 1000}
    head = {"num_cpus": 2, "num_gpus": 2, "_system_config": often}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    cluster.add_node(num_cpus=2, num_gpus=2)
    cluster.wait_for_nodes()
    yield cluster
    cluster.shutdown()
