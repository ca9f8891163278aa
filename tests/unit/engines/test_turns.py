"""Turns: one at a time, the next as soon as one ends or dies, and never a wait for ever."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from ttsgrid.engines.turns import in_turn

HOLD = """
import pathlib, sys, time
from ttsgrid.engines.turns import in_turn
with in_turn(pathlib.Path(sys.argv[1]), 60):
    print("mine", flush=True)
    time.sleep(60)
"""


def holder(file: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLD, str(file)]
    held = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert held.stdout is not None
    assert held.stdout.readline() == "mine\n"
    return held


def waited_s(file: Path, patience_s: float) -> float:
    began = time.monotonic()
    with in_turn(file, patience_s):
        return time.monotonic() - began


def test_who_waits_goes_ahead_when_patience_ends_and_at_once_when_the_other_is_dead(
    tmp_path: Path,
) -> None:
    file = tmp_path / "new" / "lock"
    with holder(file) as held:
        assert waited_s(file, 0.3) >= 0.3
        held.kill()
    assert waited_s(file, 60.0) < 30.0
    assert waited_s(file, 60.0) < 30.0  # its own turn was given back


def test_a_place_where_nothing_can_be_written_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert waited_s(tmp_path / "file" / "lock", 60.0) < 30.0
