from __future__ import annotations

from pathlib import Path

import pytest

from ttsgrid.smollm2.arithmetic import contradicted, equations, value_of
from ttsgrid.smollm2.problems import read_corpus


@pytest.mark.parametrize(
    ("step", "wrong"),
    [
        ("She sold 48/2 = 24 clips.", False),
        ("She sold 48/2 = 25 clips.", True),
        ("That is 3 x $1.50 = $4.50.", False),
        ("That is 3 x $1.50 = $5.50.", True),
        ("So 2 + 3 * 4 = 14, and (2 + 3) * 4 = 20.", False),
        ("So 2 + 3 * 4 = 20.", True),
        ("In all 10 - 2 = 4 + 4 = 8.", False),  # a chain: neighbours are compared
        ("In all 10 - 2 = 4 + 4 = 7.", True),
        ("20% x 50 = 10", False),
        ("The ratio is 1 / 3 = .33", False),  # rounded
        ("Half of 10 = 5", False),  # words belong to it: nothing is said
        ("11x + 15 = 301", False),  # an unknown
        ("He has 5 apples.", False),
        ("1/0 = 0", False),
    ],
)
def test_a_wrong_equation_contradicts_its_step(step: str, wrong: bool) -> None:
    assert contradicted(step) is wrong


def test_values_are_exact() -> None:
    assert value_of("0.1 + 0.2") == value_of("0.3")
    assert value_of("-(2 + 3)") == -5
    assert value_of("2 +") is None


def test_reference_solutions_are_hardly_ever_contradicted(shared_data: Path) -> None:
    steps = [step for problem in read_corpus(shared_data).train[:1500] for step in problem.steps]
    with_equations = [step for step in steps if equations(step)]
    assert len(with_equations) > 0.4 * len(steps)
    wrong = sum(contradicted(step) for step in with_equations)
    assert wrong < 0.01 * len(with_equations)
