"""A hundred thousand units through real Ray actors: the driver's memory is flat, and below 500 MB.

Fake engines answer at once, so units come as fast as a driver can take them. What is measured is
the driver's own process, from outside, while units are left; the report after them isn't in it.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pytest

pytestmark = [
    pytest.mark.ray,
    pytest.mark.slow,
    pytest.mark.timeout(3600),  # five minutes on two idle cores
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]

NUM_PROBLEMS = 33_334  # a greedy block, a pool block and its scores each
NUM_UNITS = 3 * NUM_PROBLEMS
MOST_MB = 500
MOST_GROWTH_MB = 60  # from a quarter of the units to the end; compactions leave some
LOOK_EVERY_S = 1.0
SETTINGS = (
    "policies=[zoo-s]", "prms=[zoo-prm]", "budgets=[4]", "strategies=[cot,majority,best_of_n]",
    f"benchmark.num_problems={NUM_PROBLEMS}", "cluster.dashboard=false", "engine.kind=fake",
    "engine.cpus=0.4", "engine.memory_gib=0.3", "engine.max_num_seqs=64",
)  # fmt: skip


@dataclass(frozen=True)
class Look:
    """One look at the driver: units that have ended, memory that is its own or shared, in MB."""

    num_units: int
    rss_mb: float
    pss_mb: float


def look_at(pid: int, log: Path) -> Look | None:
    """Look at a driver; None before its first unit has ended."""
    ended = re.findall(rf"(\d+)/{NUM_UNITS} units", log.read_text())
    if not ended:
        return None
    told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    rss, pss = (int(re.findall(rf"^{name}:\s+(\d+) kB", told, re.M)[0]) for name in ("Rss", "Pss"))
    return Look(int(ended[-1]), rss / 1000, pss / 1000)


def looks_at_a_run(store: Path, log: Path) -> list[Look]:
    """Run the sweep to the last unit, and look at its driver all the while."""
    command = [sys.executable, "-m", "ttsgrid.cli.sweep", *SETTINGS, f"store={store}"]
    with log.open("wb") as said:
        sweep = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
    looks: list[Look] = []
    try:
        while not looks or looks[-1].num_units < NUM_UNITS:
            assert sweep.poll() is None, log.read_text()
            if (look := look_at(sweep.pid, log)) is not None:
                looks.append(look)
            time.sleep(LOOK_EVERY_S)
    finally:
        sweep.kill()
        sweep.wait()
    return looks[:-1]  # by the last one the report may have begun


def test_a_driver_s_memory_stays_flat_and_small_over_a_hundred_thousand_units(
    tmp_path: Path,
) -> None:
    looks = looks_at_a_run(tmp_path / "store", tmp_path / "log")
    first = [look.rss_mb for look in looks if NUM_UNITS / 4 <= look.num_units < NUM_UNITS / 2]
    last = [look.rss_mb for look in looks if look.num_units >= 0.9 * NUM_UNITS]
    peak, growth = max(look.rss_mb for look in looks), median(last) - median(first)
    print(f"peak RSS {peak:.0f} MB, PSS {max(look.pss_mb for look in looks):.0f} MB; {growth=:.0f}")
    assert peak < MOST_MB
    assert growth < MOST_GROWTH_MB
