"""Deaths, small clusters and many PRM replicas, on a virtual clock (see `simulation`)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import pytest

from tests.unit.cluster.simulation import (
    SimulatedCluster,
    SimulatedWorker,
    drive,
    run_virtually,
)
from tests.unit.grid.test_units_and_plan import (
    IDENTITIES,
    grid,
    models,
    problems,
    search,
    strategies,
)
from ttsgrid.benchmarks import shipped_benchmark
from ttsgrid.cluster.driver.capacity import Capacity
from ttsgrid.cluster.wire.scoring_link import PrmLostError, ScoreReply, ScoreRequest
from ttsgrid.cluster.wire.tasks import WorkerSpec
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.grid.plan import Plan, make_plan
from ttsgrid.store import scan

ZOO = shipped_benchmark("zoo")

POLICIES, PRMS = ("small", "medium"), ("prm-a", "prm-b")


def worker(role: str, name: str) -> WorkerSpec:
    engine = EngineSpec("fake", role, name, name, max_num_seqs=16, fake={"delay_s": 0.05})
    return WorkerSpec(engine, "zoo" if role == "policy" else "qwen", (ZOO,), 1.0, 0, 1.0)


def fleet(policies: int = 1, prms: int = 1) -> dict[str, list[WorkerSpec]]:
    """So many replicas of each model."""
    return {name: [worker("policy", name)] * policies for name in POLICIES} | {
        name: [worker("prm", name)] * prms for name in PRMS
    }


def planned(count: int) -> Plan:
    """Pools, their scores, beams and DVTS subtrees, for two policies and two PRMs."""
    kinds = (*strategies("best_of_n"), search("beam", 4, 8), search("dvts", 8))
    chosen = grid(policies=models(POLICIES), prms=models(PRMS), strategies=kinds, budgets=(1, 4))
    return make_plan(chosen, problems(count), IDENTITIES)


def kills_first(role: str, after_s: float) -> Callable[[SimulatedWorker], None]:
    """End the first worker of a role some time after it started."""
    killed: list[str] = []

    def at_start(worker: SimulatedWorker) -> None:
        if worker.spec.engine.role == role and not killed:
            killed.append(worker.name)
            asyncio.get_running_loop().call_later(after_s, worker.kill)

    return at_start


def committed(folder: Path, plan: Plan) -> pl.DataFrame:
    """Check that each unit is committed once and done; return table `units`."""
    units = scan(folder, "units").collect()
    assert Counter(units["unit_id"]) == Counter(unit.id for unit in plan.units)
    assert set(units["status"]) == {"done"}
    return units


@pytest.mark.parametrize("role", ["policy", "prm"])
@pytest.mark.parametrize("after_s", [0.0, 0.12, 0.2])
def test_a_dead_worker_costs_its_units_an_attempt_and_nothing_else(
    tmp_path: Path, role: str, after_s: float
) -> None:
    plan, cluster = planned(6), SimulatedCluster(kills_first(role, after_s))
    run_virtually(drive(plan, fleet(), cluster, tmp_path))
    units = committed(tmp_path, plan)
    assert len(cluster.workers) == len(POLICIES) + len(PRMS) + 1
    assert set(units["attempt"]) <= {1, 2}
    if after_s:
        assert (units["attempt"] == 2).any()


def test_a_prm_worker_that_is_out_of_reach_is_replaced(tmp_path: Path) -> None:
    def cut_off(worker: SimulatedWorker) -> None:
        async def unreachable(requests: Sequence[ScoreRequest]) -> list[ScoreReply]:
            raise PrmLostError("no route")

        if worker.name.endswith(cut[0]):
            worker.score_batch = unreachable  # type: ignore[method-assign]

    cut = [f"{PRMS[0]}-2"]
    plan, cluster = planned(2), SimulatedCluster(cut_off)
    run_virtually(drive(plan, fleet(), cluster, tmp_path))
    committed(tmp_path, plan)
    assert cut[0] in [worker.name for worker in cluster.workers]
    assert len(cluster.workers) == len(POLICIES) + len(PRMS) + 1


def test_a_unit_without_attempts_left_fails_with_an_error_and_the_others_go_on(
    tmp_path: Path,
) -> None:
    plan = planned(3)
    cluster = SimulatedCluster(kills_first("prm", 0.12))
    run_virtually(drive(plan, fleet(), cluster, tmp_path, max_attempts=1))
    units = scan(tmp_path, "units").collect()
    assert Counter(units["unit_id"]) == Counter(unit.id for unit in plan.units)
    failed = units.filter(status="failed")
    assert not failed.is_empty()
    assert set(failed["prm"]) == {PRMS[0]}
    assert failed["error"].str.contains("worker died at each of 1 attempts").all()


def test_a_cluster_of_two_engines_runs_four_models_in_turn(tmp_path: Path) -> None:
    plan, cluster = planned(3), SimulatedCluster()
    run_virtually(drive(plan, fleet(), cluster, tmp_path, [Capacity(0, 2, 2)]))
    kinds = committed(tmp_path, plan).sort("committed_at", maintain_order=True)["kind"].to_list()
    assert cluster.most_resident == 2
    assert kinds.index("search") > max(i for i, kind in enumerate(kinds) if kind != "search")


def test_more_replicas_than_fit_wait_and_never_keep_a_search_from_its_prm(tmp_path: Path) -> None:
    plan, cluster = planned(3), SimulatedCluster()
    run_virtually(drive(plan, fleet(policies=3, prms=2), cluster, tmp_path, [Capacity(0, 4, 4)]))
    committed(tmp_path, plan)
    assert cluster.most_resident == 4


def test_a_problem_scores_with_one_replica_of_its_prm_and_problems_spread(tmp_path: Path) -> None:
    asked: list[tuple[str, str]] = []

    def listen(worker: SimulatedWorker) -> None:
        answer = worker.score_batch

        async def heard(requests: Sequence[ScoreRequest]) -> list[ScoreReply]:
            asked.extend((request.question, worker.name) for request in requests)
            return await answer(requests)

        worker.score_batch = heard  # type: ignore[method-assign]

    plan, cluster = planned(10), SimulatedCluster(listen)
    run_virtually(drive(plan, fleet(prms=3), cluster, tmp_path))
    committed(tmp_path, plan)
    # A question is scored by one replica of each PRM, and not always by the same one.
    assert set(Counter(question for question, _ in set(asked)).values()) == {len(PRMS)}
    assert len({name for _, name in asked}) > len(PRMS)
