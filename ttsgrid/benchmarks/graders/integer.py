"""The zoo's grader: an exact integer in the last box of a solution.

The zoo's task has whole numbers for answers, so equality of integers is its
whole equivalence and no symbolic judge is needed. Source: `ttsgrid.benchmarks.zoo.task`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ttsgrid.benchmarks.graders.numbers import whole_number
from ttsgrid.benchmarks.zoo.task import boxed_answer


@dataclass(frozen=True)
class IntegerGrader:
    """Judges answers that are whole numbers of any length, with leading zeros or without."""

    name: str = "integer"
    equality: ClassVar[str] = "the same whole number"

    def extract(self, text: str) -> str | None:
        """Return the digits in the last box of a solution; None when there is none."""
        return boxed_answer(text)

    def is_final(self, text: str) -> bool:
        """Say whether a solution holds a box with digits."""
        return self.extract(text) is not None

    def is_correct(self, answer: str, gold: str) -> bool:
        """Say whether both are the same whole number; text that is no number never is."""
        value = whole_number(answer)
        return value is not None and value == whole_number(gold)

    def group(self, answers: Sequence[str]) -> list[int]:
        """Group answers by value; text that is no number groups by spelling."""
        keys = [whole_number(answer) or answer for answer in answers]
        first_seen: dict[str, int] = {}
        return [first_seen.setdefault(key, len(first_seen)) for key in keys]
