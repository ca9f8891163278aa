"""How many replicas a model gets where nobody says a number."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from tests.unit.cluster.simulation import SimulatedCluster, drive, run_virtually
from tests.unit.cluster.test_search_at_scale import POLICY, PRM, searches, worker
from tests.unit.grid.test_units_and_plan import IDENTITIES, grid, models, problems, strategies
from ttsgrid.cluster.driver.capacity import Capacity
from ttsgrid.cluster.driver.spread import Spread
from ttsgrid.cluster.wire.tasks import WorkerSpec
from ttsgrid.grid.plan import Plan, make_plan
from ttsgrid.store import committed_units

NODE_OF_EIGHT = (Capacity(8, 1e6, 1e6),)
AUTOMATIC = frozenset({POLICY, PRM})
SLOTS, NUM_PROBLEMS = 8, 48


def on_gpus(role: str, name: str, delay_s: float) -> WorkerSpec:
    return replace(worker(role, name, SLOTS, delay_s=delay_s), gpus=1)


def seconds(
    folder: Path, policies: int, prms: int, spread: Spread, delays_s: tuple[float, float]
) -> tuple[float, SimulatedCluster]:
    """Run searches on a node of eight GPUs; return how long they took, in virtual seconds."""
    plan, cluster = searches(problems(NUM_PROBLEMS)), SimulatedCluster()
    fleet = {
        POLICY: [on_gpus("policy", POLICY, delays_s[0])] * policies,
        PRM: [on_gpus("prm", PRM, delays_s[1])] * prms,
    }
    took = run_virtually(drive(plan, fleet, cluster, folder, NODE_OF_EIGHT, spread=spread))
    assert committed_units(folder).done == {unit.id for unit in plan.units}
    return took, cluster


def test_a_policy_and_a_prm_use_all_eight_gpus_of_a_node(tmp_path: Path) -> None:
    spread = Spread(AUTOMATIC, {POLICY: 7.6e9, PRM: 7.1e9})
    _, cluster = seconds(tmp_path, 8, 8, spread, (0.05, 0.05))
    assert cluster.most_resident == 8
    first = cluster.workers[:8]
    assert [worker.spec.engine.role for worker in first].count("policy") == 4


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(7.6e9, 7.1e9), (7.6e9, 1.5e9), (1.5e9, 7.1e9)])
def test_the_split_is_within_a_fifth_of_the_best_fixed_one(
    tmp_path: Path, sizes: tuple[float, float]
) -> None:
    # Steps take as long as their model is large.
    delays = (sizes[0] / 1e11, sizes[1] / 1e11)
    took, _ = seconds(
        tmp_path / "auto",
        8,
        8,
        Spread(AUTOMATIC, dict(zip((POLICY, PRM), sizes, strict=True))),
        delays,
    )
    fixed = {
        policies: seconds(tmp_path / str(policies), policies, 8 - policies, Spread(), delays)[0]
        for policies in range(1, 8)
    }
    assert took <= 1.2 * min(fixed.values()), fixed


def test_a_number_that_is_asked_for_stays_exact(tmp_path: Path) -> None:
    _, cluster = seconds(tmp_path, 3, 8, Spread(frozenset({PRM}), {}), (0.05, 0.05))
    assert len(cluster.of_role("policy")) == 3
    assert len(cluster.of_role("prm")) == 5


def test_no_replica_is_started_that_has_too_little_to_do() -> None:
    plan = searches(problems(6))  # of four samples each: 24 requests fill three engines of eight
    fleet = {
        POLICY: [on_gpus("policy", POLICY, 0.05)] * 8,
        PRM: [on_gpus("prm", PRM, 0.05)] * 8,
    }
    order = Spread(AUTOMATIC, {}).order(plan.units, fleet)
    assert [name for name, _ in order].count(POLICY) == 3
    assert order[:2] == [(POLICY, 0), (PRM, 0)]


def test_work_is_counted_in_tokens_where_a_size_is_unknown() -> None:
    fleet = {name: [on_gpus("policy", name, 0.05)] * 8 for name in (POLICY, PRM)}
    plan = searches(problems(100))
    order = Spread(AUTOMATIC, {POLICY: 1e12}).order(plan.units, fleet)
    assert sorted(order[:8]) == sorted((name, place) for name in fleet for place in range(4))


def test_who_waits_for_gpus_that_others_use_is_not_told_of(tmp_path: Path) -> None:
    said = StringIO()
    plan, cluster = searches(problems(NUM_PROBLEMS)), SimulatedCluster()
    fleet = {
        POLICY: [on_gpus("policy", POLICY, 0.05)] * 8,
        PRM: [on_gpus("prm", PRM, 0.05)] * 8,
    }
    spread = Spread(AUTOMATIC, {})
    run_virtually(drive(plan, fleet, cluster, tmp_path, NODE_OF_EIGHT, said=said, spread=spread))
    lines = said.getvalue().splitlines()
    assert sum(" starts: " in line for line in lines) == len(cluster.workers)
    assert sum(" works after " in line for line in lines) == len(cluster.workers)
    assert sum(line.endswith(" done") for line in lines) == len(cluster.workers)
    assert not any("waits" in line for line in lines)


def test_gpus_of_a_model_that_is_done_go_to_those_with_work_left(tmp_path: Path) -> None:
    small, medium = "small", "medium"
    of_both = grid(policies=models((small, medium)), prms=(), strategies=strategies("majority"))
    plan = make_plan(replace(of_both, budgets=(16,)), problems(24), IDENTITIES)
    fleet = {
        small: [on_gpus("policy", small, 0.05)] * 4,
        medium: [on_gpus("policy", medium, 0.4)] * 4,
    }
    cluster, said = SimulatedCluster(), StringIO()
    spread = Spread(frozenset({small, medium}), {small: 1e9, medium: 1e9})
    four = (Capacity(4, 1e6, 1e6),)
    run_virtually(drive(plan, fleet, cluster, tmp_path, four, said=said, spread=spread))
    names = [worker.spec.engine.name for worker in cluster.workers]
    # Guessed to take as long as each other: two GPUs each; then one after the other gets free.
    assert (names[:4].count(small), names[:4].count(medium)) == (2, 2)
    assert names[4:] == [medium, medium]
    assert cluster.most_resident == 4


def test_a_replica_without_work_makes_room_while_others_of_its_model_still_work(
    tmp_path: Path,
) -> None:
    slow, quick = "small", "medium"
    plans = [
        make_plan(
            grid(
                policies=models((name,)), prms=(), strategies=strategies("majority"), budgets=(16,)
            ),
            of,
            IDENTITIES,
        )
        # Of the slow one's three, the last leaves one of its replicas idle.
        for name, of in ((slow, problems(43)[40:]), (quick, problems(40)))
    ]
    plan = Plan.joined(plans)
    fleet = {
        slow: [on_gpus("policy", slow, 2.0)] * 2,
        quick: [on_gpus("policy", quick, 0.4)] * 4,
    }
    begun_s: list[float] = []
    cluster = SimulatedCluster(lambda _: begun_s.append(asyncio.get_running_loop().time()))
    four = (Capacity(4, 1e6, 1e6),)
    run_virtually(
        drive(plan, fleet, cluster, tmp_path, four, spread=Spread(frozenset({quick}), {}))
    )
    names = [worker.spec.engine.name for worker in cluster.workers]
    assert (names[:4].count(slow), names[4:]) == (2, [quick, quick])
    # A problem of the slow one takes 4 s, and there are two for one of its replicas.
    assert begun_s[4] < 5 < 8 <= begun_s[5]
    assert cluster.most_resident == 4
    assert committed_units(tmp_path).done == {unit.id for unit in plan.units}
