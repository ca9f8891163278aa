"""`ray job submit` to a local cluster, as jobs/README tells it: to the end, and stopped half-way.

The command line of Ray submits and stops. The oracle is the job that nobody stopped.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ray.cluster_utils import Cluster
from ray.job_submission import JobStatus, JobSubmissionClient

from tests.ray.kills.nodes import TwoNodes, free_port
from tests.ray.oracle import assert_each_once, assert_equal
from ttsgrid.store import committed_units

pytestmark = [pytest.mark.ray, pytest.mark.timeout(600)]

RAY = Path(sys.executable).parent / "ray"
GRID = ("policies=[zoo-s]", "prms=[zoo-prm]", "budgets=[4]", "strategies=[cot,best_of_n]")
FAKE = ("engine.kind=fake", "engine.cpus=0.5", "engine.memory_gib=0.2", "engine.max_num_seqs=4")
LONGEST_S = 400.0
NUM_PROBLEMS = 200  # on real engines


def submit(address: str, name: str, *settings: str) -> None:
    sweep = [sys.executable, "-m", "ttsgrid.sweep", "cluster=ray", *GRID, *settings]
    to = ["--address", address, "--submission-id", name, "--no-wait"]
    end = time.monotonic() + LONGEST_S
    while subprocess.run([RAY, "job", "submit", *to, "--", *sweep]).returncode:
        assert time.monotonic() < end  # a cluster takes jobs some seconds after it started
        time.sleep(1)


def ended(jobs: JobSubmissionClient, name: str) -> JobStatus:
    """Wait for a job's end; return how it ended."""
    end = time.monotonic() + LONGEST_S
    while not (status := jobs.get_job_status(name)).is_terminal():
        assert time.monotonic() < end, jobs.get_job_logs(name)
        time.sleep(0.3)
    return status


def wait_for_units(store: Path, at_least: int, jobs: JobSubmissionClient, name: str) -> None:
    while len(committed_units(store).done) < at_least:
        assert not jobs.get_job_status(name).is_terminal(), jobs.get_job_logs(name)
        time.sleep(0.2)


def run_stop_and_resubmit(address: str, folder: Path, num_units: int, *settings: str) -> None:
    """Run one job to its end, stop another half-way and submit it again; both leave the same."""
    jobs = JobSubmissionClient(address)
    store, oracle = folder / "store", folder / "oracle"
    submit(address, "stopped", *settings, f"store={store}")
    wait_for_units(store, num_units // 6, jobs, "stopped")
    subprocess.run([RAY, "job", "stop", "--address", address, "stopped"], check=True, timeout=100)
    assert ended(jobs, "stopped") is JobStatus.STOPPED
    half = committed_units(store).done
    assert 0 < len(half) < num_units, "it was not stopped half-way"

    submit(address, "again", *settings, f"store={store}")
    submit(address, "whole", *settings, f"store={oracle}")
    for name in ("again", "whole"):
        assert ended(jobs, name) is JobStatus.SUCCEEDED, jobs.get_job_logs(name)
    assert half < committed_units(store).done
    assert len(committed_units(store).done) == num_units
    assert_equal(store, oracle)


@pytest.fixture
def with_dashboard() -> Iterator[str]:
    """The address of a cluster's jobs API; fake engines' workers are forked there."""
    nodes = TwoNodes(dashboard=True)
    yield nodes.dashboard
    nodes.shutdown()


def test_a_job_of_a_zoo_grid_is_stopped_half_way_resubmitted_and_equals_one_that_ran_through(
    tmp_path: Path, with_dashboard: str
) -> None:
    settings = ("benchmark.num_problems=12", *FAKE, "+engine.fake.delay_s=0.7")
    run_stop_and_resubmit(with_dashboard, tmp_path, 3 * 12, *settings)


@pytest.fixture
def plain() -> Iterator[str]:
    """The same for real engines, on a node as `ray start --head` makes it."""
    ports = {name: free_port() for name in ("dashboard_port", "dashboard_agent_listen_port")}
    head = {"num_cpus": 4, "include_dashboard": True, **ports}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    yield f"http://{cluster.webui_url}"
    cluster.shutdown()


@pytest.mark.slow
@pytest.mark.vllm
@pytest.mark.timeout(1500)
def test_a_job_on_vllm_is_stopped_half_way_and_the_same_command_finishes_with_nothing_twice(
    tmp_path: Path, plain: str
) -> None:
    jobs = JobSubmissionClient(plain)
    # Slow enough that the stop comes in time: Ray's command takes seconds to start.
    slow = (f"benchmark.num_problems={NUM_PROBLEMS}", "engine.max_num_seqs=2")
    settings = (*slow, f"store={tmp_path}")
    submit(plain, "stopped", *settings)
    wait_for_units(tmp_path, 10, jobs, "stopped")
    subprocess.run([RAY, "job", "stop", "--address", plain, "stopped"], check=True, timeout=100)
    assert ended(jobs, "stopped") is JobStatus.STOPPED
    assert 0 < len(committed_units(tmp_path).done) < 3 * NUM_PROBLEMS
    submit(plain, "again", *settings)
    assert ended(jobs, "again") is JobStatus.SUCCEEDED, jobs.get_job_logs("again")
    assert_each_once(
        tmp_path, 3 * NUM_PROBLEMS, num_solutions=5 * NUM_PROBLEMS, num_scores=4 * NUM_PROBLEMS
    )
