"""The study's full grid planned, and a store of a million units resumed: CPU seconds and memory.

Wall time is printed and CPU time asserted, since both are one thread's and other processes on
the machine lengthen only the first.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

MOST_S, MOST_GIB = 30.0, 1.0
MOST_RESUMED_S = 20.0

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]


def run(*arguments: str) -> str:
    command = [sys.executable, "-m", "tests.bench.planning", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def measured(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*arguments))
    print(f"\n{arguments[0]}: {found}")
    return found


def test_the_studys_full_grid_is_planned_in_seconds_and_little_memory() -> None:
    found = measured("fresh")
    assert found["units"] == found["missing"] == 12 * 530 * (1 + 7 + 7 * 7 + 7 * (4 + 64))
    assert found["cpu_s"] < MOST_S
    assert found["gib"] < MOST_GIB


def test_a_store_of_a_million_units_is_resumed_in_twenty_seconds(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    run("store", store)
    found = measured("resume", store)
    assert found["units"] > 1_000_000
    assert found["searches"] > found["units"] / 3
    assert found["missing"] == found["units"] // 20
    assert found["cpu_s"] < MOST_RESUMED_S
