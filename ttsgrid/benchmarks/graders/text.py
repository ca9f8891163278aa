"""The grader of benchmarks whose answers are plain text: equal means the same characters.

For recorded runs of tasks that ttsgrid has no grader for (a program's output, a choice
among letters): it never joins two spellings, so it never counts a wrong answer as right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class TextGrader:
    """Judges answers by their spelling, spaces at both ends aside."""

    name: str = "text"
    equality: ClassVar[str] = "the same characters"

    def extract(self, text: str) -> str | None:
        """Return the whole text, stripped; None when it is empty."""
        return text.strip() or None

    def is_final(self, text: str) -> bool:
        """Nothing marks the end of plain text but the model's own end of text."""
        return False

    def is_correct(self, answer: str, gold: str) -> bool:
        """Say whether both are the same text; an empty answer never is."""
        return bool(answer.strip()) and answer.strip() == gold.strip()

    def group(self, answers: Sequence[str]) -> list[int]:
        """Group answers by spelling."""
        seen: dict[str, int] = {}
        return [seen.setdefault(answer.strip(), len(seen)) for answer in answers]
