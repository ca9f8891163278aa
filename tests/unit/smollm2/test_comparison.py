"""Kinds of step labels compared by heads, and prompts beside a trained policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.unit.smollm2.tiny import write_base
from ttsgrid.smollm2.base import load_tokenizer
from ttsgrid.smollm2.comparison import (
    KINDS,
    Compared,
    Marker,
    chosen_for_comparison,
    compare_labels,
)
from ttsgrid.smollm2.family import ComparisonSpec, RolloutSpec
from ttsgrid.smollm2.heads import read_marks
from ttsgrid.smollm2.labels import by_outcome, of_kind
from ttsgrid.smollm2.measure import Pools
from ttsgrid.smollm2.of_store import PolicySolutions
from ttsgrid.smollm2.policies import prompt_ids
from ttsgrid.smollm2.prms import load_trunk, with_mark
from ttsgrid.smollm2.problems import WordProblem
from ttsgrid.smollm2.prompting import examples_shown, prompt_figures
from ttsgrid.smollm2.sampling import Ids
from ttsgrid.smollm2.solutions import Solution

SPEC = ComparisonSpec(num_learnt=12, num_judged=12, num_completed=6, num_heads=2, num_steps=80)
PROBLEMS = [
    WordProblem(f"What is {a} + 1?", (f"{a} + 1 = {a + 1}", f"\\boxed{{{a + 1}}}"), str(a + 1))
    for a in range(30)
]


def solution(problem: int, *, correct: bool) -> Solution:
    """One whose words betray from the second step on whether it is right."""
    first = f"{problem} + 1 = {problem + 1}" if correct else f"Alas: {problem} + 1 = {problem + 7}"
    last = "So yes, \\boxed{1}" if correct else "No, alas, \\boxed{0}"
    return Solution(problem, "strong", f"Let us add.\n\n{first}\n\n{last}", correct)


SOLUTIONS = [solution(i, correct=right) for i in range(30) for right in (True, False, False)]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def marker(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Marker:
    tokenizer = with_mark(load_tokenizer(base), tmp_path_factory.mktemp("marked"))
    return Marker(tokenizer, load_trunk(base, tokenizer), PROBLEMS)


def chosen() -> Compared:
    return chosen_for_comparison(SOLUTIONS, PROBLEMS, RolloutSpec(), SPEC)


def test_no_problem_is_both_learnt_from_and_measured_on() -> None:
    compared = chosen()
    learnt = {one.problem for one in compared.learnt}
    judged = {one.problem for one in compared.judged}
    assert (len(learnt), len(judged)) == (12, 12)
    assert not learnt & judged
    assert len(compared.judged) == 36  # all samples, also those that are written twice


def test_problems_with_samples_of_one_kind_alone_are_left_out() -> None:
    wrong = [solution(i, correct=False) for i in range(30)]
    compared = chosen_for_comparison(wrong, PROBLEMS, RolloutSpec(), SPEC)
    assert not compared.learnt
    assert not compared.judged


def test_each_kind_labels_as_it_says() -> None:
    wrong = solution(3, correct=False)
    completed = wrong.labelled([True, True, False], "monte_carlo")
    assert {kind: of_kind(kind, wrong, completed).labels for kind in KINDS} == {
        "outcome": (False, False, False),
        "monte_carlo": (True, True, False),
        "arithmetic": (True, False, False),
        "outcome+arithmetic": (False, False, False),
        "monte_carlo+arithmetic": (True, False, False),
    }


def test_heads_find_what_the_labels_show_on_problems_they_have_not_seen(marker: Marker) -> None:
    compared = chosen()
    completed = [
        one.labelled([True, False, False], "monte_carlo") for one in compared.to_complete(SPEC)
    ]
    people = marker.marked([solution(i, correct=i % 2 == 0) for i in range(20)])
    found = compare_labels(compared, completed, people, marker, SPEC)
    assert list(found["kinds"]) == list(KINDS)
    assert found["size"]["judged_problems"] == 12
    assert found["size"]["judged_completed"] == 6
    outcome = found["kinds"]["outcome"]
    assert outcome["within_problem"]["last"]["value"] > 0.9
    assert outcome["within_problem"]["last"]["num_problems"] == 12
    assert outcome["less_outcome"]["last"]["value"] == 0.0
    # One right and up to three wrong solutions of a problem, of which one text is kept.
    assert outcome["good"] == pytest.approx(0.5)
    # The layers are random, and show less of a step in the middle than of the end.
    assert found["kinds"]["monte_carlo"]["step_auc"]["monte_carlo"]["value"] > 0.75
    assert found["kinds"]["arithmetic"]["good"] == pytest.approx((3 + 1) / 6)


def test_marks_are_read_as_one_by_one(marker: Marker) -> None:
    items = marker.marked(SOLUTIONS[:7])
    trunk = marker.trunk.float()
    for item, read in zip(items, read_marks(trunk, items), strict=True):
        with torch.no_grad():
            alone = trunk(input_ids=torch.tensor([item.ids])).last_hidden_state[0, item.positions]
        assert torch.allclose(read, alone, atol=1e-4)


class Copying:
    """Boxes a number where an example has shown it; else writes the number alone."""

    def __init__(self, base: Path) -> None:
        self.tokenizer = load_tokenizer(base)
        self.temperatures: list[float] = []

    def sample(self, prompts: Sequence[Ids], temperature: float, max_tokens: int) -> list[Ids]:
        self.temperatures.append(temperature)
        texts = [self.tokenizer.decode(prompt) for prompt in prompts]
        has_example = [text.count("assistant\n") > 1 for text in texts]
        answers = ["\\boxed{7}" if shown else "7" for shown in has_example]
        return [self.tokenizer.encode(a, add_special_tokens=False) for a in answers]


@pytest.fixture
def trained() -> PolicySolutions:
    problems = [WordProblem(f"Problem {i}?", (), "7" if i < 3 else "8") for i in range(10)]
    correct = np.zeros((10, 4), bool)
    correct[:5, 0] = True
    return PolicySolutions(problems, Pools(correct, correct.astype(int)), correct[:, 0])


def test_fewer_samples_are_compared_with_as_many_of_the_trained_policy(
    base: Path, trained: PolicySolutions, tmp_path: Path
) -> None:
    sampler = Copying(base)
    arguments = (trained, PROBLEMS, sampler.tokenizer, sampler, tmp_path, 1)
    found = prompt_figures("few_shot", *arguments)
    assert found["num_samples"] == 1
    # One of four samples is right on five of ten problems: one of one on 0.125 of them.
    assert found["trained_less_prompt"]["pass"]["value"] == pytest.approx(0.125 - 0.3)


def test_a_prompt_with_examples_is_measured_beside_the_trained_policy(
    base: Path, trained: PolicySolutions, tmp_path: Path
) -> None:
    sampler = Copying(base)
    arguments = (trained, PROBLEMS, sampler.tokenizer, sampler, tmp_path)
    found = prompt_figures("few_shot", *arguments)
    assert (found["num_examples"], found["num_problems"], found["num_samples"]) == (4, 10, 4)
    assert found["greedy"]["value"] == pytest.approx(0.3)
    assert found["trained_less_prompt"]["pass"]["value"] == pytest.approx(0.2)
    assert sampler.temperatures == [0.0, 0.7]
    assert prompt_figures("few_shot", *arguments) == found
    assert len(sampler.temperatures) == 2  # what was sampled is kept
    plain = prompt_figures("plain", *arguments)
    assert (plain["num_examples"], plain["boxed"]["value"]) == (0, 0.0)


def test_other_problems_are_solved_anew(
    base: Path, trained: PolicySolutions, tmp_path: Path
) -> None:
    sampler = Copying(base)
    for problems in (trained.problems, trained.problems[::-1]):
        other = replace(trained, problems=problems)
        prompt_figures("few_shot", other, PROBLEMS, sampler.tokenizer, sampler, tmp_path)
    assert len(sampler.temperatures) == 4


def test_examples_stand_before_the_question_in_the_task_s_form(base: Path) -> None:
    tokenizer = load_tokenizer(base)
    shown = examples_shown("few_shot", PROBLEMS)
    text = tokenizer.decode(prompt_ids(tokenizer, "And 5 + 5?", shown))
    places = [text.index(part) for one in shown for part in (one.question, one.solution)]
    assert places == sorted(places)
    assert text.index("And 5 + 5?") > places[-1]
    assert prompt_ids(tokenizer, "And 5 + 5?") == prompt_ids(tokenizer, "And 5 + 5?", ())


def test_a_solution_s_labels_are_of_its_own_steps() -> None:
    one = by_outcome(solution(2, correct=True))
    assert len(one.labels) == len(one.steps) == 3
