"""The zoo's grader: an exact integer in the last box of a solution.

The zoo's task has whole numbers for answers, so equality of integers is its
whole equivalence and no symbolic judge is needed. Source: `ttsgrid.benchmarks.zoo.task`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ttsgrid.benchmarks.graders.protocol import partition
from ttsgrid.benchmarks.zoo.task import boxed_answer


@dataclass(frozen=True)
class IntegerGrader:
    """Judges answers that are whole numbers, written in any way Python's `int` reads."""

    name: str = "integer"

    def extract(self, text: str) -> str | None:
        """Return the digits in the last box of a solution; None when there is none."""
        return boxed_answer(text)

    def is_correct(self, answer: str, gold: str) -> bool:
        """Say whether both are the same whole number; text that is no number never is."""
        value = _integer(answer)
        return isinstance(value, int) and value == _integer(gold)

    def group(self, answers: Sequence[str]) -> list[int]:
        """Group answers by value; text that is no number groups by spelling."""
        return partition([_integer(answer) for answer in answers], lambda one, other: one == other)


def _integer(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:
        return text
