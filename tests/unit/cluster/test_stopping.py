"""SIGTERM and SIGHUP, really sent: what finished is committed and the rest is left, in words.

Each sweep is a process of its own with the shipped driver and store, and workers that sleep
beside it. The oracle is a run that nobody stopped, compared row by row.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import ray

from tests.ray.oracle import KEYS, outcome
from tests.unit.cluster.stoppable import units_in
from ttsgrid.cli.exits import stopped_by_signals
from ttsgrid.cluster.driver.ray_cluster import ray_cluster
from ttsgrid.cluster.driver.stopping import run_until_stopped
from ttsgrid.core.errors import StoppedError, StoreError
from ttsgrid.grid.config import ClusterConfig
from ttsgrid.store.lease import read_holder
from ttsgrid.store.location import locate


def start(store: Path, grace_s: float, delay_s: float, *drain: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.unit.cluster.stoppable", str(store), str(grace_s)]
    return subprocess.Popen(
        [*command, str(delay_s), *drain],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def stop_at_work(
    store: Path, sent: signal.Signals, grace_s: float, delay_s: float, *drain: str
) -> tuple[int, str, float]:
    """Stop a sweep once it has committed; return its status, output and how long it took to end."""
    sweep = start(store, grace_s, delay_s, *drain)
    end = time.monotonic() + 200
    before = units_in(store)
    while units_in(store) == before:
        assert sweep.poll() is None, sweep.communicate()[0]
        assert time.monotonic() < end
        time.sleep(0.05)
    sweep.send_signal(sent)
    began = time.monotonic()
    said, _ = sweep.communicate(timeout=60)
    return sweep.returncode, said, time.monotonic() - began


def assert_in_good_order(store: Path, sent: signal.Signals, said: str, before: int) -> None:
    """The last words count what is committed and what is left, and nothing was torn."""
    found = re.search(
        r"Stopped by (\w+): (\d+) of (\d+) units ended and are committed, (\d+) left", said
    )
    assert found, said
    done, num_units, left = map(int, found.groups()[1:])
    assert found[1] == sent.name
    assert 0 < done < num_units == done + left
    assert units_in(store) == before + done
    assert "Traceback" not in said
    assert "*** SIG" not in said
    assert read_holder(locate(store)) is None


def finished(store: Path) -> None:
    sweep = start(store, 10, 0)
    said, _ = sweep.communicate(timeout=250)
    assert sweep.returncode == 0, said


@pytest.mark.slow
def test_a_sweep_that_was_stopped_twice_and_resumed_equals_one_that_was_not(
    tmp_path: Path,
) -> None:
    store = tmp_path / "store"
    status, said, _ = stop_at_work(store, signal.SIGTERM, 30, 0.2)
    assert status == 143, said
    assert_in_good_order(store, signal.SIGTERM, said, 0)
    before = units_in(store)
    status, said, _ = stop_at_work(store, signal.SIGHUP, 30, 0.1, "drain")
    assert status == 0, said
    assert_in_good_order(store, signal.SIGHUP, said, before)
    finished(store)
    finished(tmp_path / "oracle")
    for table in KEYS:
        ours, theirs = outcome(store, table), outcome(tmp_path / "oracle", table)
        # What a PRM's cache held depends on what ran before.
        there, wanted = (f.drop("prm_cached_tokens", strict=False) for f in (ours, theirs))
        assert there.equals(wanted), table


def test_a_stopped_sweep_finishes_what_is_in_flight_and_says_what_is_left(tmp_path: Path) -> None:
    status, said, _ = stop_at_work(tmp_path / "store", signal.SIGTERM, 30, 0.2)
    assert status == 143, said
    assert_in_good_order(tmp_path / "store", signal.SIGTERM, said, 0)


@pytest.mark.slow
def test_what_outlasts_the_grace_period_is_left_to_the_next_run(tmp_path: Path) -> None:
    status, said, took_s = stop_at_work(tmp_path / "store", signal.SIGTERM, 0.2, 3)
    assert status == 143, said
    assert "Time is up" in said
    assert took_s < 20
    assert_in_good_order(tmp_path / "store", signal.SIGTERM, said, 0)


def test_ctrl_c_ends_the_work_before_ray_is_shut_down() -> None:
    """Whatever still ran then would kill its worker, for which Ray would start again."""
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)  # workers are killed, what finished is committed
            ended.append("work")

    async def run() -> None:
        running = asyncio.ensure_future(run_until_stopped(work(), lambda: None, 1.0, print))
        await asyncio.sleep(0.05)
        running.cancel()  # as asyncio does at SIGINT
        with pytest.raises(asyncio.CancelledError):
            await running
        ended.append("Ray")

    asyncio.run(run())
    assert ended == ["work", "Ray"]


def test_work_that_can_not_be_committed_is_no_end_in_good_order() -> None:
    async def work() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.05)
        raise StoreError("its disk is full")

    with pytest.raises(StoreError, match="its disk is full"):
        asyncio.run(run_until_stopped(work(), lambda: None, 1.0, lambda _: None))


async def nothing() -> None:
    """End at once."""


def terminate() -> None:
    """Send this process SIGTERM, and let Python hear of it."""
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.2)


def test_a_signal_before_and_after_the_run_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray takes SIGTERM in C++, behind Python's back; asyncio gives it back to the system."""

    def init(**_: object) -> SimpleNamespace:
        ctypes.CDLL(None).signal(int(signal.SIGTERM), int(signal.SIG_IGN))
        return SimpleNamespace(dashboard_url=None)

    monkeypatch.setattr(ray, "init", init)
    monkeypatch.setattr(ray, "shutdown", lambda: None)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with stopped_by_signals():
        with pytest.raises(StoppedError), ray_cluster(ClusterConfig()):
            terminate()
        asyncio.run(run_until_stopped(nothing(), lambda: None, 1.0, print))
        with pytest.raises(StoppedError):
            terminate()


def test_a_signal_while_ray_starts_is_no_trouble_with_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    def init(**_: object) -> None:
        terminate()

    monkeypatch.setattr(ray, "init", init)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with (
        stopped_by_signals(),
        pytest.raises(StoppedError, match="SIGTERM"),
        ray_cluster(ClusterConfig()),
    ):
        raise AssertionError("it was started")
