"""Gold answers of MATH-500, AMC 2023 and AIME 2024: each equals itself, and no other value."""

from __future__ import annotations

import json
import random
import re
from itertools import combinations
from pathlib import Path

import pytest

from ttsgrid.benchmarks import MathGrader, load_benchmark

MATH = MathGrader()
FILES = {"math500": 500, "amc23": 40, "aime24": 30}

# Golds of MATH-500 that are spelled apart and equal by the grader's policy: units, degree and
# dollar signs are dropped, a list is a set, a pair may have lost its brackets. All 45,150 pairs
# were compared once; the test below repeats a part of them.
SAME = {
    frozenset(pair)
    for pair in (
        ("(-2,1)", "-2,1"),
        ("-2,1", "1,-2"),
        (r"10,\!080", "10080"),
        ("120", r"120^\circ"),
        ("15", r"15\mbox{ cm}^2"),
        (r"2 \sqrt{5}", r"2\sqrt{5}"),
        ("30", r"30^\circ"),
        ("36", r"36^\circ"),
        ("36", r"\$36"),
        (r"36^\circ", r"\$36"),
        ("5", "x=5"),
        ("90", r"90^\circ"),
        (r"\frac14", r"\frac{1}{4}"),
    )
}


def golds(shared_data: Path, name: str) -> list[str]:
    problems = load_benchmark(name, path=shared_data / "problems" / f"{name}.jsonl")
    return [problem.answer for problem in problems]


@pytest.mark.parametrize(("name", "number"), FILES.items())
def test_every_gold_equals_itself_in_a_solution(shared_data: Path, name: str, number: int) -> None:
    answers = golds(shared_data, name)
    assert len(answers) == number
    for gold in answers:
        for solution in (
            rf"Thus $\boxed{{{gold}}}$.",
            rf"\[\boxed{{{gold}}}\]",
            f"The final answer is ${gold}$. I hope it is correct.",
        ):
            answer = MATH.extract(solution)
            assert answer is not None, solution
            assert MATH.is_correct(answer, gold), solution


@pytest.mark.parametrize("name", ["math500", "aime24"])
def test_every_published_solution_states_its_gold(shared_data: Path, name: str) -> None:
    lines = (shared_data / "problems" / f"{name}.jsonl").read_text().splitlines()
    solutions = [json.loads(line)["solution"] for line in lines]
    pairs = list(zip(solutions, golds(shared_data, name), strict=True))
    boxed = [(solution, gold) for solution, gold in pairs if r"\boxed" in solution]
    assert len(boxed) >= 0.9 * len(pairs)  # some of AIME's state it in words
    for solution, gold in boxed:
        answer = MATH.extract(solution)
        assert answer is not None
        assert MATH.is_correct(answer, gold), (answer, gold)


def test_a_gold_with_leading_zeros_equals_itself_in_bold_brackets(shared_data: Path) -> None:
    zeros = [gold for gold in golds(shared_data, "aime24") if re.fullmatch(r"0\d+", gold)]
    assert "073" in zeros or zeros
    for gold in (*zeros, "073"):
        answer = MATH.extract(rf"so it is $\boxed{{\textbf{{({gold})}}}}$.")
        assert answer is not None
        assert MATH.is_correct(answer, gold)
        assert MATH.is_correct(answer, gold.lstrip("0"))


@pytest.mark.parametrize("name", ["amc23", "aime24"])
def test_golds_of_different_value_differ(shared_data: Path, name: str) -> None:
    values = {gold: float(gold) for gold in golds(shared_data, name)}
    for one, other in combinations(sorted(values), 2):
        assert MATH.is_correct(one, other) == (values[one] == values[other])


@pytest.mark.parametrize(
    "number", [400, pytest.param(8000, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])]
)
def test_golds_of_math500_differ_but_for_those_of_one_value(shared_data: Path, number: int) -> None:
    answers = sorted(set(golds(shared_data, "math500")))
    pairs = list(combinations(answers, 2))
    assert {frozenset(pair) for pair in pairs} >= SAME
    drawn = random.Random(0).sample(pairs, number)
    for one, other in {*((min(pair), max(pair)) for pair in SAME), *drawn}:
        equal = MATH.is_correct(one, other) or MATH.is_correct(other, one)
        assert equal == (frozenset((one, other)) in SAME), (one, other)
