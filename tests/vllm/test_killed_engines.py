"""SIGKILL with real engines: of an engine's process beside its live worker, and of the sweep.

Engines differ by rounding from run to run, so what is compared is what is there: each unit and
each row once, and what was committed before the kill as it was.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.ray.kills.nodes import children, title
from tests.ray.oracle import assert_each_once
from ttsgrid.store import committed_units, scan

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.ray,
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(sys.platform != "linux", reason="finds processes under /proc"),
]

NUM_PROBLEMS = 60
NUM_UNITS = 3 * NUM_PROBLEMS  # a greedy block, a pool of four and its scores
LONGEST_S = 800.0
ENGINE = "VLLM::EngineCore"
# As Ray titles a policy's worker: by itself between calls, and by the call that it answers.
POLICY = ("PolicyWorker", "by zoo-s")


def start_sweep(store: Path, log: Path) -> subprocess.Popen[bytes]:
    settings = (
        "policies=[zoo-s]", "prms=[zoo-prm]", "strategies=[cot,best_of_n]", "budgets=[4]",
        f"benchmark.num_problems={NUM_PROBLEMS}", "engine.max_num_seqs=4",
        "engine.own_process=true",
        "cluster.dashboard=false", f"store={store}",
    )  # fmt: skip
    command = [sys.executable, "-m", "ttsgrid.cli.sweep", *settings]
    return subprocess.Popen(command, stdout=log.open("ab"), stderr=subprocess.STDOUT)


def wait_until_at_work(store: Path, sweep: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + LONGEST_S
    while len(committed_units(store).done) < NUM_UNITS // 10:
        assert sweep.poll() is None, "the sweep ended before anything was killed"
        assert time.monotonic() < end
        time.sleep(0.1)


def below(pid: int) -> list[tuple[int, int]]:
    """Return a process's descendants, each with its parent."""
    found = [(child, pid) for child in children(pid)]
    return [*found, *(deeper for child, _ in found for deeper in below(child))]


def is_engine(pid: int) -> bool:
    return title(pid).startswith(ENGINE)


def assert_done(store: Path) -> None:
    counts = {"num_solutions": 5 * NUM_PROBLEMS, "num_scores": 4 * NUM_PROBLEMS}
    assert_each_once(store, NUM_UNITS, **counts)


def test_an_engine_s_process_that_is_killed_costs_its_units_an_attempt_and_nothing_else(
    tmp_path: Path,
) -> None:
    store, log = tmp_path / "store", tmp_path / "log"
    sweep = start_sweep(store, log)
    wait_until_at_work(store, sweep)
    engines = {pid: title(parent) for pid, parent in below(sweep.pid) if is_engine(pid)}
    of_policy = [pid for pid, worker in engines.items() if any(word in worker for word in POLICY)]
    assert len(of_policy) == 1, engines
    os.kill(of_policy[0], signal.SIGKILL)
    assert sweep.wait(LONGEST_S) == 0, log.read_text()
    said = " ".join(log.read_text().split())
    assert "zoo-s: its worker died" in said
    assert "Traceback" not in said
    assert_done(store)
    assert set(scan(store, "units").collect()["attempt"]) == {1, 2}


def test_after_sigkill_of_the_driver_the_same_command_finishes_and_no_engine_is_left(
    tmp_path: Path,
) -> None:
    store, log = tmp_path / "store", tmp_path / "log"
    sweep = start_sweep(store, log)
    wait_until_at_work(store, sweep)
    engines = [pid for pid, _ in below(sweep.pid) if is_engine(pid)]
    assert len(engines) == 2
    sweep.kill()
    assert sweep.wait() == -signal.SIGKILL
    before = scan(store, "units").collect()

    again = start_sweep(store, log)
    assert again.wait(LONGEST_S) == 0, log.read_text()
    assert not any(is_engine(pid) for pid in engines)
    assert_done(store)
    units = scan(store, "units").collect()
    kept = units.join(before, on=["unit_id", "run_id"], how="semi")
    assert kept.height == before.height < NUM_UNITS
