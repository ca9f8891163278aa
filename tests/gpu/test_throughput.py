"""The throughput script runs to its end: on a GPU at full scale, on a CPU at the small one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

RATIOS = ("worker_over_bare", "search_over_engines", "lock_step_over_ours", "alone_over_ours")


def run_script(scale: str, out: Path) -> dict[str, list[float]]:
    command = [sys.executable, "-m", "tests.gpu.throughput", "--scale", scale, "--rounds", "1"]
    done = subprocess.run(
        [*command, "--out", str(out)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, list[float]] = json.loads(out.read_text())
    return found


@pytest.mark.slow
@pytest.mark.vllm
@pytest.mark.ray
@pytest.mark.timeout(900)
def test_the_script_measures_every_ratio_on_a_cpu(tmp_path: Path) -> None:
    found = run_script("small", tmp_path / "found.json")
    assert all(len(found[name]) == 1 and found[name][0] > 0 for name in RATIOS)


@pytest.mark.gpu
@pytest.mark.timeout(1200)
def test_the_script_measures_every_ratio_on_a_gpu(tmp_path: Path) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no GPU here")
    found = run_script("full", tmp_path / "found.json")
    assert all(len(found[name]) == 1 and found[name][0] > 0 for name in RATIOS)
