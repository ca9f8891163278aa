"""What a driver outside its cluster lacks: Ray's state, and futures that can be cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from concurrent.futures import Future

import pytest
import ray

from ttsgrid.cluster.driver import ray_client
from ttsgrid.cluster.driver.capacity import Capacity
from ttsgrid.cluster.driver.ray_client import reply_of
from ttsgrid.cluster.driver.ray_cluster import cluster_nodes


class Reference:
    """A remote call as Ray's client has it."""

    def __init__(self) -> None:
        self.made: Future[int] = Future()

    def future(self) -> Future[int]:
        return self.made

    def __await__(self) -> Generator[None, None, int]:
        return asyncio.wrap_future(self.made).__await__()


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray.util.client.ray, "is_connected", lambda: True)


def test_a_cluster_is_seen_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    node = {"Alive": True, "Resources": {"CPU": 4.0, "memory": float(2 << 30)}}
    monkeypatch.setattr(ray, "nodes", lambda: [node])
    assert ray_client.is_client()
    assert cluster_nodes().nodes == (Capacity(0, 2.0, 4.0),)


def test_a_call_that_nobody_waits_for_any_more_may_still_be_answered() -> None:
    async def run() -> None:
        given_up, answered, failed = Reference(), Reference(), Reference()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reply_of(given_up), 0.01)
        given_up.made.set_result(1)  # a cancelled future would raise
        answered.made.set_result(2)
        assert await reply_of(answered) == 2
        failed.made.set_exception(OSError("gone"))
        with pytest.raises(OSError, match="gone"):
            await reply_of(failed)

    asyncio.run(run())
