"""Workers that die: which of Ray's errors say so, what is said, and how often is too often."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from ray.exceptions import (
    ActorDiedError,
    ActorUnavailableError,
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    OwnerDiedError,
    RayError,
    RaySystemError,
    RayTaskError,
    WorkerCrashedError,
)

from tests.unit.cluster.simulation import SimulatedCluster, SimulatedWorker, drive, run_virtually
from tests.unit.cluster.test_simulated_runs import committed, fleet, planned
from tests.unit.grid.test_units_and_plan import (
    IDENTITIES,
    grid,
    models,
    problems,
    search,
    strategies,
)
from ttsgrid.cluster.driver.committer import Committer
from ttsgrid.cluster.driver.deaths import Cause, WorkerDiedError, in_words
from ttsgrid.cluster.driver.dispatch import Dispatch
from ttsgrid.cluster.driver.figures import Figures
from ttsgrid.cluster.driver.remote_worker import RemotePrm, RemoteWorker
from ttsgrid.cluster.wire.scoring_link import PrmLostError
from ttsgrid.cluster.wire.tasks import Task, TaskOutcome
from ttsgrid.cluster.wire.whereabouts import Whereabouts
from ttsgrid.cluster.worker.placement import Placement
from ttsgrid.core.errors import WorkerStartError
from ttsgrid.core.records import UnitResult
from ttsgrid.grid.plan import Plan, make_plan
from ttsgrid.store import Store, scan

NODE_GONE = "The actor died because its node has died. Node Id: ab12"
DEATHS: list[tuple[RayError, Cause]] = [
    (OutOfMemoryError("a worker was killed due to the node running low on memory"), Cause.MEMORY),
    (NodeDiedError("no route"), Cause.NODE),
    (ObjectLostError("ab", None, ""), Cause.NODE),
    (OwnerDiedError("ab", None, ""), Cause.NODE),
    (ActorUnavailableError("connection reset", None), Cause.UNREACHABLE),
    (ActorDiedError(), Cause.PROCESS),
    (RaySystemError("The actor never ran - it was cancelled"), Cause.UNBEGUN),
    (RaySystemError("Owner's node has crashed."), Cause.NODE),
    (WorkerCrashedError(), Cause.PROCESS),
    (RaySystemError("raylet gone"), Cause.PROCESS),
    (RayTaskError("run", "Traceback\nMemoryError: of the host", MemoryError()), Cause.FAULT),
]
PLACE = Whereabouts("host-7", "10.0.0.7", 4711, "/tmp/ray/logs/worker-1.err")


class FailingActor:
    """Answers every call with an error of Ray's."""

    def __init__(self, error: RayError) -> None:
        self._error = error

    def __getattr__(self, method: str) -> SimpleNamespace:
        call = SimpleNamespace(remote=self._fail)
        return SimpleNamespace(remote=self._fail, options=lambda name: call)

    async def _fail(self, *_: object) -> None:
        raise self._error


@pytest.mark.parametrize(("error", "cause"), DEATHS, ids=lambda value: type(value).__name__)
def test_every_error_of_an_actors_death_is_a_death(error: RayError, cause: Cause) -> None:
    worker = RemoteWorker("policy-1", FailingActor(error), Placement({}))
    calls: list[Callable[[], Awaitable[object]]] = [lambda: worker.run([], None), worker.watch]
    for call in calls:
        with pytest.raises(WorkerDiedError) as caught:
            asyncio.run(call())  # type: ignore[arg-type]
        assert caught.value.cause == cause
        assert "\n" not in str(caught.value)
    with pytest.raises(PrmLostError):
        asyncio.run(RemotePrm("prm-1", FailingActor(error)).score_batch([]))


