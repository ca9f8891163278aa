r"""The grader of mathematics benchmarks: equality as math-verify sees it.

Plain numbers (`ttsgrid.benchmarks.graders.numbers`) are compared here, exactly; anything
else goes to `ttsgrid.benchmarks.graders.judge`. Where grading suites disagree, the policy
is:

* a list of answers is a set: "10, 4, -2" equals "4, 10, -2"; beside a pair or tuple in
  brackets it is one that lost them, in its order: "1, -2" is not (-2, 1);
* a number in another base is none in base ten: 40_9 is not 40;
* an equation in unknowns that equals 0 is no 0;
* a percent or degree sign is a unit, and units are dropped: 28\% equals 28, and *not*
  0.28; x, x/100 and 100x are never interchangeable;
* a comma groups thousands (1,000) or separates a list (1,22); it is a decimal comma only
  beside the same digits with a point, and where it can't group: 0,111 and 1000,99;
* a decimal equals the fraction it rounds (at six decimals): 0.333333 is 1/3,
  0.33 is not; two exact numbers are equal only when they are equal;
* a number with a power of ten, 4.5e33 too, is compared by size: to six digits, not decimals;
* the label of an option is dropped where its value follows: (C) 27 is 27;
* text answers compare by spelling after markup is removed;
* of words with formulas among them, the last value counts; a formula in \(...\) or $...$
  does not reach over a line's end;
* what is empty, cut off, or can't be parsed is never correct;
* what can't be compared in the judge's limits of time and memory is undecided: it counts as
  wrong, is recorded and shown as undecided, and stands alone in a vote.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ttsgrid.benchmarks.graders.boxed import last_boxed
from ttsgrid.benchmarks.graders.forms import (
    DEFAULT_FORMS,
    is_ended,
    require_forms,
    stated_answer,
)
from ttsgrid.benchmarks.graders.judge import MAX_PROSE_CHARS, equivalent
from ttsgrid.benchmarks.graders.numbers import Number, parse_number, parse_scientific
from ttsgrid.benchmarks.graders.protocol import partition
from ttsgrid.core.errors import UndecidedError

DECIMALS = 6  # as math-verify rounds (`float_rounding`)
RELATIVE = 1e-6  # of numbers with a power of ten, which six decimals would make 0 or never equal

_FRACTION_SIZE = re.compile(r"\\[dtc]frac(?![a-zA-Z])")
_SIZING = re.compile(r"\\!\s*|(?<=\\\\)\[\s*[\d.]+\s*[a-z]+\s*\]|\\(?:left|right)(?![a-zA-Z])")
_MATH_MODE = re.compile(r"\\?\$|^\s*\\[(\[]|(?<!\\)\\[)\]]\s*$")
_UNIT = re.compile(
    r"\s*(?:\\?%|\\text\{\s*percent(?:age)?\s*\}|\b(?:percent(?:age)?|pct)\b"
    r"|°|\^\s*(?:\\circ|\{\s*\\circ\s*\}))\.?$"
)
_ESCAPED_SPACE = re.compile(r"(?<!\\)\\ ")
_NUMBER_AS_TEXT = re.compile(r"\\(?:text(?:bf)?|mathrm|mathbf)\{\s*\(?([\d.,/]+)\)?\s*\}")
# A word after a number is its unit, unless it changes the number.
_UNIT_WORD = re.compile(
    r"(?<=\d) (?!(?:hundred|thousand|million|billion|trillion|dozen|score|choose|mod)s?$)"
    r"[a-z]{3,}$"
)
_BOLD = re.compile(r"\*\*(.+)\*\*|__(.+)__", re.DOTALL)
_OPTION = re.compile(
    r"^(?:\\(?:text(?:bf)?|mathrm|mathbf)\{\s*\([A-Z]\)\s*\}|\([A-Z]\) )[\s~]*(?=\S)"
)
_DOUBLED = re.compile(r"\\\\(?=[a-zA-Z]{2})")
# Golds of Minerva: np.arcsin(10/13) and -1./3.
_CODE_NAME = re.compile(r"\bnp\.(?=[a-z])")
_POINT_BEFORE_BAR = re.compile(r"(?<=\d)\.(?=\s*/)")

_E_NOTATION = re.compile(r"([+-]?\d+(?:\.\d*)?)[eE]([+-]?\d+)", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?(?:0,\d{3,}|\d{4,},\d{1,2})")

_TUPLE = re.compile(r"\(\s*[^()\[\],]+(?:,[^()\[\],]+)+\)")
_BARE_LIST = re.compile(r"[^()\[\]{},=]+(?:,[^()\[\]{},=]+)+")
_OTHER_BASE = re.compile(r"[0-9A-Za-z]+_(?:\{\s*)?\d+(?:\s*\})?")
# An equation to 0 whose other side has an unknown among signs: 5x - 7y + 4 = 0.
_UNKNOWNS = re.compile(r"[a-z][^=]*[-+^][^=]*=\s*0\s*$|[-+\d][^=]*[a-z][^=]*=\s*0\s*$")

_FORMULA_MARK = re.compile(r"(?<!\\)(?:\$|\\[(\[])")
_FORMULAS = re.compile(
    r"\$\$[^$]*\$\$|(?<!\\)\$(?:\\\$|[^$])*\$|\\\((?:[^\\]|\\(?!\)))*\\\)"
    r"|\\\[(?:[^\\]|\\(?!\]))*\\\]"
)
_PROSE = re.compile(r"(?<![a-zA-Z\\{])[a-zA-Z]{2,}(?![a-zA-Z}])")


@dataclass(frozen=True)
class MathGrader:
    """Judges answers in LaTeX or plain text; see the module for its policy.

    Attributes:
        answer_forms: how solutions mark their answers, in order
            (`ttsgrid.benchmarks.graders.forms`).
    """

    answer_forms: tuple[str, ...] = DEFAULT_FORMS
    name: str = "math"
    equality: ClassVar[str] = (
        f"the same mathematical value, decimals to {DECIMALS} places, lists in any order, "
        "units dropped"
    )

    def __post_init__(self) -> None:
        require_forms(self.answer_forms)

    def extract(self, text: str) -> str | None:
        """Return the answer that a solution states; None when it states none."""
        return stated_answer(text, self.answer_forms)

    def is_final(self, text: str) -> bool:
        """Say whether a partial solution holds its final answer."""
        return is_ended(text, self.answer_forms)

    def is_correct(self, answer: str, gold: str) -> bool:
        """Say whether `answer` is equivalent to `gold`.

        Raises:
            UndecidedError: comparing them took more than the judge may take.
        """
        spelled, expected = _spelling(answer), _spelling(gold)
        if not spelled or not expected:
            return False
        return _matches(expected, spelled)

    def group(self, answers: Sequence[str]) -> list[int]:
        """Group answers by equivalence, asked in both directions and closed transitively."""
        return partition([_spelling(answer) for answer in answers], _same)


def _spelling(answer: str) -> str:
    """Return `answer` without what changes only its looks; what remains still parses."""
    answer = last_boxed(answer) or answer
    if len(answer) > MAX_PROSE_CHARS:  # no answer: what follows is quadratic in the worst case
        return " ".join(answer.split())
    if prose := _prose(answer):
        return prose
    text = _SIZING.sub("", _FRACTION_SIZE.sub(r"\\frac", _single_backslashes(answer)))
    text = " ".join(_ESCAPED_SPACE.sub(" ", _MATH_MODE.sub("", text)).split())
    text = _CODE_NAME.sub(r"\\", _POINT_BEFORE_BAR.sub("", text))
    text = _NUMBER_AS_TEXT.sub(r"\1", _OPTION.sub("", _plain(text)))
    return _without_unit(_plain(_UNIT.sub("", text)))


def _without_unit(text: str) -> str:
    bare = _UNIT_WORD.sub("", text)
    return bare if parse_number(bare) else text


def _plain(text: str) -> str:
    """Return text without Markdown's bold, a full stop and a line break's backslash."""
    bold = _BOLD.fullmatch(text)
    text = (bold[1] or bold[2]) if bold else text
    text = text.removesuffix(".").strip()
    return text[:-1].strip() if text.endswith("\\") and not text.endswith("\\\\") else text


def _single_backslashes(text: str) -> str:
    r"""Undo `\\frac`, what is left of JSON within JSON; a matrix keeps its line ends."""
    return text if "\\begin" in text else _DOUBLED.sub(r"\\", text)


def _prose(text: str) -> str | None:
    """Return words with formulas among them, for math-verify to find the answer in.

    Formulas in inline marks that reach over a line's end are left out. None for an answer
    that is no prose.
    """
    if not _FORMULA_MARK.search(text):
        return None
    if not _PROSE.search(_FORMULAS.sub(" ", text)):
        return None
    return _FORMULAS.sub(lambda match: " " if _is_broken(match[0]) else match[0], text).strip()


def _is_broken(formula: str) -> bool:
    return "\n" in formula and not formula.startswith(("$$", "\\["))


def _with_point(text: str) -> str:
    return text.replace(",", ".") if _DECIMAL_COMMA.fullmatch(text) else text


def _bracketed(text: str, other: str) -> str:
    """Return a list with the brackets that the other answer has, where it lost them."""
    if not _TUPLE.fullmatch(other) or not _BARE_LIST.fullmatch(text):
        return text
    return f"({text})"


def _number(text: str) -> Number | None:
    return parse_number(text) or parse_scientific(text)


def _as_latex(text: str) -> str:
    """Return `4.5e33` as math-verify reads it; other text as it is."""
    match = _E_NOTATION.fullmatch(text)
    return rf"{match[1]} \times 10^{{{int(match[2])}}}" if match and _number(text) else text


def _no_number(text: str, number: Number | None) -> bool:
    """Say whether a text can't be the plain number beside it, whatever a parser makes of it."""
    if number is None:
        return False
    return bool(_OTHER_BASE.fullmatch(text)) or bool(number.value == 0 and _UNKNOWNS.search(text))


def _same(one: str, other: str) -> bool:
    if not one or not other:
        return one == other
    try:
        return _matches(one, other) or _matches(other, one)
    except UndecidedError:
        return False  # each stands alone; the solutions themselves are recorded as undecided


def _matches(gold: str, answer: str) -> bool:
    gold, answer = _bracketed(gold, answer), _bracketed(answer, gold)
    if gold == answer or _with_point(gold) == answer or gold == _with_point(answer):
        return True
    expected, number = _number(gold), _number(answer)
    if expected is None or number is None:
        if _no_number(gold, number) or _no_number(answer, expected):
            return False
        return equivalent(_as_latex(gold), _as_latex(answer))
    if expected.exact and number.exact:
        return expected.value == number.value
    if expected.scientific or number.scientific:
        off = abs(expected.value - number.value)
        return off <= RELATIVE * max(abs(expected.value), abs(number.value))
    return round(expected.value, DECIMALS) == round(number.value, DECIMALS)
