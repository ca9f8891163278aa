r"""Plain numbers, read exactly: integers, decimals, a/b, \frac{a}{b}, mixed and scientific ones.

Python refuses to read integers of more than 4,300 digits from text, so digits become
numbers by `decimal`, which doesn't. Reading is quadratic in the digits, so longer strings
than `MAX_CHARS` are compared by spelling alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

MAX_CHARS = 8192  # so many digits take 2 ms
MAX_SCIENTIFIC_CHARS = 200
MAX_POWER = 300  # of ten; a float ends at 308
TEN = r"10\s*(?:\^|\*\*)\s*\{?\s*([+-]?\s*\d+)\s*\}?"
"""A power of ten, its exponent as the group."""
TIMES = r"(?:\\times|\\cdot|\\ast|×|·|⋅|\*|x|X)"

_INTEGER = r"[+-]?(?:\d{1,3}(?:(?:,|\{,\}|\\,| )\d{3})+|\d+)"
_DECIMAL = re.compile(rf"(?:{_INTEGER}|[+-]?)(\.\d*)?", re.ASCII)
_RATIO = re.compile(rf"({_INTEGER})/({_INTEGER})", re.ASCII)
_FRAC = re.compile(r"([+-]?)\\frac(?:\{(\d+)\}|(\d))(?:\{(\d+)\}|(\d))", re.ASCII)
_MIXED = re.compile(r"([+-]?)(\d+) ?(?: (\d+)/(\d+)|\\frac\{(\d+)\}\{(\d+)\})", re.ASCII)
_WHOLE = re.compile(r"\s*([+-]?)([0-9]+(?:_[0-9]+)*)\s*")
_GROUPING = re.compile(r"[,{}\\ ]")
_SCIENTIFIC = re.compile(
    rf"([+-]?)\s*(?:(\d+(?:\.\d*)?|\.\d+)(?:[eE]([+-]?\d+)|\s*{TIMES}\s*{TEN})|{TEN})", re.ASCII
)
# Its unit, as `math` drops units: in \mathrm or \text, also in powers and quotients.
_MARKED_UNIT = re.compile(
    r"(?:(?:\s|~|\\[,;: ]|/|\\cdot)*\\(?:mathrm|text)\{[^{}]*\}(?:\^(?:\d|\{-?\d+\}))?)+$"
)


@dataclass(frozen=True)
class Number:
    """A plain number.

    Attributes:
        exact: unless it was written with decimals.
        scientific: written with a power of ten.
    """

    value: Fraction
    exact: bool
    scientific: bool = False


def parse_number(text: str) -> Number | None:
    """Read a plain number; None for anything that could mean something else."""
    if len(text) > MAX_CHARS:
        return None
    if match := _FRAC.fullmatch(text):
        sign, wide_top, top, wide_bottom, bottom = match.groups()
        return _ratio(f"{sign}{wide_top or top}", wide_bottom or bottom)
    if match := _RATIO.fullmatch(text):
        return _ratio(*match.groups())
    if match := _MIXED.fullmatch(text):
        return _mixed(*match.groups(default=""))
    match = _DECIMAL.fullmatch(text)
    if match is None or not any(char.isdigit() for char in text):
        return None
    return Number(_fraction(_GROUPING.sub("", text)), exact=not match[1])


def parse_scientific(text: str) -> Number | None:
    r"""Read `4.5e33`, `4.5 \times 10^{33} \mathrm{~J}` or `10^{-8}`; None for anything else."""
    if len(text) > MAX_SCIENTIFIC_CHARS:
        return None
    match = _SCIENTIFIC.fullmatch(_MARKED_UNIT.sub("", text).strip())
    if match is None:
        return None
    sign, digits, *powers = match.groups()
    power = next(power for power in powers if power is not None).replace(" ", "")
    if len(power) > 5 or abs(int(power)) > MAX_POWER:
        return None
    value = Fraction(Decimal(f"{sign}{digits or 1}")) * Fraction(10) ** int(power)
    exact = "." not in (digits or "") and value.denominator == 1
    return Number(value, exact, scientific=True)


def whole_number(text: str) -> str | None:
    """Return a whole number's canonical digits, however many they are; None for other text."""
    match = _WHOLE.fullmatch(text)
    if match is None:
        return None
    digits = match[2].replace("_", "").lstrip("0") or "0"
    return f"-{digits}" if match[1] == "-" and digits != "0" else digits


def _fraction(digits: str) -> Fraction:
    return Fraction(Decimal(digits))


def _ratio(top: str, bottom: str) -> Number | None:
    numerator, denominator = (_fraction(_GROUPING.sub("", part)) for part in (top, bottom))
    return Number(numerator / denominator, exact=True) if denominator else None


def _mixed(sign: str, whole: str, *parts: str) -> Number | None:
    top, bottom = (part for part in parts if part)
    part = _ratio(top, bottom)
    if part is None:
        return None
    value = _fraction(whole) + part.value
    return Number(-value if sign == "-" else value, exact=True)
