r"""The grader of multiple choice: equal means the same letter.

A letter is read where a solution states its answer, in all that people and models make of
it: `B`, `(B)`, `B.`, `\text{B}`, `**B) iron**`, `option B`. What begins with a word ("A metal")
states no letter, nor does what names several (`A, B`): a hedge is right by chance. Votes are by
letter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ttsgrid.benchmarks.graders.forms import FORMS, require_forms

DEFAULT_FORMS = ("boxed", "answer_tag", "final_answer")

_LOOKS = re.compile(r"\\(?:text(?:bf|rm|it)?|mathrm|mathbf|boxed|rm|bf)(?![a-zA-Z])|[\\${}*_~`\"']")
_LETTER = re.compile(
    r"(?:the\s+)?(?:correct\s+)?(?:option|choice|answer)?[\s:]*"
    r"(?:\(([A-Za-z])\)|([A-Za-z])(?=\s*(?:[.):,]|$)))",
    re.IGNORECASE,
)
_ANOTHER = re.compile(
    r"\)?\s*(?:[,;/&]|and\b|or\b)\s*(?:or\s+|and\s+)?"
    r"(?:\([A-Z]\)|[A-Z](?=\s*(?:[.):,;/&]|and\b|or\b|$)))",
    re.IGNORECASE,
)
_MAX_CHARS = 400


@dataclass(frozen=True)
class ChoiceGrader:
    """Judges letters of options.

    Attributes:
        answer_forms: how solutions mark their answers, in order
            (`ttsgrid.benchmarks.graders.forms`); the first that states a letter counts.
    """

    answer_forms: tuple[str, ...] = DEFAULT_FORMS
    name: str = "choice"
    equality: ClassVar[str] = "the same letter of an option"

    def __post_init__(self) -> None:
        require_forms(self.answer_forms)

    def extract(self, text: str) -> str | None:
        """Return the letter that a solution states, a capital; None when it states none."""
        stated = (FORMS[form].read(text) for form in self.answer_forms)
        return next((letter for answer in stated if answer and (letter := _letter(answer))), None)

    def is_final(self, text: str) -> bool:
        """Say whether a solution holds a letter in a mark that ends it."""
        ends = (FORMS[form] for form in self.answer_forms if FORMS[form].is_end)
        return any(_letter(answer) for form in ends if (answer := form.read(text)))

    def is_correct(self, answer: str, gold: str) -> bool:
        """Say whether both are the same letter; what states none is never right."""
        letter = _letter(answer)
        return letter is not None and letter == _letter(gold)

    def group(self, answers: Sequence[str]) -> list[int]:
        """Group answers by letter; what states none, by spelling."""
        seen: dict[tuple[str | None, str], int] = {}
        keys = ((letter, "" if letter else answer.strip()) for answer, letter in _read(answers))
        return [seen.setdefault(key, len(seen)) for key in keys]


def _read(answers: Sequence[str]) -> list[tuple[str, str | None]]:
    return [(answer, _letter(answer)) for answer in answers]


def _letter(answer: str) -> str | None:
    plain = " ".join(_LOOKS.sub(" ", answer[:_MAX_CHARS]).split())
    match = _LETTER.match(plain)
    if match is None or _ANOTHER.match(plain, match.end()):
        return None
    return (match[1] or match[2]).upper()
