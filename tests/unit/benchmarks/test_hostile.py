"""Hostile answers: each is decided, or recorded as undecided, in bounded time and memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.benchmarks.hostile import GRADERS
from ttsgrid.benchmarks.graders.judge_process import MEMORY_LIMIT_BYTES

ROOT = Path(__file__).resolve().parents[3]
# A decision: reading both strings, comparing them and blaming one, each to its limit, and as
# many starts of the judge's process, on a machine that does other things too.
MOST_WALL_S = 60.0


@pytest.mark.parametrize(
    "count", [60, pytest.param(1000, marks=[pytest.mark.slow, pytest.mark.timeout(3000)])]
)
def test_hostile_answers_are_each_decided_within_the_limits_and_leave_nothing_behind(
    count: int,
) -> None:
    script = [sys.executable, "-m", "tests.unit.benchmarks.hostile", str(count)]
    done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["decided"] + found["undecided"] == count * len(GRADERS)
    assert found["accepted"] == []
    assert 0 < found["undecided"] <= count // 10
    assert found["slowest_s"] < MOST_WALL_S
    assert found["left"] == []
    assert found["grown_kib"] < 500 * 1024
    assert 0 < found["largest_child_kib"] * 1024 <= MEMORY_LIMIT_BYTES
