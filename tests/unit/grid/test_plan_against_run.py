"""A plan's tokens against those of a run: the study's grid beside fake engines.

Lengths are those of the run's own distribution, so that what is tested is the plan's account of
pools, trees, formats and caches, and not how long a real model writes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.families import tokenizers
from tests.unit.grid.dry_run import DryRun, Model, QuickTokenizer, mean_solution
from tests.unit.grid.test_plan_with_cost import grid_of
from ttsgrid.cli.found import Found, find
from ttsgrid.grid.preflight.cost import Cost, Lengths, costs_of
from ttsgrid.grid.preflight.expected import Length
from ttsgrid.zoo.tokenizer import build_tokenizer

AGREES = 0.2
QUESTIONS = {
    "math500": [
        "Convert the point $(0,3)$ in rectangular coordinates to polar coordinates. Enter your "
        "answer in the form $(r,\\theta)$, where $r > 0$ and $0 \\le \\theta < 2 \\pi$.",
        "How many positive whole-number divisors does 196 have?",
    ],
    "aime24": [
        "Every morning Aya walks 9 kilometres and stops at a coffee shop afterwards. At a constant "
        "speed of $s$ kilometres per hour the walk takes her 4 hours, $t$ minutes in the shop "
        "included; at $s + 2$ it takes 2 hours and 24 minutes. How long does it take at "
        "$s + \\frac{1}{2}$ kilometres per hour, in minutes?",
        "Let $x$, $y$ and $z$ be positive real numbers. Find $m + n$ of the reduced fraction.",
    ],
}
FAMILIES = {"llama": "llama", "rlhflow": "llama", "math_shepherd": "mistral"}


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path


def found_for(folder: Path, num_problems: int, *settings: str) -> Found:
    """Find the study's grid over a few problems of each of its benchmarks."""
    items = []
    for name, questions in QUESTIONS.items():
        path = folder / f"{name}.jsonl"
        rows = [{"problem": text, "answer": "7"} for text in questions[:num_problems]]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        items.append(f"{{base: {name}, path: {path}}}")
    benchmarks = f"benchmark=[{','.join(items)}]"
    store = f"store={folder / 'none'}"
    return find(grid_of("experiment=paper", benchmarks, store, *settings), lambda _: None)


@lru_cache
def real_tokenizer(family: str) -> QuickTokenizer:
    """Return the tokenizer of a family of models, from the package that carries it."""
    if family == "mistral":
        return QuickTokenizer(tokenizers.mistral(Path(mkdtemp()) / "mistral"))
    return QuickTokenizer(getattr(tokenizers, family)())


@lru_cache
def small_tokenizer(_: str) -> QuickTokenizer:
    """Return one that is made in a second, and has the marks of every format."""
    return QuickTokenizer(build_tokenizer(with_bos=True))


def family_of(format_name: str) -> str:
    return next((own for part, own in FAMILIES.items() if part in format_name), "qwen")


def run_and_plan(
    found: Found, tokenizer: Callable[[str], QuickTokenizer]
) -> tuple[DryRun, list[Cost]]:
    """Run all units of a plan, and cost it at the lengths of that run's distribution."""
    plan = found.plan(frozenset())
    by_format = {m.config.format: tokenizer(family_of(m.config.format)) for m in found.models}
    of_role = {
        role: {
            model.config.name: Model(model.config.format, by_format[model.config.format])
            for model in found.models
            if model.role == role
        }
        for role in ("policy", "prm")
    }
    ran = DryRun(of_role["policy"], of_role["prm"], {p.id: p for p in plan.problems})
    ran.run(plan.missing)
    policies = {model.format for model in of_role["policy"].values()}
    means = {fmt: Length(*mean_solution(by_format[fmt])) for fmt in policies}
    measured = {
        (name, on): means[model.format]
        for name, model in of_role["policy"].items()
        for on in QUESTIONS
    }
    return ran, costs_of(plan, found.models, Lengths(measured))


def assert_agrees(ran: DryRun, costs: list[Cost]) -> None:
    for cost in costs:
        name = cost.model.config.name
        if cost.model.role == "policy":
            assert cost.expected_tokens == pytest.approx(ran.written[name], rel=AGREES), name
        else:
            assert cost.expected_tokens == pytest.approx(ran.read[name], rel=AGREES), name


def test_tokens_of_a_small_part_agree_with_a_run(offline: Path) -> None:
    found = found_for(offline, 1, "policies=[qwen2.5-0.5b]", "budgets=[4,16]")
    ran, costs = run_and_plan(found, small_tokenizer)
    assert (len(ran.written), len(ran.read)) == (1, 7)
    assert_agrees(ran, costs)


@pytest.mark.slow
def test_tokens_of_the_studys_grid_agree_with_a_run_over_all_its_models(offline: Path) -> None:
    # At its smaller budgets: N = 256 multiplies the run's hours, so a part of it follows.
    ran, costs = run_and_plan(found_for(offline, 2, "budgets=[4,16]"), real_tokenizer)
    assert (len(ran.written), len(ran.read)) == (12, 7)
    assert_agrees(ran, costs)


@pytest.mark.slow
def test_tokens_of_the_largest_budget_agree_with_a_run(offline: Path) -> None:
    # 2 to 8 % off.
    judges = "prms=[rlhflow-8b-mistral,qwen2.5-math-prm-7b]"
    found = found_for(offline, 1, "policies=[qwen2.5-0.5b]", judges, "budgets=[256]")
    ran, costs = run_and_plan(found, real_tokenizer)
    assert (len(ran.written), len(ran.read)) == (1, 2)
    assert_agrees(ran, costs)
