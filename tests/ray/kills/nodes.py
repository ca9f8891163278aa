"""A cluster of two nodes whose processes are killed, and what is left of them.

Linux only: processes are found under /proc.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest
from ray.cluster_utils import Cluster

from tests.ray.kills.forks import Zygote
from ttsgrid.engines.fake_process import NAME

T = TypeVar("T")
TRIES = 6
LIGHT = Path(__file__).parent / "light"
# As Ray titles what is no worker of a sweep; those are titled by class, or by their call.
NO_WORKERS = ("ray::IDLE", "ray::JobSupervisor")
SYSTEM = {
    # Workers have an environment of their own, so that none which is started in advance would fit.
    "prestart_worker_first_driver": False,
    "enable_worker_prestart": False,
    # On a busy machine a node's agents take longer to start than Ray waits, and it gives up.
    "agent_register_timeout_ms": 150_000,
    # A lost node is noticed within a second or two instead of ten.
    "health_check_initial_delay_ms": 1000,
    "health_check_period_ms": 500,
    "health_check_timeout_ms": 1000,
    "health_check_failure_threshold": 4,
}


class TwoNodes:
    """A head that could hold both workers, and a node that comes and goes."""

    def __init__(self, *, dashboard: bool = False) -> None:
        self.zygote = Zygote()
        head = {"num_cpus": 2, "include_dashboard": dashboard, "_system_config": SYSTEM}
        # Another cluster of this machine may have those that Ray would take.
        ports = {name: free_port() for name in ("dashboard_port", "dashboard_agent_listen_port")}
        self._cluster = self._started(lambda: Cluster(True, head_node_args={**head, **ports}))
        self._second = self._add()
        self.wait_until_free(300)

    @property
    def address(self) -> str:
        """Where drivers join it."""
        return str(self._cluster.address)

    @property
    def dashboard(self) -> str:
        """Where jobs are submitted, if it was asked for."""
        return f"http://{self._cluster.webui_url}"

    def _add(self) -> Any:  # noqa: ANN401 - Ray's node
        return self._started(lambda: self._cluster.add_node(wait=False, num_cpus=1))

    def _started(self, start: Callable[[], T]) -> T:
        """Start a node, again where a busy machine takes longer than the 30 s that Ray waits."""
        for _ in range(TRIES):
            with suppress(Exception), self._environment():  # Ray raises bare ones
                return start()
        with self._environment():
            return start()

    def workers(self) -> list[int]:
        """Return the processes of workers, oldest first."""
        return [pid for node in self._nodes() for pid in self._workers_of(_raylet(node))]

    def engines(self) -> list[int]:
        """Return the processes of engines."""
        return [pid for worker in self.workers() for pid in _engines_of(worker)]

    def is_second_node_in_use(self) -> bool:
        """Whether a worker is on the node that can be lost."""
        return bool(self._workers_of(_raylet(self._second)))

    def lose_second_node(self, *, with_workers: bool) -> None:
        """Kill the second node's processes; another comes in its place.

        Args:
            with_workers: at once, as when power fails; else they find out by themselves.
        """
        raylet = _raylet(self._second)
        workers = self._workers_of(raylet)
        inside = [pid for worker in workers for pid in (worker, *_engines_of(worker))]
        for pid in (raylet, *(inside if with_workers else ())):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._cluster.remove_node(self._second, allow_graceful=False)
        self._second = self._add()

    def wait_until_free(self, timeout_s: float) -> None:
        """Wait until nobody has reserved anything, and no worker or engine is left."""
        end = time.monotonic() + timeout_s
        while trouble := self._held():
            assert time.monotonic() < end, trouble
            time.sleep(0.1)

    def _held(self) -> str:
        state = self._cluster.global_state
        free, in_all = state.available_resources(), state.cluster_resources()
        left = {pid: title(pid) for pid in (*self.workers(), *self._orphans())}
        is_whole = len([node for node in state.node_table() if node["Alive"]]) == 2
        if free == in_all and is_whole and not left:
            return ""
        return f"free {free} of {in_all}; processes {left}"

    def _orphans(self) -> list[int]:
        """Return engines whose worker is gone."""
        heirs = (1, *(_raylet(node) for node in self._nodes()))
        return [pid for heir in heirs for pid in _engines_of(heir)]

    def _workers_of(self, raylet: int) -> list[int]:
        found = [self.zygote.worker_of(pid) for pid in children(raylet)]
        return [pid for pid in found if pid and _is_worker(title(pid))]

    @contextmanager
    def _environment(self) -> Iterator[None]:
        """What a node, and so its workers, inherit."""
        path = os.pathsep.join((str(LIGHT), os.environ.get("PYTHONPATH", "")))
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("PYTHONPATH", path)
            environment.setenv("TTSGRID_TEST_ZYGOTE", self.zygote.address)
            yield

    def _nodes(self) -> list[Any]:
        return [self._cluster.head_node, self._second]

    def shutdown(self) -> None:
        """End it."""
        self._cluster.shutdown()
        self.zygote.shutdown()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def _raylet(node: Any) -> int:  # noqa: ANN401 - Ray's node
    return int(node.all_processes["raylet"][0].process.pid)


def _is_worker(shown: str) -> bool:
    return shown.startswith("ray::") and not shown.startswith(NO_WORKERS)


def _engines_of(parent: int) -> list[int]:
    return [pid for pid in children(parent) if NAME in title(pid)]


def title(pid: int) -> str:
    """Return a process's command line; empty once it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def children(pid: int) -> list[int]:
    """Return the processes that a process started, or that were left to it."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):
            found += map(int, task.read_text().split())
    return found
