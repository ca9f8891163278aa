"""SIGKILL of the sweep itself, at once and without warning: the same command finishes the work.

The command line, Ray and the store are the real ones; engines are fakes, slow enough
that the kill falls into the middle of the run.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from ttsgrid.store import scan

pytestmark = pytest.mark.ray

NUM_PROBLEMS = 24
# One problem: a greedy block, a pool block of four, and the pool's score.
NUM_UNITS = 3 * NUM_PROBLEMS
COMMAND = (
    "policies=[zoo-s]", "prms=[zoo-prm]", "budgets=[4]", "strategies=[cot,majority,best_of_n]",
    f"benchmark.num_problems={NUM_PROBLEMS}", "cluster.dashboard=false",
    "engine.kind=fake", "engine.max_num_seqs=4", "+engine.fake.delay_s=1.0",
)  # fmt: skip


def start_sweep(store: Path, log: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "ttsgrid.cli.sweep", *COMMAND, f"store={store}"],
        stdout=log.open("wb"),
        stderr=subprocess.STDOUT,
    )


def wait_for_units(store: Path, at_least: int, sweep: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 200
    while scan(store, "units").select(pl.len()).collect().item() < at_least:
        assert sweep.poll() is None, "the sweep ended before it could be killed"
        assert time.monotonic() < deadline, "the sweep committed nothing in 200 s"
        time.sleep(0.2)


def test_after_sigkill_the_same_command_leaves_every_unit_exactly_once(tmp_path: Path) -> None:
    store, log = tmp_path / "store", tmp_path / "log"
    killed = start_sweep(store, log)
    wait_for_units(store, NUM_UNITS // 6, killed)
    os.kill(killed.pid, signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    committed = scan(store, "units").collect()
    assert 0 < committed.height < NUM_UNITS

    again = start_sweep(store, log)
    assert again.wait(250) == 0, log.read_text()

    units = scan(store, "units").collect()
    assert units.height == NUM_UNITS
    assert set(Counter(units["unit_id"]).values()) == {1}
    assert set(units["status"]) == {"done"}
    # What the first run had committed is what it was, by its own run.
    kept = units.join(committed, on=["unit_id", "run_id"], how="semi")
    assert kept.height == committed.height
    assert units["run_id"].n_unique() == 2
    solutions = scan(store, "solutions").select("family", "sample").collect()
    assert solutions.height == solutions.unique().height == 5 * NUM_PROBLEMS


@pytest.mark.slow
def test_sigterm_ends_a_sweep_on_ray_with_a_sentence_and_no_stack_dump(tmp_path: Path) -> None:
    """Ray's own handler prints a stack and aborts; the units in flight here take a second."""
    store, log = tmp_path / "store", tmp_path / "log"
    sweep = start_sweep(store, log)
    wait_for_units(store, NUM_UNITS // 6, sweep)
    sweep.send_signal(signal.SIGTERM)
    assert sweep.wait(90) == 128 + signal.SIGTERM, log.read_text()
    said = log.read_text()
    units = scan(store, "units").collect()
    assert f"Stopped by SIGTERM: {units.height} of {NUM_UNITS} units ended" in " ".join(
        said.split()
    )
    assert "*** SIG" not in said
    assert "Traceback" not in said
    assert 0 < units.height < NUM_UNITS
