r"""The grader of mathematics benchmarks: equality as math-verify sees it.

Plain numbers (integers, decimals, a/b, \frac{a}{b}) are compared here, exactly;
anything else goes to `ttsgrid.benchmarks.graders.judge`. Where grading suites disagree,
the policy is:

* a list of answers is a set: "10, 4, -2" equals "4, 10, -2";
* a percent sign is a unit, and units are dropped: 28\% equals 28, and *not* 0.28;
  x, x/100 and 100x are never interchangeable;
* a comma groups thousands (1,000) or separates a list (1,22), never decimals;
* a decimal equals the fraction it rounds (at six decimals): 0.333333 is 1/3,
  0.33 is not; two exact numbers are equal only when they are equal;
* text answers compare by spelling after markup is removed;
* what is empty, cut off, or can't be parsed in time is never correct.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ttsgrid.benchmarks.graders.boxed import last_boxed
from ttsgrid.benchmarks.graders.judge import equivalent
from ttsgrid.benchmarks.graders.protocol import partition

DECIMALS = 6

_FRACTION_SIZE = re.compile(r"\\[dtc]frac(?![a-zA-Z])")
_SIZING = re.compile(r"\\!\s*|(?<=\\\\)\[\s*[\d.]+\s*[a-z]+\s*\]|\\(?:left|right)(?![a-zA-Z])")
_MATH_MODE = re.compile(r"\\?\$|^\s*\\[(\[]|(?<!\\)\\[)\]]\s*$")
_PERCENT = re.compile(r"\s*(?:\\?%|\\text\{\s*percent\s*\}|\b(?:percent|pct)\b)\.?$")

_INTEGER = r"[+-]?(?:\d{1,3}(?:(?:,|\{,\}|\\,| )\d{3})+|\d+)"
_DECIMAL = re.compile(rf"(?:{_INTEGER}|[+-]?)(\.\d*)?")
_RATIO = re.compile(rf"({_INTEGER})/({_INTEGER})")
_FRAC = re.compile(r"([+-]?)\\frac(?:\{(\d+)\}|(\d))(?:\{(\d+)\}|(\d))")
_GROUPING = re.compile(r"[,{}\\ ]")


@dataclass(frozen=True)
class Number:
    """A plain number; `exact` unless it was written with decimals."""

    value: Fraction
    exact: bool


@dataclass(frozen=True)
class MathGrader:
    """Judges answers in LaTeX or plain text; see the module for its policy."""

    name: str = "math"

    def extract(self, text: str) -> str | None:
        r"""Return the content of a solution's last \boxed{}; None when there is none."""
        return last_boxed(text)

    def is_correct(self, answer: str, gold: str) -> bool:
        """Say whether `answer` is equivalent to `gold`."""
        spelled, expected = _spelling(answer), _spelling(gold)
        if not spelled or not expected:
            return False
        return _matches(expected, spelled)

    def group(self, answers: Sequence[str]) -> list[int]:
        """Group answers by equivalence, asked in both directions and closed transitively."""
        return partition([_spelling(answer) for answer in answers], _same)


def _spelling(answer: str) -> str:
    """Return `answer` without what changes only its looks; what remains still parses."""
    text = _SIZING.sub("", _FRACTION_SIZE.sub(r"\\frac", answer))
    text = " ".join(_MATH_MODE.sub("", text).split())
    return _PERCENT.sub("", text).removesuffix(".").strip()


def _same(one: str, other: str) -> bool:
    if not one or not other:
        return one == other
    return _matches(one, other) or _matches(other, one)


def _matches(gold: str, answer: str) -> bool:
    if gold == answer:
        return True
    expected, number = parse_number(gold), parse_number(answer)
    if expected is None or number is None:
        return equivalent(gold, answer)
    if expected.exact and number.exact:
        return expected.value == number.value
    return round(expected.value, DECIMALS) == round(number.value, DECIMALS)


def parse_number(text: str) -> Number | None:
    """Read a plain number; None for anything that could mean something else."""
    if match := _FRAC.fullmatch(text):
        sign, wide_top, top, wide_bottom, bottom = match.groups()
        return _ratio(f"{sign}{wide_top or top}", wide_bottom or bottom)
    if match := _RATIO.fullmatch(text):
        return _ratio(*match.groups())
    match = _DECIMAL.fullmatch(text)
    if match is None or not any(char.isdigit() for char in text):
        return None
    digits = _GROUPING.sub("", text)
    return Number(Fraction(f"{digits}0" if digits.endswith(".") else digits), exact=not match[1])


def _ratio(top: str, bottom: str) -> Number | None:
    numerator, denominator = (int(_GROUPING.sub("", part)) for part in (top, bottom))
    return Number(Fraction(numerator, denominator), exact=True) if denominator else None
