"""Thousands of searches on 64 replicas, and GPUs split by work, as discrete-event simulations.

Real actors for 64 engines do not fit on a small machine, so this drives the shipped
driver, services and runtimes on a virtual clock, with workers in this process
(`tests/unit/cluster/simulation.py`) and texts that cost little (`light_models`). A policy step
takes 50 ms on average; its length is lognormal, as those of policies about are, so that a search's
slowest child keeps its others waiting. The problems are the zoo's, and each takes as many steps
as its question has sentences: at the end of a run the length of the last searches is what keeps
replicas idle, so with fewer searches the same shares would be harder to reach.

What else runs on the machine changes nothing here, so two processes share the work.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.bench.light_models import light_runtime
from tests.unit.cluster.simulation import SimulatedCluster, drive, run_virtually
from tests.unit.cluster.test_search_at_scale import (
    POLICY,
    PRM,
    Measured,
    measure,
    searches,
    worker,
)
from ttsgrid.benchmarks import load_benchmark
from ttsgrid.cluster.driver.capacity import Capacity
from ttsgrid.cluster.driver.spread import Spread

NUM_PROCESSES = 2
NUM_SLOTS = 64
LENGTHS = {"step_per_sentence": 1.0, "length_sigma": 0.6}  # sigma of a length's logarithm

NUM_REPLICAS = 64
# Those that take longest first. The last search of N = 256 is 3 s in which a replica may be idle.
NUM_SEARCHES = {256: 900, 64: 1_200, 16: 3_600, 4: 10_000}
LEAST_BUSY, LEAST_SLOTS = 0.9, 0.85

NUM_GPUS, SPLIT_SLOTS, SPLIT_BUDGET, SPLIT_SEARCHES = 8, 16, 16, 64
SIZES = ((7.6e9, 7.1e9), (7.6e9, 1.5e9), (1.5e9, 7.1e9))  # of policy and PRM, in parameters
PARAMETERS_PER_S = 1e11  # a step takes as long as its model is large
FIXED = range(1, NUM_GPUS)  # policies; the PRM has the other GPUs
MOST_OVER_BEST = 1.2

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]

Sizes = tuple[float, float]


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(NUM_PROCESSES, mp_context=context) as pool:
        yield pool


def searched(n: int, folder: Path) -> Measured:
    """Run the searches of one N on the fleet."""
    problems = load_benchmark("zoo", num_problems=NUM_SEARCHES[n], seed=0)
    return measure(
        folder,
        problems,
        NUM_REPLICAS,
        prms=NUM_REPLICAS // 4,
        budget=n,
        num_slots=NUM_SLOTS,
        runtime_of=light_runtime,
        **LENGTHS,
    )


@pytest.fixture(scope="module")
def fleets(
    processes: ProcessPoolExecutor, tmp_path_factory: pytest.TempPathFactory
) -> dict[int, Future[Measured]]:
    """The fleet's runs by N, all begun at once."""
    folder = tmp_path_factory.mktemp("fleets")
    return {n: processes.submit(searched, n, folder / str(n)) for n in NUM_SEARCHES}


@pytest.mark.parametrize("n", sorted(NUM_SEARCHES))
def test_searches_with_steps_of_lognormal_length_fill_64_replicas(
    n: int, fleets: Mapping[int, Future[Measured]]
) -> None:
    measured = fleets[n].result()
    slots = sum(measured.slots) / NUM_REPLICAS
    print(
        f"\nN = {n}: {NUM_SEARCHES[n]:,} searches on {NUM_REPLICAS} replicas of {NUM_SLOTS} slots, "
        f"{measured.steps:,} steps: {measured.seconds:.1f} s of virtual time. Replicas are busy "
        f"{min(measured.busy):.3f} of it or more; {slots:.3f} of all slots are in use. "
        f"Messages from the driver: {measured.messages:,}, each answered once."
    )
    assert len(measured.busy) == NUM_REPLICAS
    assert min(measured.busy) > LEAST_BUSY
    assert slots > LEAST_SLOTS
    assert measured.messages == NUM_SEARCHES[n]


def seconds_of(sizes: Sizes, policies: int | None, folder: Path) -> float:
    """Search on a node of eight GPUs, with so many policies or as many as are chosen."""
    plan = searches(load_benchmark("zoo", num_problems=SPLIT_SEARCHES, seed=0), SPLIT_BUDGET)
    numbers = (NUM_GPUS, NUM_GPUS) if policies is None else (policies, NUM_GPUS - policies)
    fleet = {
        name: [
            replace(
                worker(role, name, SPLIT_SLOTS, delay_s=size / PARAMETERS_PER_S, **LENGTHS), gpus=1
            )
        ]
        * number
        for name, role, size, number in zip(
            (POLICY, PRM), ("policy", "prm"), sizes, numbers, strict=True
        )
    }
    by_work = Spread(frozenset(fleet), dict(zip(fleet, sizes, strict=True)))
    spread = by_work if policies is None else Spread()
    node = (Capacity(NUM_GPUS, 1e6, 1e6),)
    cluster = SimulatedCluster(runtime_of=light_runtime)
    return run_virtually(drive(plan, fleet, cluster, folder, node, spread=spread))


def test_gpus_are_split_within_a_fifth_of_the_best_fixed_way(
    processes: ProcessPoolExecutor, tmp_path: Path
) -> None:
    runs = {
        (sizes, policies): processes.submit(
            seconds_of, sizes, policies, tmp_path / f"{place}-{policies}"
        )
        for place, sizes in enumerate(SIZES)
        for policies in (None, *FIXED)
    }
    for sizes in SIZES:
        chosen = runs[sizes, None].result()
        fixed = {policies: runs[sizes, policies].result() for policies in FIXED}
        best = min(fixed, key=lambda policies: fixed[policies])
        print(
            f"\nPolicy of {sizes[0] / 1e9:g}B and PRM of {sizes[1] / 1e9:g}B on {NUM_GPUS} GPUs: "
            f"{chosen:.1f} s split by work, {fixed[best]:.1f} s at best ({best} for the policy), "
            f"{max(fixed.values()):.1f} s at worst"
        )
        assert chosen <= MOST_OVER_BEST * fixed[best]
