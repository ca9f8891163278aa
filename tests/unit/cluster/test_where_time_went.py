"""Where the time of a run went: each part once, however much of it ran side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.cluster.simulation import SimulatedCluster, drive, run_virtually
from tests.unit.cluster.test_figures import Clock
from tests.unit.cluster.test_simulated_runs import committed, fleet, kills_first, planned
from ttsgrid.cluster.driver.figures import Figures
from ttsgrid.cluster.driver.fleet import FleetWorker
from ttsgrid.cluster.wire.tasks import WorkerSpec
from ttsgrid.core.spent import Part, Spent
from ttsgrid.engines.base import EngineStats
from ttsgrid.views.words.spent import where_it_went

STARTS_IN_S = 100.0


class SlowCluster(SimulatedCluster):
    """Takes its time to load a model."""

    async def start(self, spec: WorkerSpec, placed: Callable[[], None]) -> FleetWorker:
        placed()
        await asyncio.sleep(STARTS_IN_S)
        return await super().start(spec, lambda: None)


async def _spent_of_a_run(folder: Path, cluster: SimulatedCluster) -> dict[Part, float]:
    plan = planned(6)
    spent = Spent(asyncio.get_running_loop().time)
    took_s = await drive(plan, fleet(policies=2), cluster, folder, spent=spent)
    committed(folder, plan)
    assert spent.in_all_s == pytest.approx(took_s)
    return {part: spent.seconds(part) for part in Part}


def test_six_workers_that_start_together_take_as_long_as_one_and_work_comes_after(
    tmp_path: Path,
) -> None:
    seconds = run_virtually(_spent_of_a_run(tmp_path / "slow", SlowCluster()))
    assert seconds[Part.START] == pytest.approx(STARTS_IN_S)
    at_once = run_virtually(_spent_of_a_run(tmp_path / "at_once", SimulatedCluster()))
    for part in (Part.GENERATE, Part.SEARCH, Part.SCORE):
        assert seconds[part] > 0
        assert seconds[part] == pytest.approx(at_once[part], rel=0.2)


def test_a_part_ends_though_a_worker_died_in_it(tmp_path: Path) -> None:
    async def run() -> None:
        spent = Spent(asyncio.get_running_loop().time)
        cluster = SimulatedCluster(kills_first("policy", 0.05))
        await drive(planned(6), fleet(), cluster, tmp_path, spent=spent)
        before = [spent.seconds(part) for part in Part if part is not Part.GRADE]
        await asyncio.sleep(1000)
        assert [spent.seconds(part) for part in Part if part is not Part.GRADE] == before

    run_virtually(run())


def test_a_policys_worker_tells_how_long_it_graded_and_a_prms_none(tmp_path: Path) -> None:
    cluster = SimulatedCluster()
    run_virtually(drive(planned(2), fleet(), cluster, tmp_path))
    assert all(worker.stats.grading_s > 0 for worker in cluster.of_role("policy"))
    assert all(worker.stats.grading_s == 0 for worker in cluster.of_role("prm"))


def test_grading_of_all_workers_is_counted_and_that_of_a_dead_one_once() -> None:
    clock = Clock()
    figures = Figures({"small": 4}, clock)
    for label, grading_s in (("small/0", 3.0), ("small/1", 4.0), ("small/0", 1.5)):
        figures.starts(label)
        clock.now += 10
        figures.heard(label, EngineStats(100, grading_s=grading_s - 1))
        figures.heard(label, EngineStats(200, grading_s=grading_s))
    assert figures.spent.seconds(Part.GRADE) == pytest.approx(8.5)


def test_pieces_that_overlap_count_once_and_a_part_under_way_counts_so_far() -> None:
    clock = Clock()
    spent = Spent(clock)
    for at_s, note in (
        (5, spent.begin),
        (10, spent.begin),
        (20, spent.end),
        (30, spent.end),
        (31, spent.end),  # one that never began
        (40, spent.begin),
    ):
        clock.now = at_s
        note(Part.SEARCH)
    clock.now = 42
    assert (spent.seconds(Part.SEARCH), spent.in_all_s) == (27, 42)


def test_the_sentence_names_each_part_that_took_time() -> None:
    clock = Clock()
    spent = Spent(clock)
    for part, seconds in ((Part.START, 71.2), (Part.GENERATE, 305.0), (Part.COMMIT, 0.2)):
        spent.add(part, seconds)
    with spent.on(Part.ANALYSE):
        clock.now = 8.4
    clock.now = 391.0
    assert where_it_went(spent) == (
        "Took 6 min 31 s: starting workers 1 min 11 s, generating 5 min 5 s and analysing 8 s "
        "(parts overlap)."
    )
    assert where_it_went(Spent(clock)) == "Took 0 s."
