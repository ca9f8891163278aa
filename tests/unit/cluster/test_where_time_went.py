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
from ttsgrid.cluster.driver.phases import Phase, line_of
from ttsgrid.cluster.wire.tasks import WorkerSpec
from ttsgrid.core.spent import Part, Piece, Spent, Stage
from ttsgrid.engines.base import EngineStats
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.views.words.spent import where_it_went

STAGES_S = {Stage.IMPORT: 20.0, Stage.ENGINE: 10.0, Stage.WEIGHTS: 50.0, Stage.WARM_UP: 20.0}
STARTS_IN_S = sum(STAGES_S.values())


class SlowCluster(SimulatedCluster):
    """Takes its time to load a model."""

    async def start(
        self, spec: WorkerSpec, placed: Callable[[], None], reaches: Callable[[Stage], None]
    ) -> FleetWorker:
        placed()
        for stage, seconds in STAGES_S.items():
            reaches(stage)
            await asyncio.sleep(seconds)
        return await super().start(spec, lambda: None, reaches)


async def _spent_of_a_run(folder: Path, cluster: SimulatedCluster) -> dict[Piece, float]:
    plan = planned(6)
    spent = Spent(asyncio.get_running_loop().time)
    took_s = await drive(plan, fleet(policies=2), cluster, folder, spent=spent)
    committed(folder, plan)
    assert spent.in_all_s == pytest.approx(took_s)
    return {piece: spent.seconds(piece) for piece in (*Part, *Stage)}


def test_six_workers_that_start_together_take_as_long_as_one_and_work_comes_after(
    tmp_path: Path,
) -> None:
    seconds = run_virtually(_spent_of_a_run(tmp_path / "slow", SlowCluster()))
    assert seconds[Part.START] == pytest.approx(STARTS_IN_S)
    at_once = run_virtually(_spent_of_a_run(tmp_path / "at_once", SimulatedCluster()))
    for part in (Part.GENERATE, Part.SEARCH, Part.SCORE):
        assert seconds[part] > 0
        assert seconds[part] == pytest.approx(at_once[part], rel=0.2)
    assert {stage: seconds[stage] for stage in STAGES_S} == pytest.approx(STAGES_S)
    assert not any(at_once[stage] for stage in Stage)


def test_a_log_says_how_long_each_stage_of_a_start_took_that_was_seen() -> None:
    engine = EngineSpec("vllm", role="policy", name="small", source="org/small")
    seen = {Stage.IMPORT: 12.2, Stage.ENGINE: 13.0, Stage.WEIGHTS: 0.3, Stage.WARM_UP: 4.6}
    assert line_of(Phase.WORKING, engine, 30.1, seen) == (
        "works after 30 s (importing code 12 s, starting the engine 13 s, warming up 5 s)"
    )
    assert line_of(Phase.WORKING, engine, 30.1, {}) == "works after 30 s"


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


def test_a_stage_ends_with_the_worker_that_was_in_it_and_a_late_word_begins_none() -> None:
    clock = Clock()
    figures = Figures({"small": 4}, clock)
    figures.enters("small/0", Phase.LOADING)
    figures.reaches("small/0", Stage.WEIGHTS)
    clock.now = 30.0
    figures.enters("small/0", Phase.PLACING)  # it died, and another is placed
    figures.reaches("small/0", Stage.WARM_UP)
    clock.now = 50.0
    assert figures.stages("small/0") == {Stage.WEIGHTS: 30.0}
    figures.enters("small/0", Phase.LOADING)
    assert figures.stages("small/0") == {}
    assert (figures.spent.seconds(Stage.WEIGHTS), figures.spent.seconds(Stage.WARM_UP)) == (30, 0)


def test_the_sentence_names_each_part_that_took_time() -> None:
    clock = Clock()
    spent = Spent(clock)
    for piece, seconds in (
        (Part.START, 71.2),
        (Stage.IMPORT, 30.1),
        (Stage.WEIGHTS, 0.3),
        (Stage.WARM_UP, 12.0),
        (Part.GENERATE, 305.0),
        (Part.COMMIT, 0.2),
    ):
        spent.add(piece, seconds)
    with spent.on(Part.ANALYSE):
        clock.now = 8.4
    clock.now = 391.0
    assert where_it_went(spent) == (
        "Took 6 min 31 s: starting workers 1 min 11 s (importing code 30 s and warming up 12 s), "
        "generating 5 min 5 s and analysing 8 s (parts overlap)."
    )
    assert where_it_went(Spent(clock)) == "Took 0 s."
