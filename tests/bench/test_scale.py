"""Thousands of searches on 64 replicas, as a discrete-event simulation.

Real actors for 64 engines do not fit on a small machine, so this drives the shipped
driver, services and runtimes on a virtual clock, with workers in this process
(`tests/unit/cluster/simulation.py`). A policy step takes 50 ms on average; its length is
lognormal, as those of policies about are, so that a search's slowest child keeps its others
waiting. The problems are the zoo's, and each takes as many steps as its question has sentences:
at the end of a run the length of the last searches is what keeps replicas idle.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cluster.test_search_at_scale import measure
from ttsgrid.benchmarks import load_benchmark

NUM_REPLICAS, NUM_SLOTS = 64, 64
SIGMA = 0.6  # of the logarithm of a step's length
# Each replica has some dozens of slots' worth of searches, or the end of the run is all of it.
NUM_SEARCHES = {4: 30_000, 16: 8_000, 64: 2_500, 256: 1_000}

pytestmark = [pytest.mark.bench, pytest.mark.timeout(7200)]


@pytest.mark.parametrize("n", NUM_SEARCHES)
def test_searches_with_steps_of_lognormal_length_fill_64_replicas(n: int, tmp_path: Path) -> None:
    problems = load_benchmark("zoo", num_problems=NUM_SEARCHES[n], seed=0)
    measured = measure(
        tmp_path,
        problems,
        NUM_REPLICAS,
        prms=16,
        budget=n,
        num_slots=NUM_SLOTS,
        step_per_sentence=1,
        length_sigma=SIGMA,
    )
    slots = sum(measured.slots) / NUM_REPLICAS
    print(
        f"\nN = {n}: {len(problems):,} searches on {NUM_REPLICAS} replicas of {NUM_SLOTS} slots, "
        f"{measured.steps:,} steps: {measured.seconds:.1f} s of virtual time. Replicas are busy "
        f"{min(measured.busy):.3f} of it or more; {slots:.3f} of all slots are in use. "
        f"Messages from the driver: {measured.messages:,}, each answered once."
    )
    assert len(measured.busy) == NUM_REPLICAS
    assert min(measured.busy) > 0.9
    assert slots > 0.85
    assert measured.messages == len(problems)
