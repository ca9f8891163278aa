"""Arithmetic that a step states and that can be checked: `48/2 = 24`, `3 x $1.50 = $4.50`.

A step is contradicted when one of its equations is wrong. What is read are runs of numbers,
signs and an equals sign without a word between them; everything else says nothing, and so
does a run whose left side has no sign or follows a word that belongs to it ("half of 10 =").
"""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise

_RUN = re.compile(r"[-+*/×÷x=()$%.,\d ]+")
_TOKEN = re.compile(r"\d+(?:\.\d+)?|\.\d+|[-+*/()%]")
_CALCULATION = re.compile(r"[\d)%]\s*[-+*/]")
_BELONGING = re.compile(r"\b(?:of|times|by|plus|minus|than|from|and)$")
TOLERANCE = Fraction(1, 100)  # of the value: GSM8K rounds to cents


def contradicted(step: str) -> bool:
    """Say whether a step states an equation that is wrong."""
    return any(not holds(left, right) for left, right in equations(step))


def equations(step: str) -> list[tuple[str, str]]:
    """Return the two sides of each equation; of a chain, each neighbouring pair."""
    found: list[tuple[str, str]] = []
    for match in _RUN.finditer(step):
        if "=" not in match[0] or _is_part(step, match):
            continue
        sides = [side.lstrip(" ,").rstrip(" .,") for side in match[0].split("=")]
        found += [(left, right) for left, right in pairwise(sides) if left and right]
    return [pair for pair in found if _CALCULATION.search(_plain(pair[0]))]


def _is_part(step: str, run: re.Match[str]) -> bool:
    """Say whether a run goes on in words before it, or in letters beside it (`3y = 6`)."""
    before, after = step[: run.start()], step[run.end() : run.end() + 1]
    joined_before = before[-1:].isalnum() and not run[0].startswith(" ")
    joined_after = after.isalpha() and run[0][-1].isdigit()
    return joined_before or joined_after or bool(_BELONGING.search(before.rstrip().lower()))


def holds(left: str, right: str) -> bool:
    """Say whether both sides are equal to rounding; True where one can't be read."""
    first, second = value_of(left), value_of(right)
    if first is None or second is None:
        return True
    # A per cent sign is often left out on one side.
    scales = (1, 100, Fraction(1, 100)) if "%" in left + right else (1,)
    return any(abs(first - second * scale) <= TOLERANCE * abs(first) for scale in scales)


def value_of(side: str) -> Fraction | None:
    """Return the value of numbers joined by signs; None where that is no plain arithmetic."""
    tokens = _TOKEN.findall(_plain(side))
    is_negative = tokens[:1] == ["-"]
    try:
        value, rest = _sum(tokens[is_negative:])
    except (ValueError, ZeroDivisionError, IndexError):
        return None
    if rest:
        return None
    return -value if is_negative else value


def _plain(side: str) -> str:
    signs = side.replace("$", "").replace("×", "*").replace("x", "*").replace("÷", "/")
    return signs.replace(",", "")


def _sum(tokens: list[str]) -> tuple[Fraction, list[str]]:
    value, rest = _product(tokens)
    while rest and rest[0] in "+-":
        term, after = _product(rest[1:])
        value, rest = value + (term if rest[0] == "+" else -term), after
    return value, rest


def _product(tokens: list[str]) -> tuple[Fraction, list[str]]:
    value, rest = _factor(tokens)
    while rest and rest[0] in "*/":
        factor, after = _factor(rest[1:])
        value, rest = (value * factor if rest[0] == "*" else value / factor), after
    return value, rest


def _factor(tokens: list[str]) -> tuple[Fraction, list[str]]:
    first, rest = tokens[0], tokens[1:]
    if first == "(":
        value, rest = _sum(rest)
        if rest[0] != ")":
            raise ValueError(rest[0])
        rest = rest[1:]
    else:
        value = Fraction(first)
    while rest and rest[0] == "%":
        value, rest = value / 100, rest[1:]
    return value, rest
