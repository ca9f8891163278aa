"""How reports write numbers and names: one way each, everywhere.

Accuracies are percentages with one digit (more would claim more than hundreds of
problems can), costs have three significant digits and an SI prefix.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ttsgrid.core.strategies import rank_of
from ttsgrid.core.tally import plural

Row = Mapping[str, Any]
_PREFIXES = ((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def in_order(strategies: Sequence[str]) -> list[str]:
    """Return distinct strategies in their usual order, bounds last."""
    return sorted(set(strategies), key=rank_of)


def percent(share: float) -> str:
    """Return a share in [0, 1] as a percentage without its sign, e.g. `62.1`."""
    return f"{100 * share:.1f}"


def points(difference: float, *, sign: bool = True) -> str:
    """Return a difference of shares in percentage points, e.g. `+3.2` or `−0.4`."""
    rounded = round(100 * difference, 1) + 0.0  # which makes -0.0 a plain zero
    # The minus sign is as wide as the plus; a hyphen is not, and may end a line.
    return f"{rounded:{'+' if sign and rounded else ''}.1f}".replace("-", "−")


def span(low: float, high: float) -> str:
    """Return an interval of shares, in whole percentages, e.g. `55–70`."""
    return f"{100 * low:.0f}–{100 * high:.0f}"


def points_span(low: float, high: float) -> str:
    """Return an interval of differences, in percentage points, e.g. `−1.2 to +4.0`."""
    return f"{points(low)} to {points(high)}"


def times(ratio: float | None) -> str:
    """Return a ratio, e.g. `3.4×`; a dash where it is unknown."""
    if ratio is None:
        return "–"
    return f"{ratio:.1f}×" if ratio >= 1 else f"{ratio:.2g}×"


BEYOND_PREFIXES = 1e21  # zetta and yotta are known to few; papers write 3.65e25


def quantity(value: float | None, unit: str = "") -> str:
    """Return a cost with three digits and an SI prefix, e.g. `2.41 GFLOPs`; a dash for None."""
    if value is None:
        return "–"
    value = float(f"{value:.3g}")  # first, so that 999.9 k becomes 1 M
    if value >= BEYOND_PREFIXES:
        return f"{value:.3g} {unit}".replace("e+", "e").rstrip()
    for size, prefix in _PREFIXES:
        if value >= size:
            return f"{value / size:.3g} {prefix}{unit}".rstrip()
    return f"{value:.3g} {unit}".rstrip()


def power_of_ten(value: float) -> str:
    """Return a large number with two digits and its power of ten, e.g. `1.4e21`."""
    return f"{value:.2g}".replace("e+", "e")


def duration(seconds: float) -> str:
    """Return a duration as people say it, e.g. `3 min 20 s` or `2.5 h`."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{seconds / 3600:.1f} h"


def listed(parts: Sequence[str]) -> str:
    """Join parts as in a sentence: `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


SHOWN_NAMES = 4


def all_or_some(names: Sequence[str], every: Collection[str], noun: str) -> str:
    """Return names with commas; of many, where they are all there are, the first and how many.

    Args:
        names: those that are meant.
        every: all of their kind, which stand elsewhere by name.
        noun: what one of them is.
    """
    if len(names) <= SHOWN_NAMES or set(names) != set(every):
        return ", ".join(names)
    others = len(names) - 1
    return f"{names[0]} and the {others} other {plural(noun, others)}"
