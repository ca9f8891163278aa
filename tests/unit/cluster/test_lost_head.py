"""The head node of the Ray cluster goes away: work goes on a while, and the end is a sentence."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from io import StringIO
from types import SimpleNamespace

import pytest
import ray
from rich.console import Console

from tests.unit.cluster.simulation import run_virtually
from ttsgrid.cluster.driver.capacity import Capacity, Nodes
from ttsgrid.cluster.driver.progress import Progress
from ttsgrid.cluster.driver.ray_cluster import seen_nodes
from ttsgrid.cluster.driver.residency import Residency
from ttsgrid.cluster.driver.standstill import Room, Standstill
from ttsgrid.core.errors import HeadSilentError, PlacementError
from ttsgrid.grid.config import ClusterConfig

NODES = Nodes((Capacity(0, 4.0, 4.0),))


def test_a_head_node_that_nobody_listens_at_is_found_out_before_ray_waits_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        context = SimpleNamespace(gcs_address=address)
        monkeypatch.setattr(ray, "get_runtime_context", lambda: context)
        with pytest.raises(HeadSilentError, match=f"Ray's head node at {address} does not answer"):
            seen_nodes(ClusterConfig())


async def watched(nodes: Callable[[], Nodes], said: StringIO, seconds: float) -> None:
    progress = Progress(Console(file=said, width=200), {})
    standstill = Standstill([], Room(nodes, nodes), Residency(NODES), progress)
    await asyncio.wait_for(standstill.watch(300.0), seconds)


def silent() -> Nodes:
    raise HeadSilentError("Ray's head node at 10.0.0.1:6379 does not answer")


def test_a_head_node_that_stays_away_ends_the_run_within_a_minute_with_what_to_do() -> None:
    said = StringIO()
    with pytest.raises(PlacementError, match=r"10\.0\.0\.1:6379 does not answer: it was stopped"):
        run_virtually(watched(silent, said, 60))
    assert said.getvalue().count("does not answer; the run ends after 45 s") == 1


def test_a_head_node_that_comes_back_ends_nothing() -> None:
    looks = iter([True] * 20 + [False] + [True] * 20)

    def nodes() -> Nodes:
        return silent() if next(looks, False) else NODES

    with pytest.raises(TimeoutError):
        run_virtually(watched(nodes, StringIO(), 200))
