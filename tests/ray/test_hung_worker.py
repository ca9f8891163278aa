"""A worker's process that hangs, at work or as it loads, and is never reported dead."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from ray.cluster_utils import Cluster

from tests.ray.test_driver_with_fake_engines import engine, one_policy, planned, rows
from ttsgrid.cli.sweep_run import run_plan
from ttsgrid.core.errors import WorkerStartError
from ttsgrid.grid.config import ClusterConfig
from ttsgrid.views.terminal.console import Console

pytestmark = [pytest.mark.ray, pytest.mark.slow]


def test_a_stopped_worker_is_named_killed_and_replaced(
    tmp_path: Path, two_nodes: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    here = ClusterConfig(address=two_nodes.address, use_gpus=False, silence_s=12)
    grid = replace(one_policy(tmp_path, engine(stop_at_request=7)), cluster=here)
    plan, models = planned(grid)

    assert run_plan(grid, plan, models, Console(width=500)) == 0

    units = rows(grid, "units")
    assert Counter(units["unit_id"]) == Counter(unit.id for unit in plan.units)
    assert set(units["status"]) == {"done"}
    assert set(units["attempt"]) == {2}
    said = capsys.readouterr().out
    assert "policy-a is silent: it does not answer for" in said
    assert "policy-a: its worker died, silent: does not answer for" in said
    (log,) = {part.split(");")[0] for part in said.split(", log ")[1:]}
    assert Path(log).exists()


def test_a_worker_that_hangs_as_it_loads_is_killed_and_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hangs = replace(engine(stop_at_start=1), start_timeout_s=45)
    grid = one_policy(tmp_path, hangs)
    plan, models = planned(grid)

    assert run_plan(grid, plan, models, Console(width=500)) == 0

    units = rows(grid, "units")
    assert Counter(units["unit_id"]) == Counter(unit.id for unit in plan.units)
    assert set(units["status"]) == {"done"}
    said = capsys.readouterr().out
    assert "its worker died, silent: policy-a did not load within engine.start_timeout_s=45" in said


def test_a_worker_that_hangs_each_time_it_loads_ends_the_run_in_a_sentence(
    tmp_path: Path,
) -> None:
    slow = replace(engine(start_s=600), start_timeout_s=25)
    grid = one_policy(tmp_path, slow, max_attempts=2)
    plan, models = planned(grid)

    with pytest.raises(WorkerStartError, match=r"died 2 times .*engine\.start_timeout_s=25"):
        run_plan(grid, plan, models, Console(width=500))

    assert rows(grid, "units").is_empty()
