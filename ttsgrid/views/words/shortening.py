"""Long names of models made shorter, for what is to fit a terminal or a phone.

What tells a reader which model it is stays longest: the family at the front and what has digits,
as a size has. `deepseek-r1-distill-qwen-1.5b` becomes `deepseek-r1…1.5b`. Names that differ
stay different, or stay whole.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

ELLIPSIS, LEAST = "…", 8
_SIZE = re.compile(r"\d+(\.\d+)?[bm]", re.IGNORECASE)


def shortened(names: Collection[str], most: int) -> dict[str, str]:
    """Return each name as it reads in at most so many characters.

    Names with spaces are words and stay as they are; so do all where two would read alike.
    """
    short = {name: name if " " in name else _short(name, most) for name in names}
    return short if len(set(short.values())) == len(short) else {name: name for name in names}


def _short(name: str, most: int) -> str:
    parts: list[str | None] = list(name.split("-"))
    for position in _least_telling(name.split("-")):
        if len(_joined(parts)) <= most:
            break
        parts[position] = None
    said = _joined(parts)
    return said if len(said) <= most else said[: most - 1].rstrip("-.") + ELLIPSIS


def _least_telling(parts: Sequence[str]) -> list[int]:
    """Positions in the order in which a name can spare them; the first it can't."""

    def telling(position: int) -> tuple[bool, bool, int]:
        part = parts[position]
        return (
            bool(_SIZE.fullmatch(part)),
            any(character.isdigit() for character in part),
            -len(part),
        )

    return sorted(range(1, len(parts)), key=telling)


def _joined(parts: Sequence[str | None]) -> str:
    """Join parts with hyphens, and one ellipsis for all that are missing in a row."""
    marked = "-".join(ELLIPSIS if part is None else part for part in parts)
    return re.sub(f"-?{ELLIPSIS}(-{ELLIPSIS})*-?", ELLIPSIS, marked)