def test_a_unit_that_fails_in_a_live_worker_keeps_where_its_traceback_is(tmp_path: Path) -> None:
    unit = planned(1).units[0]
    task = Task(unit, problems(1)[0])
    results = [UnitResult(unit.id, error="odd"), UnitResult(unit.id)]

    async def answer(*_: object) -> list[TaskOutcome]:
        return [TaskOutcome(task, result) for result in results]

    call = SimpleNamespace(remote=answer)
    worker = RemoteWorker(
        "p-1", SimpleNamespace(run=SimpleNamespace(options=lambda name: call)), Placement({})
    )
    worker.place = PLACE
    failed, done = asyncio.run(worker.run([task], None))
    assert failed.result.provenance["log"] == PLACE.log
    assert "log" not in done.result.provenance


def test_a_death_says_its_cause_its_node_and_its_log() -> None:
    death = WorkerDiedError("Worker exit type: SYSTEM_ERROR", Cause.PROCESS, PLACE)
    assert str(death) == (
        "process ended: Worker exit type: SYSTEM_ERROR (process 4711 on host-7 (10.0.0.7), "
        "log /tmp/ray/logs/worker-1.err)"
    )
    assert in_words({Cause.PROCESS: 1}) == "1 death (1 process ended)"
    assert in_words({Cause.PROCESS: 1, Cause.NODE: 2}) == "3 deaths (2 node lost, 1 process ended)"


def dies_as_it_works(times: int, after_s: float = 0.12) -> Callable[[SimulatedWorker], None]:
    """End so many workers of the first policy, each some time after it started."""
    left = [times]

    def at_start(worker: SimulatedWorker) -> None:
        if worker.spec.engine.name == "small" and left[0]:
            left[0] -= 1
            asyncio.get_running_loop().call_later(after_s, worker.kill)

    return at_start


def test_a_replica_may_die_ten_times_and_more_as_long_as_it_gets_on_in_between(
    tmp_path: Path,
) -> None:
    # In 0.12 s sixteen slots end two rounds of requests, so each life brings some results.
    kinds = strategies("majority")
    chosen = grid(policies=models(("small",)), prms=(), strategies=kinds, budgets=(4,))
    plan = make_plan(chosen, problems(120), IDENTITIES)
    cluster = SimulatedCluster(dies_as_it_works(12))
    run_virtually(drive(plan, fleet(), cluster, tmp_path))
    committed(tmp_path, plan)
    small = [worker for worker in cluster.workers if worker.spec.engine.name == "small"]
    assert len(small) == 13


def searches(number: int) -> Plan:
    """Beams of one policy with one PRM, which has nothing else to do."""
    kinds = (search("beam", 4, 8),)
    chosen = grid(
        policies=models(("small",)), prms=models(("prm-a",)), strategies=kinds, budgets=(4,)
    )
    return make_plan(chosen, problems(number), IDENTITIES)


def ends_prms(times: int, after_s: float, cause: Cause) -> Callable[[SimulatedWorker], None]:
    """End so many workers of the PRM; its replica is told the cause, and policies are not."""
    left = [times]

    def at_start(worker: SimulatedWorker) -> None:
        if worker.spec.engine.role == "prm" and left[0]:
            left[0] -= 1
            watch = worker.watch

            async def watched() -> None:
                try:
                    await watch()
                except WorkerDiedError as death:
                    await asyncio.sleep(2.0)  # a lost node is noticed late
                    raise WorkerDiedError(death.reason, cause, PLACE) from None

            worker.watch = watched  # type: ignore[method-assign]
            asyncio.get_running_loop().call_later(after_s, worker.kill)

    return at_start


def test_a_prm_may_die_ten_times_and_more_as_long_as_searches_end_in_between(
    tmp_path: Path,
) -> None:
    plan, cluster = searches(30), SimulatedCluster(ends_prms(11, 0.8, Cause.NODE))
    run_virtually(drive(plan, fleet(), cluster, tmp_path))
    committed(tmp_path, plan)
    assert len(cluster.of_role("prm")) == 12


def test_a_lost_node_of_its_prm_costs_a_search_no_attempt(tmp_path: Path) -> None:
    plan, cluster = searches(1), SimulatedCluster(ends_prms(6, 0.12, Cause.NODE))
    run_virtually(drive(plan, fleet(), cluster, tmp_path, max_attempts=3))
    assert set(committed(tmp_path, plan)["attempt"]) == {7}


