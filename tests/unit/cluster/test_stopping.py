"""SIGTERM and SIGHUP, really sent: what finished is committed and the rest is left, in words.

Each sweep is a process of its own with the shipped driver and store, and workers that sleep
beside it. The oracle is a run that nobody stopped, compared row by row.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.ray.oracle import KEYS, outcome
from tests.unit.cluster.stoppable import units_in
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
