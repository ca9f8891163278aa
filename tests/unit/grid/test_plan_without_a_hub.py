"""Without hub, cache or file a plan takes what the configs state; running says what it needs."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from tests.own.commands import command

HUB_GRID = ("policies=[qwen2.5-7b]", "prms=[qwen2.5-math-prm-7b]", "benchmark=math500")


@pytest.fixture
def silent_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens at the hub's address, and the cache is empty."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free.getsockname()[1]}")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)


def plan(folder: Path, *settings: str) -> str:
    ran = command(folder, "sweep", *HUB_GRID, "plan_only=true", *settings)
    assert ran.returncode == 0, ran.stderr
    return " ".join(ran.stdout.split())


@pytest.mark.usefixtures("silent_hub")
def test_a_plan_takes_counts_and_contexts_from_the_configs_and_says_so(tmp_path: Path) -> None:
    started = time.monotonic()
    said = plan(tmp_path)
    assert time.monotonic() - started < 20
    assert "over 500 problems. To generate: 32,500 solutions and 3,000 search trees" in said
    assert "Assumed: commit and files of qwen2.5-7b, qwen2.5-math-prm-7b" in said
    assert "Assumed: 500 problems, as benchmark.size says" in said
    # The PRM's context is known from its config, so the warning comes all the same.
    assert "qwen2.5-math-prm-7b reads 4,096 with the question" in said
    assert not (tmp_path / "results").exists()


@pytest.mark.usefixtures("silent_hub")
def test_a_plan_weighs_models_that_it_only_assumes(tmp_path: Path) -> None:
    models = ("policies=[llama3.1-405b,r1]", "strategies=[majority]", "engine.gpu_memory_gib=80")
    said = plan(tmp_path, *models)
    assert "llama3.1-405b takes 8 GPUs, with 47.1 GiB of assumed weights on each" in said
    assert "r1 takes 16 GPUs, with 39.1 GiB of assumed weights on each" in said


@pytest.mark.usefixtures("silent_hub")
def test_the_number_of_problems_may_still_be_chosen(tmp_path: Path) -> None:
    said = plan(tmp_path, "benchmark.num_problems=20", "strategies=[majority]", "budgets=[4]")
    assert "over 20 problems. To generate: 80 solutions" in said
    refused = command(tmp_path, "sweep", *HUB_GRID, "benchmark.num_problems=600")
    assert "benchmark.num_problems=600: math500 holds 500 (benchmark.size)" in refused.stderr


@pytest.mark.usefixtures("silent_hub")
def test_a_benchmark_whose_file_is_still_to_come_is_planned_by_its_size(tmp_path: Path) -> None:
    said = plan(tmp_path, "benchmark=scibench_chem")
    assert "over 223 problems" in said
    refused = command(tmp_path, "sweep", "benchmark=scibench_chem", "benchmark.size=null")
    assert refused.returncode == 2
    assert "say in benchmark.size how many there are" in " ".join(refused.stderr.split())


@pytest.mark.usefixtures("silent_hub")
def test_running_needs_what_planning_assumed_and_says_so_in_a_sentence(tmp_path: Path) -> None:
    ran = command(tmp_path, "sweep", *HUB_GRID)
    said = " ".join(ran.stderr.split())
    assert ran.returncode == 2
    assert said.startswith("ttsgrid: benchmark.dataset=HuggingFaceH4/MATH-500: the cache")
    assert said.endswith("or give its file in benchmark.path")
    assert "Traceback" not in ran.stderr
    assert os.listdir(tmp_path) in ([], ["cache"])
