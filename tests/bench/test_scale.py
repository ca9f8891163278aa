"""Ten thousand searches on 64 replicas, as a discrete-event simulation.

Real actors for 64 engines do not fit on a small machine, so this drives the shipped
driver, services and runtimes on a virtual clock, with workers in this process
(`tests/unit/cluster/simulation.py`). A policy step takes 50 ms. The problems are the
zoo's, and each takes as many steps as its question has sentences: at the end of a run
the length of the last searches is what keeps replicas idle.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cluster.test_search_at_scale import measure
from ttsgrid.benchmarks import load_benchmark

NUM_SEARCHES, NUM_REPLICAS = 10_000, 64

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]


def test_ten_thousand_searches_keep_each_of_64_replicas_above_90_percent_busy(
    tmp_path: Path,
) -> None:
    problems = load_benchmark("zoo", num_problems=NUM_SEARCHES, seed=0)
    measured = measure(tmp_path, problems, NUM_REPLICAS, prms=8, step_per_sentence=1)
    print(
        f"\n{NUM_SEARCHES:,} searches, {NUM_REPLICAS} replicas, {measured.steps:,} steps of 50 ms: "
        f"{measured.seconds:.1f} s of virtual time. Replicas are busy {min(measured.busy):.3f} of "
        f"it or more; {sum(measured.slots) / NUM_REPLICAS:.3f} of all slots are in use. "
        f"Messages from the driver: {measured.messages:,}, each answered once."
    )
    assert len(measured.busy) == NUM_REPLICAS
    assert min(measured.busy) > 0.9
    assert sum(measured.slots) / NUM_REPLICAS > 0.9
    assert measured.messages == NUM_SEARCHES
