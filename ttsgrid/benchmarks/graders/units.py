r"""Units as they stand in answers: LaTeX or plain text, to names that pint knows.

`$\mathrm{J} \mathrm{K}^{-1} \mathrm{~mol}^{-1}$`, `kJ/mol`, `^{\circ} \mathrm{C}`, `g cm⁻³`.
Text never reaches pint's own parser of expressions, which evaluates powers: it is cut here
into names and small whole exponents, and pint is asked about one name at a time.

What is counted (photons, electrons) is no unit. After a slash all is in the denominator:
`J/mol K` is J/(mol K). Words that pint doesn't know make a unit of their own, which equals
nothing but the same words.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pint

MAX_CHARS = 160
MAX_EXPONENT = 12

COUNTED = frozenset(
    f"{word}{plural}"
    for word in ("photon", "electron", "particle", "molecule", "atom", "ion", "proton", "csf")
    for plural in ("", "s")
)
ALIASES = {
    "KJ": "kJ",
    "Kj": "kJ",
    "kPA": "kPa",
    "KPa": "kPa",
    "Kcal": "kcal",
    "mHg": "meter_Hg",
    "°": "degree",
    "°C": "degC",
    "°F": "degF",
    "°K": "kelvin",
    "%": "percent",
    "Å": "angstrom",
    "Ω": "ohm",
}
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_RAISED = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+")
# LaTeX's ways to set a unit, each to plain text.
_PLAIN: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"\^\s*\{?\s*\\circ\s*\}?|\{?\\circ\}?|\\degree|º", "°"),
        (r"°[\s{}~]*\\(?:mathrm|text|rm)\s*\{[\s~]*", "°{"),
        (r"°\s*\{\s*([A-Z])\s*\}", r"°\1"),
        (r"\\mu\s*|μ", "µ"),
        (r"µ[\s{}~]*\\(?:mathrm|text|rm)\s*\{[\s~]*([a-zA-Z]+)\}", r"µ\1"),
        (r"\\(?:AA|mathring\s*\{\s*A\s*\}|AA\{\})", "Å"),
        (r"\\(?:O|o)mega", "Ω"),
        (r"\\%", "%"),
        (r"\\alpha\b\s*|α", ""),
        (r"\\(?:mathrm|mathbf|text(?:rm|bf)?|operatorname|rm|unit|si)(?![a-zA-Z])", " "),
        (r"\\(?:cdot|times|ast|quad|qquad)(?![a-zA-Z])|[·⋅*]", " "),
        (r"\\[,;:! ]|[~$]", " "),
        (r"\\(?:left|right)(?![a-zA-Z])", ""),
        (r"\bper\b", "/"),
        (r"\{\s*\}", ""),
    )
)
_EXPONENT = re.compile(r"\^\s*\{?\s*([+-]?\d+)\s*\}?")
_TOKEN = re.compile(
    r"([A-Za-zµÅΩ]+|°[A-Z]?|%)\s*(?:\^\s*([+-]?\d+)|([+-]?\d+))?|([/()])|\s+|-(?=[a-z])"
)


@dataclass(frozen=True)
class Unit:
    """A product of powers of names that pint knows, or words of their own.

    Attributes:
        powers: (name, exponent), by name; empty where the number stands alone.
        words: a unit that pint doesn't know, as written; None for all others.
    """

    powers: tuple[tuple[str, int], ...] = ()
    words: str | None = None

    @property
    def dimension(self) -> str:
        """What only units of the same dimension share."""
        return self.words or _dimension(self.powers)


NO_UNIT = Unit()


@lru_cache(maxsize=4096)
def read_unit(text: str) -> Unit:
    """Return the unit that a text names; `NO_UNIT` for a blank one."""
    plain = _plain(text[:MAX_CHARS])
    powers = None if len(text) > MAX_CHARS else _powers(plain)
    if powers is None:
        return Unit(words=" ".join(text.split()))
    return Unit(powers)


def _plain(text: str) -> str:
    text = _RAISED.sub(lambda raised: "^" + raised[0].translate(_SUPERSCRIPTS), text)
    text = text.replace("−", "-").replace("Å", "Å")
    for pattern, plain in _PLAIN:
        text = pattern.sub(plain, text)
    text = _EXPONENT.sub(r"^\1 ", text)
    return re.sub(r"[{}]|(?<=[^a-zA-Z])\.|\.$", " ", text).strip()


def _powers(plain: str) -> tuple[tuple[str, int], ...] | None:
    """Return names with their exponents; None for what is no unit."""
    exponents: dict[str, int] = {}
    position, sign = 0, 1
    while position < len(plain):
        token = _TOKEN.match(plain, position)
        if token is None:
            return None
        position = token.end()
        if token[4] == "/":
            sign = -1
        if token[1] is None or token[1].lower() in COUNTED:
            continue
        exponent = sign * int(token[2] or token[3] or 1)
        if abs(exponent) > MAX_EXPONENT or (names := _known(token[1])) is None:
            return None
        *first, last = names
        for name in first:
            exponents[name] = exponents.get(name, 0) + sign
        exponents[last] = exponents.get(last, 0) + exponent
    return tuple(sorted((name, power) for name, power in exponents.items() if power))


@lru_cache(maxsize=4096)
def _known(name: str) -> tuple[str, ...] | None:
    """Return pint's names for one that is written: one, or two that are run together (JK)."""
    asked = ALIASES.get(name, name)
    if _is_unit(asked):
        return (asked,)
    # Only before a capital: "JK" is two units, and no word is cut until its parts are some.
    cuts = [cut for cut in range(1, len(name)) if name[cut].isupper() and name[0] != "°"]
    halves = ((name[:cut], name[cut:]) for cut in cuts)
    return next((pair for pair in halves if all(map(_is_unit, pair))), None)


def _is_unit(name: str) -> bool:
    registry = _registry()
    try:
        registry.parse_units(name)
    except Exception:  # whatever pint makes of a word, it is no unit
        return False
    return True


@cache
def _registry() -> pint.UnitRegistry[float]:
    """Return pint's units; its import and its file of definitions take a second."""
    import pint  # noqa: PLC0415

    return pint.UnitRegistry(autoconvert_offset_to_baseunit=True)


@cache
def _as_pint(powers: tuple[tuple[str, int], ...]) -> pint.Unit:
    registry = _registry()
    unit = registry.Unit("")
    for name, exponent in powers:
        unit *= registry.Unit(name) ** exponent
    return unit


@cache
def _dimension(powers: tuple[tuple[str, int], ...]) -> str:
    dimensions = _as_pint(powers).dimensionality
    return " ".join(f"{name}^{power:g}" for name, power in sorted(dimensions.items()))


def converted(value: float, unit: Unit, to: Unit) -> float | None:
    """Return a number in another unit; None where the two measure different things."""
    if unit == to:
        return value
    if unit.words or to.words or unit.dimension != to.dimension:
        return None
    try:
        found = _registry().Quantity(value, _as_pint(unit.powers)).to(_as_pint(to.powers))
    except (ArithmeticError, ValueError, TypeError):  # an offset unit in a product, say
        return None
    magnitude = float(found.magnitude)
    return magnitude if math.isfinite(magnitude) else None


def base_value(value: float, unit: Unit) -> float:
    """Return a number in the base units of its dimension; as it is, of a unit of words."""
    if unit.words or not unit.powers:
        return value
    try:
        return float(_registry().Quantity(value, _as_pint(unit.powers)).to_base_units().magnitude)
    except (ArithmeticError, ValueError, TypeError):
        return value