def test_a_search_that_fails_with_its_prm_says_where_that_ended(tmp_path: Path) -> None:
    plan, cluster = searches(1), SimulatedCluster(ends_prms(3, 0.12, Cause.MEMORY))
    run_virtually(drive(plan, fleet(), cluster, tmp_path, max_attempts=3))
    unit, *_ = scan(tmp_path, "units").filter(status="failed").collect().to_dicts()
    assert (unit["attempt"], unit["host"]) == (3, PLACE.host)
    assert "the PRM worker that its search scored with ended" in unit["error"]
    assert str(Cause.MEMORY) in unit["error"]
    assert PLACE.log in unit["provenance"]


def test_a_worker_that_dies_each_time_it_loads_ends_the_run_with_the_last_reason(
    tmp_path: Path,
) -> None:
    def fails(worker: SimulatedWorker) -> None:
        if worker.spec.engine.name == "small":
            raise WorkerDiedError("no memory left", Cause.MEMORY, PLACE)

    cluster = SimulatedCluster(fails)
    with pytest.raises(WorkerStartError, match="small died 3 times without a result") as caught:
        run_virtually(drive(planned(2), fleet(), cluster, tmp_path))
    assert "out of memory: no memory left (process 4711 on host-7" in str(caught.value)
    assert len([one for one in cluster.workers if one.spec.engine.name == "small"]) == 3


def test_a_cluster_that_cancels_workers_for_a_while_before_they_begin_ends_no_run(
    tmp_path: Path,
) -> None:
    reachable_at_s = 60.0

    def cancels(worker: SimulatedWorker) -> None:
        if asyncio.get_running_loop().time() < reachable_at_s:
            raise WorkerDiedError("The actor never ran", Cause.UNBEGUN)

    plan, cluster = planned(2), SimulatedCluster(cancels)
    run_virtually(drive(plan, fleet(), cluster, tmp_path))
    assert set(scan(tmp_path, "units").collect()["status"]) == {"done"}


@asynccontextmanager
async def first_unit(folder: Path) -> AsyncIterator[tuple[Dispatch, str]]:
    """Yield a dispatch of one unit, and its model; what it accepts is committed."""
    plan = planned(1)
    with Store.open(folder, run_id="test") as store:
        todo = Counter(unit.runs_on.name for unit in plan.units)
        figures, committer = Figures(todo), Committer(store)
        by_id = {problem.id: problem for problem in plan.problems}
        yield (
            await Dispatch(by_id, committer, figures, 3).filled(plan.units[:1], {}),
            plan.units[0].runs_on.name,
        )
        await committer.flush()


def handed_out(folder: Path, deaths: list[WorkerDiedError]) -> list[Task | None]:
    """Return the last task that was handed out, after so many deaths; None once it failed."""

    async def run() -> list[Task | None]:
        async with first_unit(folder) as (dispatch, model):
            for death in deaths:
                dispatch.hand_out_again(await dispatch.take(model) or (), death)
            return list(await dispatch.take(model) or [None])

    return asyncio.run(run())


def test_a_lost_node_costs_a_unit_no_attempt(tmp_path: Path) -> None:
    node = WorkerDiedError(NODE_GONE, Cause.NODE, PLACE)
    process = WorkerDiedError("it ended", Cause.PROCESS, PLACE)
    (task,) = handed_out(tmp_path, [node] * 9 + [process] * 2)
    assert task is not None
    assert (task.attempt, task.suspect_attempts) == (12, 3)


def test_a_unit_that_fails_keeps_cause_host_attempt_and_log(tmp_path: Path) -> None:
    process = WorkerDiedError("it ended", Cause.PROCESS, PLACE)
    assert handed_out(tmp_path, [process] * 3) == [None]
    (unit,) = scan(tmp_path, "units").collect().to_dicts()
    assert (unit["status"], unit["attempt"], unit["host"]) == ("failed", 3, "host-7")
    assert PLACE.log in unit["error"]
    assert '"cause":"process ended"' in unit["provenance"].replace(": ", ":")
