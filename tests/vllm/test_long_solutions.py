"""Solutions longer than the PRM's context: the sweep ends well, and says how many."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from tests.vllm.test_contexts import random_qwen
from ttsgrid.store import scan

# The same on fake engines is in tests/ray/test_long_inputs.py.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.vllm,
    pytest.mark.ray,
    pytest.mark.timeout(900),
]

PRM_READS = 220


def test_every_unit_is_committed_and_what_was_not_scored_is_told(tmp_path: Path) -> None:
    store = tmp_path / "store"
    # Random weights: each token may be the end mark, and some solutions go on to the limit.
    random_qwen(tmp_path / "rambler")
    policy = f"{{name: rambler, model: {tmp_path / 'rambler'}, format: zoo}}"
    command = (
        f"policies=[{policy}]", "sampling.max_tokens=300",
        f"prms=[{{name: short, model: 'zoo:zoo-prm', format: qwen, max_model_len: {PRM_READS}}}]",
        "strategies=[majority,best_of_n,beam]", "budgets=[4,8]", "benchmark.num_problems=6",
        "cluster.dashboard=false", f"store={store}",
    )  # fmt: skip
    ran = subprocess.run(
        [sys.executable, "-m", "ttsgrid.sweep", *command], capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    said = " ".join(ran.stdout.split())
    assert "rambler writes solutions of up to 300 tokens, short reads 220" in said
    assert "short could not score some samples (up to" in said

    assert set(scan(store, "units").collect()["status"]) == {"done"}
    scores = scan(store, "scores").collect()
    assert scores.height == 6 * 8
    unscored = scores.filter(pl.col("unscored").is_not_null())
    assert 0 < unscored.height < scores.height
    too_long = unscored.filter(pl.col("unscored").str.contains("the PRM reads 220"))
    assert too_long.height > 0
    assert scores["input_tokens"].max() <= PRM_READS  # type: ignore[operator]
