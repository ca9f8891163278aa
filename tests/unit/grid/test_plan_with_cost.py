"""A plan says what a grid costs, offline and in seconds; what it takes for granted it says."""

from __future__ import annotations

import io
import re
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from ttsgrid.cli.composition import composed
from ttsgrid.cli.found import find
from ttsgrid.cli.main import main
from ttsgrid.cli.plan_measured import Measured
from ttsgrid.cli.plan_priced import Priced
from ttsgrid.cli.plan_shown import show_plan
from ttsgrid.core.tally import Tally
from ttsgrid.core.units import SearchTree
from ttsgrid.grid.arguments import checked_arguments
from ttsgrid.grid.compose import to_grid
from ttsgrid.grid.config import GridConfig
from ttsgrid.grid.preflight.cost import Lengths, costs_of
from ttsgrid.grid.preflight.expected import Length

CONF = Path(__file__).resolve().parents[3] / "conf"
LENGTHS = Lengths({("zoo-s", "zoo"): Length(30.0, 3.0)}, stated_tokens=50.0, step_tokens=10.0)
ALL = "plan.all=true"
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
    prm = costs_of(plan, found.models, LENGTHS)[-1]
    assert prm.num_units == sum(unit.prm is not None for unit in left)


def test_costs_are_counted_by_hand() -> None:
    grid = grid_of(*SMALL, "benchmark.num_problems=2", "plan.flops_per_s=1e6")
    found = find(grid, lambda _: None)
    plan = found.plan(frozenset())
    small, medium, prm = costs_of(plan, found.models, LENGTHS)
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
    questions = [len(problem.question.encode()) / 4 + 40 for problem in plan.problems]
    # Half a block of 16 is read again of each sample but the first, and of each step of a tree.
    # Per policy and problem: two blocks of four samples, and four trees.
    tails = 8.5 * (2 * 2 * (8 - 2) + of_searches * (3 + 5))
    expected = (30 + 50) * prm.num_solutions / 2 + tails + 2 * (2 + 4) * sum(questions)
    assert prm.expected_tokens == pytest.approx(expected, abs=1)


def test_hours_and_money_follow_from_tokens_and_speeds() -> None:
    grid = grid_of(*SMALL, "benchmark.num_problems=2", "plan.flops_per_s=1e6")
    found = find(grid, lambda _: None)
    small, medium, _ = costs_of(found.plan(frozenset()), found.models, LENGTHS)
    on_gpu = replace(
        small, model=replace(small.model, config=replace(small.model.config, num_gpus=2))
    )
    size = small.model.num_parameters
    assert size is not None
    stated = Priced(on_gpu, replace(grid.plan, price_per_gpu_hour=3.0), Measured())
    hours = 2 * size * (30 * small.num_solutions + small.prompt_tokens) / 1e6 / 3600
    assert stated.gpu_hours == pytest.approx(hours)
    assert stated.hours == pytest.approx(hours / 2)
    assert stated.money == pytest.approx(3 * hours)
    assert Priced(on_gpu, grid.plan, Measured()).money is None
    # Measured without a GPU, so it says nothing of a GPU whose speed is stated.
    measured = Measured(seconds_per_token={("zoo-s", False): 0.5})
    assert Priced(on_gpu, grid.plan, measured).gpu_hours == pytest.approx(hours)
    cores = Priced(small, replace(grid.plan, flops_per_s=None), measured)
    assert cores.hours == pytest.approx(0.5 * small.computed_tokens / 3600)
    assert cores.gpu_hours == 0
    assert Priced(medium, replace(grid.plan, flops_per_s=None), measured).hours is None
    on_gpus = Measured(seconds_per_token={("zoo-s", True): 0.25})
    assert Priced(on_gpu, grid.plan, on_gpus).gpu_hours == pytest.approx(
        0.25 * small.computed_tokens / 3600
    )


def test_the_studys_grid_is_planned_offline_in_seconds_with_its_cost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    stated = ("plan.solution_tokens=600", "plan.flops_per_s=1e14", "plan.price_per_gpu_hour=2")
    started = time.process_time()
    assert main(["plan", "experiment=paper", f"store={tmp_path / 'none'}", *stated]) == 0
    assert time.process_time() - started < 30
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) < 60
    assert max(map(len, printed.splitlines())) <= 80
    said = " ".join(printed.split())
    # Where all are meant that the table names, a sentence does not name them again.
    assert said.count("llama3.1-8b") == 2
    assert "qwen2.5-0.5b 257k 2.35M 1.41G 1.6e18 1 4.55 4.55 3.94 9.09" in said
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


@pytest.mark.parametrize("columns", [80, 60])
def test_a_plan_fits_its_terminal_and_calls_nothing_zero_that_is_only_small(
    columns: int, tmp_path: Path
) -> None:
    grid = grid_of("benchmark.num_problems=2", f"store={tmp_path / 'none'}", "plan.flops_per_s=1e9")
    found, out = find(grid, lambda _: None), io.StringIO()
    console = Console(file=out, width=columns)
    show_plan(grid, found.plan(frozenset()), found, {}, console)
    printed = out.getvalue()
    assert max(map(len, printed.splitlines())) <= columns
    row = next(line.split() for line in printed.splitlines() if line.startswith("zoo-s"))
    assert "<0.01" in row
    assert "0.00" not in row
    assert re.search(r"Time: at most (\d+ min )?\d+ s with all engines", " ".join(printed.split()))


def test_all_of_a_plan_shows_each_kind_of_unit_and_what_the_store_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = (*SMALL, "benchmark.num_problems=2", f"store={tmp_path / 'none'}")
    brief, whole, same = (said_by(capsys, *few, *more) for more in ((), ("--all",), (ALL,)))
    for row in ("sample │ zoo-s │ 6 │ 0 │ 6 │ 18 solutions", "search │ zoo-m │ 8 │ 0 │ 8 │"):
        assert row in whole
        assert row not in brief
    assert "A run for each policy, PRM, strategy and N would generate" in whole
    assert whole == same


def test_models_that_cannot_be_reached_are_no_one_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    grid = grid_of("policies=[qwen2.5-1.5b,qwen2.5-3b]", "prms=[]", "strategies=[cot]")
    ids = [model.identity.id for model in find(grid, lambda _: None).models]
    assert len(set(ids)) == 2
