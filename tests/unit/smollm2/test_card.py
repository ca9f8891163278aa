"""What a store says of policies and the PRM, against counting by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ttsgrid.smollm2 import of_store
from ttsgrid.smollm2.card import sentences, write_card
from ttsgrid.smollm2.measure import Pools, policy_figures, prm_figures, within_problem
from ttsgrid.smollm2.solutions import Solution

WEIGHTS = Path(__file__).parents[3] / "ttsgrid" / "smollm2" / "weights"


def solution(problem: int, number: int, gold: int) -> Solution:
    return Solution(problem, "strong", f"So\n\n\\boxed{{{number}}}", number == gold)


@pytest.fixture
def pool() -> list[Solution]:
    # Right answers: one of four, none, three of four.
    answers = {0: (5, 6, 6, 7), 1: (1, 2, 3, 3), 2: (9, 9, 9, 4)}
    gold = {0: 5, 1: 8, 2: 9}
    return [solution(p, n, gold[p]) for p, numbers in answers.items() for n in numbers]


def test_rates_are_means_over_problems(pool: list[Solution]) -> None:
    figures = policy_figures(Pools.of(pool), pool[::4])
    assert figures["greedy"]["value"] == pytest.approx(2 / 3)
    assert figures["pass"]["1"]["value"] == pytest.approx((0.25 + 0 + 0.75) / 3)
    assert figures["pass"]["4"]["value"] == pytest.approx(2 / 3)
    assert figures["majority"]["4"]["value"] == pytest.approx(1 / 3)


def test_right_is_what_is_boxed_whatever_the_grader_of_the_sweep_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = ["So \\boxed{7}", "The answer is 7.", "So \\boxed{8}", "\\boxed{7} and on"]
    by_grader = [True, True, False, False]  # the last one was cut off
    rows = {
        "kind": "sample", "policy": "strong", "problem_id": "p", "sample": [0, 0, 1, 2],
        "text": texts, "correct": by_grader, "temperature": [0.7, 0.0, 0.7, 0.7],
    }  # fmt: skip
    tables = {
        "solutions": pl.DataFrame(rows),
        "problems": pl.DataFrame({"problem_id": ["p"], "question": ["?"], "answer": ["7"]}),
    }
    monkeypatch.setattr(of_store, "scan", lambda _store, table: tables[table].lazy())
    found = of_store.policy_solutions(Path("store"), "strong")
    assert found.greedy.tolist() == [False]
    assert found.pools.correct.tolist() == [[True, False, False]]


def test_a_prm_that_knows_the_answers_finds_each_right_sample(pool: list[Solution]) -> None:
    scores = [[0.9, 0.9] if one.correct else [0.9, 0.1] for one in pool]
    figures = prm_figures(Pools.of(pool), scores, 4)
    last = figures["last"]
    assert last["best_of_n"]["value"] == pytest.approx(2 / 3)
    assert last["best_of_n_minus_majority"]["value"] == pytest.approx(1 / 3)
    assert last["within_problem"]["value"] == 1.0
    assert last["within_problem"]["num_problems"] == 2


def test_ranking_within_a_problem_ignores_how_hard_problems_are() -> None:
    correct = np.array([[True, False], [False, True]])
    # All samples of the first problem score higher; within each the wrong one does.
    found = within_problem(np.array([[0.8, 0.9], [0.2, 0.1]]), correct)
    assert found is not None
    assert found["value"] == 0.0


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.02, 0.3, "does not do as well as LoRA"),
        (-0.1, 0.1, "does not clearly differ from LoRA"),
        (-0.3, -0.02, "does better than LoRA"),
    ],
)
def test_the_card_says_whether_a_prompt_does_as_well(
    pool: list[Solution], tmp_path: Path, low: float, high: float, said: str
) -> None:
    for file in WEIGHTS.glob("*-losses.json"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    apart = {"value": (low + high) / 2, "low": low, "high": high}
    figures = policy_figures(Pools.of(pool), pool[::4])
    figures |= {"num_examples": 4, "trained_less_prompt": {"greedy": apart, "pass": apart}}
    card = write_card(tmp_path, {"prompts": {"few_shot": figures}}).read_text()
    assert f"A prompt with 4 worked examples {said}: by a right sample among 4" in card


def test_the_readme_says_what_was_measured() -> None:
    measured = json.loads((WEIGHTS / "evaluation.json").read_text())
    readme = (WEIGHTS.parents[2] / "README.md").read_text(encoding="utf-8")
    for sentence in sentences(measured["test"]):
        assert sentence in readme


def test_the_card_is_what_its_figures_make(tmp_path: Path) -> None:
    for file in WEIGHTS.iterdir():
        if file.suffix in (".json", ".md"):
            (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "README.md").unlink()
    written = write_card(tmp_path, json.loads((tmp_path / "evaluation.json").read_text()))
    assert written.read_text() == (WEIGHTS / "README.md").read_text()
