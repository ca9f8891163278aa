"""Searches keep every replica busy, and the driver hears of each of them once.

A discrete-event simulation (see `simulation`): driver, replicas and runtimes are the
shipped code, workers and their clock are not. A policy step takes 50 ms, a PRM call
5 ms, a message 1 ms each way. `tests/bench/test_scale.py` measures the same with ten
thousand searches on 64 replicas.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.cluster.simulation import (
    Runtime,
    SimulatedCluster,
    drive,
    fake_runtime,
    run_virtually,
)
from tests.unit.grid.test_units_and_plan import IDENTITIES, grid, models, problems, search
from ttsgrid.benchmarks import shipped_benchmark
from ttsgrid.cluster.wire.tasks import WorkerSpec
from ttsgrid.core.records import Problem
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.grid.plan import Plan, make_plan
from ttsgrid.store import committed_units

ZOO = shipped_benchmark("zoo")

STEP_S, PRM_S = 0.05, 0.005
SLOTS = 8  # sequences a policy engine decodes at once
POLICY, PRM = "small", "prm-a"


def worker(role: str, name: str, slots: int, **fake: float) -> WorkerSpec:
    engine = EngineSpec("fake", role, name, name, max_num_seqs=slots, fake=fake)
    return WorkerSpec(engine, "zoo" if role == "policy" else "qwen", (ZOO,), 1.0, 0, 1.0)


def searches(of: tuple[Problem, ...], budget: int = 4) -> Plan:
    """Plan a beam search with M = 4 for each problem."""
    beam = search("beam", budget)
    one = grid(policies=models((POLICY,)), prms=models((PRM,)), strategies=(beam,))
    return make_plan(one, of, IDENTITIES)


@dataclass(frozen=True)
class Measured:
    """What a simulated run took.

    Attributes:
        busy: for each policy replica, the share of the time in which its engine worked.
        slots: likewise, the share of its slots in use over the whole time.
        steps: requests to policies.
        messages: tasks that the driver sent; each is answered once.
    """

    seconds: float
    busy: tuple[float, ...]
    slots: tuple[float, ...]
    steps: int
    messages: int


def measure(
    folder: Path,
    of: tuple[Problem, ...],
    policies: int,
    prms: int,
    *,
    budget: int = 4,
    num_slots: int = SLOTS,
    runtime_of: Callable[[WorkerSpec], Runtime] = fake_runtime,
    **lengths: float,
) -> Measured:
    """Run one search per problem; check that each is committed.

    Args:
        folder: the store's.
        of: the problems.
        policies: replicas.
        prms: replicas.
        budget: N of the searches.
        num_slots: sequences that a policy engine decodes at once.
        runtime_of: makes what a worker holds.
        lengths: the fake policy's options that say how many steps a solution has, and how long.
    """
    plan, cluster = searches(of, budget), SimulatedCluster(runtime_of=runtime_of)
    fleet = {
        POLICY: [worker("policy", POLICY, num_slots, delay_s=STEP_S, **lengths)] * policies,
        PRM: [worker("prm", PRM, 64, delay_s=PRM_S)] * prms,
    }
    seconds = run_virtually(drive(plan, fleet, cluster, folder))
    assert committed_units(folder).done == {unit.id for unit in plan.units}
    stats = [worker.stats for worker in cluster.of_role("policy")]
    return Measured(
        seconds=seconds,
        busy=tuple(each.busy_s / seconds for each in stats),
        slots=tuple(STEP_S * each.requests / (num_slots * seconds) for each in stats),
        steps=sum(each.requests for each in stats),
        messages=sum(worker.num_calls for worker in cluster.workers),
    )


def test_every_replica_is_busy_while_there_are_searches(tmp_path: Path) -> None:
    measured = measure(tmp_path, problems(400), policies=4, prms=1, end_rate=0.3)
    assert len(measured.busy) == 4
    assert min(measured.busy) > 0.9
    assert sum(measured.slots) / 4 > 0.9


def test_the_drivers_messages_grow_with_searches_and_not_with_their_steps(tmp_path: Path) -> None:
    short = measure(tmp_path / "short", problems(100), policies=4, prms=1, end_rate=0.6)
    long = measure(tmp_path / "long", problems(100), policies=4, prms=1, end_rate=0.1)
    double = measure(tmp_path / "double", problems(200), policies=4, prms=1, end_rate=0.6)
    assert long.steps > 3 * short.steps
    assert short.messages == long.messages == 100
    assert double.messages == 200


@pytest.mark.parametrize(("n", "count"), [(4, 160), (16, 48)])
def test_searches_whose_steps_differ_in_length_fill_an_engine(
    tmp_path: Path, n: int, count: int
) -> None:
    measured = measure(
        tmp_path, problems(count), 1, prms=1, budget=n, end_rate=0.3, length_sigma=0.6
    )
    assert min(measured.busy) > 0.95
    assert measured.slots[0] > 0.85


def test_a_search_waits_for_the_first_replica_with_room_and_not_at_one_that_is_busy(
    tmp_path: Path,
) -> None:
    def of_steps(*numbers: int) -> tuple[Problem, ...]:
        questions = ("And then one more. " * number for number in numbers)
        return tuple(Problem(f"p{i}", "zoo", i, q, "1") for i, q in enumerate(questions))

    def seconds(of: tuple[Problem, ...], policies: int) -> float:
        folder = tmp_path / str(policies)
        return measure(folder, of, policies, prms=1, budget=16, step_per_sentence=1).seconds

    # One replica has the long one; the other, the first to end, has both others.
    assert seconds(of_steps(20, 8, 8), policies=2) < 1.1 * seconds(of_steps(20), policies=1)
