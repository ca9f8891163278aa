"""Workers that hang: named, killed in measured time, and never believed afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from tests.unit.cluster.simulation import SimulatedCluster, SimulatedWorker, drive, run_virtually
from tests.unit.cluster.test_deaths import PLACE, first_unit
from tests.unit.cluster.test_simulated_runs import committed, fleet, planned
from ttsgrid.cluster.driver.deaths import Cause, WorkerDiedError
from ttsgrid.cluster.driver.vitals import OWN_PAUSE_S, Patience, Vitals
from ttsgrid.cluster.wire.tasks import TaskOutcome
from ttsgrid.core.records import UnitResult
from ttsgrid.engines.base import EngineStats
from ttsgrid.engines.fake import FakePolicyEngine, FakePrmEngine
from ttsgrid.store import scan

HANGS_AFTER_S = 0.3


def stops(worker: SimulatedWorker) -> None:
    """Answer nothing any more, as a stopped process."""

    async def never() -> bool:
        await asyncio.sleep(5)
        return False

    worker.refresh_stats = never  # type: ignore[method-assign]
    hangs(worker)


def hangs(worker: SimulatedWorker) -> None:
    """Compute nothing any more, and answer all the same."""

    engine = worker.runtime._engine
    assert isinstance(engine, FakePolicyEngine | FakePrmEngine)

    async def wait_for_ever(length: float = 1.0) -> None:
        with engine._meter.request():
            await worker.ended.wait()

    engine._take_a_turn = wait_for_ever  # type: ignore[method-assign]


@pytest.mark.parametrize("fault", [stops, hangs])
@pytest.mark.parametrize("role", ["policy", "prm"])
def test_a_hung_worker_is_named_and_killed_and_its_units_run_elsewhere(
    tmp_path: Path, fault: Callable[[SimulatedWorker], None], role: str
) -> None:
    hung: list[str] = []

    def at_start(worker: SimulatedWorker) -> None:
        worker.place = PLACE
        if worker.spec.engine.role == role and not hung:
            hung.append(worker.spec.engine.name)
            asyncio.get_running_loop().call_later(HANGS_AFTER_S, fault, worker)

    plan, cluster, said = planned(4), SimulatedCluster(at_start), StringIO()
    run = drive(plan, fleet(), cluster, tmp_path, said=said)
    took_s = run_virtually(asyncio.wait_for(run, 300))
    committed(tmp_path, plan)
    assert 60 < took_s < 200
    told = " ".join(said.getvalue().split())
    assert f"{hung[0]} is silent: it " in told
    assert "(process 4711 on host-7 (10.0.0.7), log /tmp/ray/logs/worker-1.err)" in told
    assert f"{hung[0]}: its worker died, silent: " in told
    # Nobody else was taken for hung: policies that wait for a hung PRM's scores are not.
    assert told.count("its worker died") == 1


def test_a_late_reply_of_a_worker_that_was_given_up_is_refused(tmp_path: Path) -> None:
    async def run() -> None:
        async with first_unit(tmp_path) as (dispatch, model):
            (task,) = await dispatch.take(model) or ()
            dispatch.hand_out_again([task], WorkerDiedError("silent", Cause.SILENCE))
            (again,) = await dispatch.take(model) or ()
            late = UnitResult(task.unit.id, error="as told", seconds=500.0, attempt=1)
            dispatch.accept(TaskOutcome(task, late))
            assert dispatch.remaining(model) == 1
            dispatch.accept(TaskOutcome(again, replace(late, seconds=2.0, attempt=2)))
            dispatch.accept(TaskOutcome(task, late))
            assert dispatch.remaining(model) == 0

    asyncio.run(run())
    assert scan(tmp_path, "units").collect()["seconds"].to_list() == [2.0]


def listened(vitals: Vitals, until_s: int, **running: int) -> None:
    """Hear each second of an engine that has ended nothing yet."""
    for second in range(int(vitals.now) + 1, until_s + 1):
        vitals.heard(EngineStats(**running), second)


def test_deadlines_follow_from_what_was_measured() -> None:
    patience = Patience(least_s=60, first_s=600, longest_tokens=1000)
    vitals = Vitals(patience, now=0.0)
    listened(vitals, 299, running=4)
    assert vitals.silence(299) is None  # the first result may take 600 s
    # 300 s for four requests of 200 tokens each: 1000 tokens take 1500 s, borne three times.
    vitals.heard(EngineStats(generated_tokens=800, running=4), 300)
    for second in range(301, 300 + 4500 // 2):
        vitals.heard(EngineStats(generated_tokens=800, running=4), second)
        assert vitals.silence(second) is None
    silence = None
    for second in range(300 + 4500 // 2, 40_000):
        vitals.heard(EngineStats(generated_tokens=800, running=4), second)
        silence = vitals.silence(second)
        if silence and silence.is_over:
            break
    assert silence is not None
    assert silence.is_over
    assert "computed nothing of 4 requests" in silence.what


def test_a_worker_without_work_is_never_silent_and_one_that_answers_nothing_is() -> None:
    vitals = Vitals(Patience(least_s=60, first_s=60), now=0.0)
    listened(vitals, 1000)
    assert vitals.silence(1000) is None
    for second in range(1001, 1031):
        vitals.heard(None, second)
    assert vitals.silence(1030) is None
    for second in range(1031, 1062):
        vitals.heard(None, second)
    silence = vitals.silence(1061)
    assert silence is not None
    assert silence.is_over


def test_a_driver_that_stood_still_itself_blames_nobody() -> None:
    vitals = Vitals(Patience(least_s=60, first_s=60), now=0.0)
    listened(vitals, 10, running=1)
    later = 10 + 50 * OWN_PAUSE_S
    vitals.heard(None, later)
    assert vitals.silence(later) is None
