"""SIGKILL of driver, worker, engine's process or node at any instant: the store is as if none was.

Real processes and signals on a real two-node Ray cluster; engines are fakes that answer alike in
each run. A test is one seed, and says whom it killed and when. The oracle is a run in peace,
compared row by row. Nothing hangs, and Ray has back all that it lent.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ray.kills.grid import make_models
from tests.ray.kills.nodes import TwoNodes
from tests.ray.kills.run import run_to_the_end
from tests.ray.kills.schedule import NUM_SHORT, Schedule, schedule_of
from tests.ray.oracle import assert_equal

pytestmark = [
    pytest.mark.ray,
    pytest.mark.skipif(sys.platform != "linux", reason="finds processes under /proc"),
]

NUM_SCHEDULES = 200
FREE_AGAIN_S = 60.0


@dataclass(frozen=True)
class Scene:
    """What all schedules share."""

    nodes: TwoNodes
    models: Path
    oracle: Path


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("kills")
    make_models(folder)
    nodes = TwoNodes()
    try:
        assert run_to_the_end(Schedule(-1, ()), nodes, folder, folder) == []
        yield Scene(nodes, folder, folder / "store")
    finally:
        nodes.shutdown()


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(seed, marks=[pytest.mark.slow] if seed >= NUM_SHORT else [])
        for seed in range(NUM_SCHEDULES)
    ],
)
def test_after_kills_the_same_command_leaves_what_a_run_in_peace_leaves(
    scene: Scene, tmp_path: Path, seed: int
) -> None:
    schedule = schedule_of(seed)
    print(schedule)
    missed = run_to_the_end(schedule, scene.nodes, scene.models, tmp_path)
    assert schedule.kills[0] not in missed, "the run ended before the first kill"
    assert_equal(tmp_path / "store", scene.oracle)
    scene.nodes.wait_until_free(FREE_AGAIN_S)
