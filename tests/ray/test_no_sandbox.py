"""A sweep of code where there is no sandbox ends in a sentence, before Ray starts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import ray

from tests.ray.test_driver_with_fake_engines import engine, one_policy, planned
from ttsgrid.benchmarks import BenchmarkConfig
from ttsgrid.benchmarks.sandbox import bubblewrap
from ttsgrid.cli.sweep import console
from ttsgrid.cli.sweep_run import run_plan
from ttsgrid.core.errors import ConfigError

ROW = {"prompt": "def f(x):\n    '''f(1)'''\n", "entry_point": "f", "test": "assert f(1) == 1"}


def test_a_sweep_of_code_without_a_sandbox_is_refused_before_ray_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one.jsonl").write_text(json.dumps(ROW))
    code = BenchmarkConfig(
        "code",
        path=str(tmp_path / "one.jsonl"),
        read_row="ttsgrid.benchmarks.code.rows:human_eval",
        grader="code",
    )
    grid = replace(one_policy(tmp_path, engine()), benchmarks=(code,))
    plan, models = planned(grid)
    monkeypatch.setattr(bubblewrap, "_missing", lambda: "there is no bubblewrap: install it")
    with pytest.raises(ConfigError, match=r"there is no bubblewrap.*allow_unsafe=true") as refused:
        run_plan(grid, plan, models, console)
    assert "\n" not in str(refused.value)
    assert not ray.is_initialized()
