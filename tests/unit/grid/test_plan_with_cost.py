"""A plan says what a grid costs, offline and in seconds; what it takes for granted it says."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from ttsgrid.cli.composition import composed
from ttsgrid.cli.found import find
from ttsgrid.cli.main import main
from ttsgrid.cli.plan_cost import money
from ttsgrid.core.tally import Tally
from ttsgrid.core.units import SearchTree
from ttsgrid.grid.arguments import checked_arguments
from ttsgrid.grid.compose import to_grid
from ttsgrid.grid.config import GridConfig
from ttsgrid.grid.preflight.cost import costs_of

CONF = Path(__file__).resolve().parents[3] / "conf"
SMALL = ("policies=[zoo-s,zoo-m]", "prms=[zoo-prm]", "budgets=[4,8]")


def grid_of(*arguments: str) -> GridConfig:
    plain = composed(checked_arguments(arguments, CONF), CONF)
    return to_grid(plain.config, plain.folders)


def said_by(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["plan", *arguments]) == 0
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("limit", [(), ("benchmark.search_problems=3",)])
@pytest.mark.parametrize("every", [None, 2, 3])
def test_counts_without_making_a_unit_are_those_of_the_units(
    limit: tuple[str, ...], every: int | None
) -> None:
    found = find(grid_of(*SMALL, "benchmark.num_problems=7", *limit), lambda _: None)
    whole = found.plan(frozenset()).units
    held = frozenset(unit.id for unit in whole[::every]) if every else frozenset()
    plan = found.plan(held)
    left = [unit for unit in whole if unit.id not in held]
    assert list(plan.missing) == left
    assert len(plan.missing) == len(left)
    assert (plan.planned, plan.to_generate) == (Tally.of(whole), Tally.of(left))
    by_model = Counter((unit.kind, unit.runs_on.name) for unit in left)
    assert {key: of.num_units for key, of in plan.missing.by_model().items()} == by_model
    prm = costs_of(plan, found.models, {"zoo-s": 30.0}, 50.0)[-1]
    assert prm.num_units == sum(unit.prm is not None for unit in left)


def test_costs_are_counted_by_hand() -> None:
    grid = grid_of(*SMALL, "benchmark.num_problems=2", "plan.flops_per_s=1e6")
    found = find(grid, lambda _: None)
    plan = found.plan(frozenset())
    small, medium, prm = costs_of(plan, found.models, {"zoo-s": 30.0}, 50.0)
    trees = [unit for unit in plan.units if isinstance(unit, SearchTree)]
    of_searches = sum(tree.settings.budget for tree in trees if tree.policy.name == "zoo-s")
    # Per problem a greedy solution and a pool of 8; beams at 4 and 8; two subtrees of DVTS.
    assert of_searches == 2 * (4 + 8 + 2 * 4)
    assert small.num_solutions == 2 * (1 + 8) + of_searches
    assert small.expected_tokens == 30 * small.num_solutions
    assert medium.expected_tokens == 50 * medium.num_solutions
    assert small.most_tokens == 160 * small.num_solutions
    # The PRM reads both policies' pools and searches, not the greedy solutions.
    assert prm.num_solutions == 2 * (2 * 8 + of_searches)
    assert prm.expected_tokens == (30 + 50) * prm.num_solutions // 2
    size = small.model.num_parameters
    assert size is not None
    hours = small.gpu_hours(1e6)
    assert hours is not None
    assert hours == pytest.approx(2 * size * 30 * small.num_solutions / 1e6 / 3600)
    assert money(small, replace(grid.plan, price_per_gpu_hour=3.0)) == pytest.approx(3 * hours)
    assert money(small, grid.plan) is None


def test_the_studys_grid_is_planned_offline_in_seconds_with_its_cost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    stated = ("plan.solution_tokens=600", "plan.flops_per_s=1e14", "plan.price_per_gpu_hour=2")
    started = time.process_time()
    said = said_by(capsys, "experiment=paper", f"store={tmp_path / 'none'}", *stated)
    assert time.process_time() - started < 30
    # 12 policies, each by itself: 530 problems with 256 samples, two of them without greedy CoT.
    assert f"To generate: {530 * (12 * 256 + 10):,} solutions" in said
    # 7 PRMs; beams at four budgets and 64 subtrees of DVTS.
    assert f"and {530 * 12 * 7 * (4 + 64):,} search trees" in said
    assert "Assumed: commit and files of llama3.2-1b" in said
    assert "Assumed: 600 tokens per solution of llama3.2-1b" in said
    assert "GPU-hours" in said
    assert "in money" in said
    assert "qwen2.5-72b write solutions of up to 8,192 tokens, skywork-1.5b reads 4,096" in said
    assert not (tmp_path / "none").exists()


def test_without_a_length_the_most_is_said_to_be_the_most(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = said_by(capsys, *SMALL, "benchmark.num_problems=2", f"store={tmp_path / 'none'}")
    assert "In all at most" in said
    assert "Assumed: solutions of zoo-s, zoo-m are as long as they may get" in said
    assert "GPU-hours need plan.flops_per_s" in said


def test_models_that_cannot_be_reached_are_no_one_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    grid = grid_of("policies=[qwen2.5-1.5b,qwen2.5-3b]", "prms=[]", "strategies=[cot]")
    ids = [model.identity.id for model in find(grid, lambda _: None).models]
    assert len(set(ids)) == 2
