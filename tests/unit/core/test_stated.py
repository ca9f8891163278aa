"""When so few solutions state an answer that it must be said."""

from __future__ import annotations

import pytest

from ttsgrid.core.stated import few_answers_warning, too_few_state_answers


@pytest.mark.parametrize(
    ("num_solutions", "num_answered", "expected"),
    [(0, 0, False), (3, 0, True), (3, 1, False), (340, 0, True), (340, 16, True), (340, 17, False)],
)
def test_nearly_no_answer_is_told_from_few_answers(
    num_solutions: int, num_answered: int, expected: bool
) -> None:
    assert too_few_state_answers(num_solutions, num_answered) is expected


def test_the_warning_names_the_count_and_the_setting() -> None:
    warning = few_answers_warning("of m to gsm8k", 340, 0)
    assert "Of 340 solutions of m to gsm8k, none state an answer" in warning
    assert "benchmark.answer_forms" in warning
