"""A Ray that can't be had: one sentence that names the setting, and soon."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import ray

from ttsgrid.cluster.driver import reach
from ttsgrid.cluster.driver.ray_cluster import ray_cluster
from ttsgrid.core.errors import PlacementError
from ttsgrid.grid.config import ClusterConfig


def refusal(address: str | None) -> str:
    """Return the sentence that joining ends with."""
    began = time.monotonic()
    with pytest.raises(PlacementError) as caught, ray_cluster(ClusterConfig(address=address)):
        raise AssertionError("it was joined")
    assert time.monotonic() - began < 20
    assert not ray.is_initialized()
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


@contextmanager
def closed_port() -> Iterator[int]:
    """A port that nobody listens at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture(autouse=True)
def no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)


@pytest.mark.parametrize("config", [None, "auto"])
def test_the_jobs_address_in_ray_address_is_named_with_what_to_write_instead(
    monkeypatch: pytest.MonkeyPatch, config: str | None
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "http://head:8265")
    said = refusal(config)
    assert said.startswith("RAY_ADDRESS=http://head:8265 is the address of Ray's dashboard")
    assert "head:6379" in said


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_a_dead_address_is_named_within_seconds(scheme: str) -> None:
    with closed_port() as port:
        address = f"{scheme}127.0.0.1:{port}"
        assert refusal(address).startswith(f"no Ray cluster answers at cluster.address={address};")


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_a_listener_that_is_no_ray_is_named(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "PROBE_TIMEOUT_S", 4.0)
    with socket.create_server(("", 0)) as silent:  # Ray asks at the machine's own address
        address = f"{scheme}127.0.0.1:{silent.getsockname()[1]}"
        said = refusal(address)
    assert said.startswith(f"what listens at cluster.address={address} does not answer as Ray's")


def test_a_node_that_is_slow_to_start_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(**_: object) -> None:
        raise Exception("The current node timed out during startup. This could happen because")

    monkeypatch.setattr(ray, "init", slow)
    said = refusal(None)
    assert said.startswith("Ray did not start on this machine: The current node timed out")
    for way_out in ("try again", "cluster=ray"):
        assert way_out in said


@pytest.mark.ray
@pytest.mark.slow
def test_a_cluster_that_asks_for_its_token_is_told_from_one_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script = (
        "import ray; ray.init(address='local', include_dashboard=False, num_cpus=1);"
        "print(ray.get_runtime_context().gcs_address, flush=True); input()"
    )
    # Ray reads the mode as it is imported: here it stays what the environment says now.
    of_cluster = os.environ | {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "a" * 64}
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    command = [sys.executable, "-c", script]
    with subprocess.Popen(
        command, env=of_cluster, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as cluster:
        assert cluster.stdout is not None
        address = cluster.stdout.readline().strip()
        said = refusal(address)
        cluster.communicate("\n")
    assert said.startswith(f"the Ray cluster at cluster.address={address} asks for its token: set")
    assert "RAY_AUTH_MODE=token" in said
