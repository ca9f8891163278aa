"""Where a value lies in a recorded JSON object, written the way people say it.

A path is keys joined by dots; `[]` after a key means each element, `[2]` or `[-1]`
one of them. The first `[]` runs over a problem's samples, so `traces[].correct` (a list
of objects) and `score[]` (a list of verdicts) both give one value per sample, and
`traces[].steps[].text` gives each sample a list. A path without `[]` is one sample's.
A `?` at the end says that the value may be absent; it is then None. `{}` stands for the
only one: the key of an object that has a single one, whatever its name
(`scores.{}.value`), or the element of a list that has no other. `doc.question | doc.problem`
is the first of them that is there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from ttsgrid.core.errors import ConfigError

EACH = "[]"
ONLY = "{}"
OR = " | "
_PART = re.compile(r"([^.\[\]]+)|\[(-?\d*)\]")
_KEY = r"[^.\[\]?]+(?:\[-?\d*\])*"
_PATH = re.compile(rf"{_KEY}(?:\.{_KEY})*\??")
Part = str | int


@dataclass(frozen=True)
class FieldPath:
    """A path that was read.

    Attributes:
        parts: keys, positions, and `EACH`.
        optional: whether the value may be absent.
        otherwise: where to look if it isn't there.
    """

    parts: tuple[Part, ...]
    optional: bool
    otherwise: FieldPath | None = None


def parse_path(path: str) -> FieldPath:
    """Read a path.

    Raises:
        ConfigError: it is no path.
    """
    first, bar, further = path.partition(OR)
    if bar:
        return replace(parse_path(first), otherwise=parse_path(further))
    if not _PATH.fullmatch(path):
        raise ConfigError(f"{path!r} is no path; write keys and dots, such as traces[].text")
    parts = tuple(_part(match) for match in _PART.finditer(path.removesuffix("?")))
    return FieldPath(parts, path.endswith("?"))


def pick(record: object, path: FieldPath) -> Any:
    """Return what lies at a path; a list wherever the path says each.

    Raises:
        LookupError: a key or position is not there; the message says what is.
    """
    return _found(record, path)[0]


def pick_samples(record: object, path: FieldPath) -> list[Any]:
    """Return one value per sample of a record; raises as `pick` does."""
    value, used = _found(record, path)
    return value if EACH in used.parts and value is not None else [value]


def _found(record: object, path: FieldPath) -> tuple[Any, FieldPath]:
    """Return the value, and which of the alternatives gave it."""
    if path.otherwise is None:
        return _pick(record, path.parts, path.optional), path
    try:
        return _pick(record, path.parts, optional=False), path
    except LookupError:
        return _found(record, path.otherwise)


def _pick(value: object, parts: tuple[Part, ...], optional: bool) -> Any:
    for i, part in enumerate(parts):
        if value is None and optional:
            return None
        if part == EACH:
            if not isinstance(value, list):
                raise LookupError(f"'[]' needs a list, not {_shape(value)}")
            return [_pick(element, parts[i + 1 :], optional) for element in value]
        value = _step(value, part, optional)
    return value


def _part(match: re.Match[str]) -> Part:
    key, position = match.groups()
    if key is not None:
        return str(key)
    return int(position) if position else EACH


def _step(value: object, part: Part, optional: bool) -> object:
    if isinstance(part, int):
        if not isinstance(value, list) or not -len(value) <= part < len(value):
            raise LookupError(f"no element [{part}] in {_shape(value)}")
        return value[part]
    if part == ONLY and isinstance(value, dict | list):
        if len(value) != 1:
            kind = "key" if isinstance(value, dict) else "element"
            raise LookupError(
                f"'{{}}' needs one {kind}, not {len(value)} ({_shape(value)}): name one"
            )
        return next(iter(value.values())) if isinstance(value, dict) else value[0]
    if not isinstance(value, dict) or (part not in value and not optional):
        raise LookupError(f"no field {part!r} in {_shape(value)}")
    return value.get(part)


def _shape(value: object) -> str:
    if isinstance(value, dict):
        return f"an object with {', '.join(list(value)[:20]) or 'no fields'}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return f"a {type(value).__name__}"
