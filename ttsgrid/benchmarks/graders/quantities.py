r"""Read a number with its unit: `50.7 atm`, `3.52 \times 10^{-19} \mathrm{~J}`, `1.5e3 kJ/mol`.

Of an equation the last side counts. A power of ten belongs to the number, also where it
stands before a unit, as in SciBench's `3.52` of `$10^{-19} \mathrm{~J}$`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from ttsgrid.benchmarks.graders.numbers import MAX_POWER, TEN, TIMES, parse_number
from ttsgrid.benchmarks.graders.units import NO_UNIT, Unit, read_unit

MAX_CHARS = 400

_NUMBER = r"(?:\d{1,3}(?:(?:,|\{,\}|\\,)\d{3})+(?!\d)|\d+)(?:\.\d*)?|\.\d+"
_FRACTION = r"\\[dtc]?frac\s*\{\d+\}\s*\{\d+\}|\d+\s*/\s*\d+(?![\d.])"
_QUANTITY = re.compile(
    rf"([+-]?)\s*({_FRACTION}|{_NUMBER})(?:[eE]([+-]?\d+)|\s*{TIMES}?\s*{TEN})?(?!\d|\^\s*\{{?\s*[+-]?\d)(.*)",
    re.DOTALL,
)
_POWER = re.compile(rf"([+-]?)\s*{TEN}(.*)", re.DOTALL)
_SIDES = re.compile(r"=|\\approx(?![a-z])|≈|\\simeq(?![a-z])|\\sim(?![a-z])|~(?=\s*[\d.+-])")
_LOOKS = re.compile(r"\$|\\[()\[\]]|\\left(?![a-z])|\\right(?![a-z])|\\displaystyle|\*\*")
_SPACES = re.compile(r"(?<!\d)\\[,;:! ]|\\[;:! ]|~")
_SIZED = re.compile(r"\\[dtc]frac")
_RAISED_TEN = re.compile(r"10([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")


@dataclass(frozen=True)
class Quantity:
    """A finite number and its unit."""

    value: float
    unit: Unit = NO_UNIT


@lru_cache(maxsize=65536)
def read_quantity(text: str) -> Quantity | None:
    """Read a number with its unit; None for what is none."""
    if len(text) > MAX_CHARS:
        return None
    plain = _SPACES.sub(" ", _LOOKS.sub("", text.replace("−", "-"))).strip()
    plain = _RAISED_TEN.sub(lambda ten: f"10^{ten[1].translate(_SUPERSCRIPTS)}", plain)
    plain = _SIDES.split(plain)[-1].strip()
    if power := _POWER.fullmatch(plain):
        return _quantity(power[1], "1", power[2], power[3])
    match = _QUANTITY.fullmatch(plain)
    return match and _quantity(match[1], match[2], match[3] or match[4] or "0", match[5])


def _quantity(sign: str, digits: str, power: str, unit: str) -> Quantity | None:
    number = parse_number("".join(_SIZED.sub(r"\\frac", digits).split()))
    exponent = int(power.replace(" ", ""))
    if number is None or abs(exponent) > MAX_POWER:
        return None
    try:
        value = float(number.value * Fraction(10) ** exponent)
    except OverflowError:
        return None
    if not math.isfinite(value):
        return None
    return Quantity(-value if sign == "-" else value, read_unit(unit.strip().rstrip(".").strip()))


def in_unit(number: str, unit: str) -> str:
    r"""Return a gold answer as one text, and its unit's power of ten as the number's.

    `3.52` in `$10^{-19} \mathrm{~J}$` is `3.52 \times 10^{-19} \mathrm{~J}`.
    """
    power, rest = split_power(unit)
    ten = f" \\times 10^{{{power}}}" if power else ""
    return f"{number.strip()}{ten} {rest}".strip()


def asking_for_unit(question: str, unit: str) -> str:
    """Return a question that says in which unit its answer is wanted; a power of ten is not."""
    _, plain = split_power(unit)
    return f"{question}\n\nGive the answer in units of ${plain}$." if plain else question


def split_power(unit: str) -> tuple[str, str]:
    """Return the power of ten that a unit begins with (empty without one), and the unit alone."""
    plain = " ".join(unit.replace("$", " ").split())
    ten = re.fullmatch(rf"{TEN}\s*(.*)", plain)
    return (ten[1].replace(" ", ""), ten[2]) if ten else ("", plain)
