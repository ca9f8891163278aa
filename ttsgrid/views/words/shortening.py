"""Long names of models made shorter, for what is to fit a terminal or a phone.

What tells a reader which model it is stays longest: the family at the front and what has digits,
as a size has. `deepseek-r1-distill-qwen-1.5b` becomes `deepseek-r1…1.5b`, and an organisation
before a slash goes first. Names that differ stay different: where their telling parts don't do
it they are cut in the middle, and where that doesn't either they are numbered.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import partial

ELLIPSIS, LEAST = "…", 8
_SIZE = re.compile(r"\d+(\.\d+)?[bm]", re.IGNORECASE)
_SEPARATORS = "-_/"
_NUMBER = re.compile(rf"{ELLIPSIS}(\d+)$")
_PART = re.compile(f"[{_SEPARATORS}]*[^{_SEPARATORS}]+")  # with what stands before it


def shortened(names: Collection[str], most: int) -> dict[str, str]:
    """Return each name as it reads in at most so many characters.

    Words with spaces stay as they are. Of `name (temperature=0.5)` the brackets stay.
    """
    short = {name: _short(name, most) for name in names}
    if alike := _alike(short):
        short |= _cut_apart(alike, set(short.values()), most)
    if alike := _alike(short):
        short |= {name: _numbered(name, number, most) for number, name in enumerate(alike, 1)}
    return short


def in_text(text: str, names: Mapping[str, str]) -> str:
    """Return a text with names as they read when shortened."""
    longer = sorted((name for name in names if names[name] != name), key=len, reverse=True)
    if not longer:
        return text
    any_of_them = "|".join(map(re.escape, longer))
    return re.sub(any_of_them, lambda found: names[found.group()], text)


def legend(names: Mapping[str, str]) -> str:
    """Return which names are meant where numbers alone tell them apart; empty where none do."""
    meant = [
        f"{said} is {name}"
        for name, said in names.items()
        if (mark := _NUMBER.search(said)) and said != name and not name.endswith(mark[1])
    ]
    return f"{'; '.join(meant)}." if meant else ""


def _alike(short: Mapping[str, str]) -> list[str]:
    """The names that read as another does."""
    times = Counter(short.values())
    return [name for name, said in short.items() if times[said] > 1]


def _short(name: str, most: int) -> str:
    own, said_apart, rest = name.partition(" (")
    most = max(LEAST, most - len(said_apart + rest))
    if len(own) <= most or " " in own:
        return name
    parts: list[str | None] = list(_PART.findall(own.rsplit("/", 1)[-1] or own))
    for position in _least_telling([part or "" for part in parts]):
        if len(_joined(parts)) <= most:
            break
        parts[position] = None
    said = _joined(parts)
    fits = said if len(said) <= most else said[: most - 1].rstrip("-.") + ELLIPSIS
    return fits + said_apart + rest


def _least_telling(parts: Sequence[str]) -> list[int]:
    """Positions in the order in which a name can spare them; the first it can't."""

    def telling(position: int) -> tuple[bool, bool, int]:
        part = parts[position].lstrip(_SEPARATORS)
        return (
            bool(_SIZE.fullmatch(part)),
            any(character.isdigit() for character in part),
            -len(part),
        )

    return sorted(range(1, len(parts)), key=telling)


def _joined(parts: Sequence[str | None]) -> str:
    """Join parts, with one ellipsis for all that are missing in a row."""
    marked = "".join(ELLIPSIS if part is None else part for part in parts)
    return re.sub(f"{ELLIPSIS}+[{_SEPARATORS}]*", ELLIPSIS, marked)


def _cut_apart(names: Collection[str], taken: Collection[str], most: int) -> dict[str, str]:
    """Cut names in the middle, where it tells them apart; return none where no place does."""
    # From halves, so that both ends stay as long as they can.
    fronts = sorted(range(1, most - 1), key=lambda front: abs(2 * front - most))
    ways = (partial(_before_size, most), *(partial(_middle_cut, most, front) for front in fronts))
    for way in ways:
        cut = {name: way(name) for name in names}
        fits = max(map(len, cut.values())) <= most
        if fits and len(set(cut.values()) - set(taken)) == len(cut):
            return cut
    return {}


def _before_size(most: int, name: str) -> str:
    """The front and the size, e.g. `Lla…405B`; the name itself where it has none."""
    sizes = [part for part in re.split(f"[{_SEPARATORS}]", name) if _SIZE.fullmatch(part)]
    if not sizes or len(name) <= most:
        return name
    own = name.rsplit("/", 1)[-1]
    return own[: max(1, most - len(sizes[-1]) - 1)] + ELLIPSIS + sizes[-1]


def _middle_cut(most: int, front: int, name: str) -> str:
    return name if len(name) <= most else name[:front] + ELLIPSIS + name[front + 1 - most :]


def _numbered(name: str, number: int, most: int) -> str:
    mark = f"{ELLIPSIS}{number}"
    return name[: max(1, most - len(mark))] + mark
