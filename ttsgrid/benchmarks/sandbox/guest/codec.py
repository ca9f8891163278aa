"""Values between the solution's process and the tests': data alone, never code.

A value travels as JSON with a tag. What comes back from a solution is made of Python's own
types whatever its classes were, so an `__eq__` of the solution's never meets a test, and
nothing is unpickled. What is no data (a function, an object of the solution's own class)
stays where it is, and a `Handle` stands for it.

Two processes start for each solution, so modules that few values need load with them.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator
from itertools import islice

TYPE_CHECKING = False  # importing `typing` takes as long as starting Python
if TYPE_CHECKING:
    from typing import Any

    Json = Any

MAX_MESSAGE_BYTES = 16 << 20
MAX_DRAWN = 100_000  # values taken from an iterator that a solution returns

_JSON_INT_BITS = 64  # hexadecimal beyond: reading decimals is quadratic in their digits


class Handle:
    """Stands for an object that stays in the solution's process."""

    def __init__(self, number: int) -> None:
        self.number = number


class TooLargeError(Exception):
    """A value is larger than a message may be."""


_KINDS = (list, tuple, set, frozenset, deque)
_SEQUENCES: dict[str, Callable[[Any], Any]] = {
    **{kind.__name__: kind for kind in _KINDS},
    "iterator": iter,
}
_BUILT_IN: dict[str, Callable[[str], Any]] = {
    "int": lambda text: int(text, 16),
    "bytes": bytes.fromhex,
    "bytearray": bytearray.fromhex,
    "complex": complex,
}
# By module and class: how a value of theirs is written, and how it is read.
_LIBRARY: dict[tuple[str, str], tuple[str, str]] = {
    ("decimal", "Decimal"): ("__str__", ""),
    ("fractions", "Fraction"): ("__str__", ""),
    ("datetime", "datetime"): ("isoformat", "fromisoformat"),  # before `date`, a date too
    ("datetime", "date"): ("isoformat", "fromisoformat"),
    ("datetime", "time"): ("isoformat", "fromisoformat"),
}


def encode(value: object, keep: Callable[[object], int]) -> Json:
    """Return a value as JSON; `keep` stores what is no data and returns its number."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return _integer(int(value))
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return str.__str__(value)
    if (parts := _as_sequence(value)) is not None:
        name, members = parts
        return [name, [encode(member, keep) for member in members]]
    if isinstance(value, dict):
        return [_dict_name(value), [[encode(k, keep), encode(v, keep)] for k, v in value.items()]]
    if (text := _as_text(value)) is not None:
        return text
    if isinstance(value, range):
        return ["range", [encode(n, keep) for n in (value.start, value.stop, value.step)]]
    if isinstance(value, Handle):
        return ["kept", value.number]
    return ["handle", keep(value)]


def _integer(value: int) -> Json:
    return value if value.bit_length() <= _JSON_INT_BITS else ["int", hex(value)]


def _as_text(value: object) -> Json | None:
    if isinstance(value, bytes | bytearray):
        return ["bytearray" if isinstance(value, bytearray) else "bytes", value.hex()]
    if isinstance(value, complex):
        return ["complex", str(complex(value))]
    for (module, name), (written, _) in _LIBRARY.items():
        kind = getattr(sys.modules.get(module), name, None)  # not imported: no value of it
        if isinstance(kind, type) and isinstance(value, kind):
            return [f"{module}.{name}", getattr(kind, written)(value)]
    return None


def _as_sequence(value: object) -> tuple[str, list[object]] | None:
    for kind in _KINDS:
        if isinstance(value, kind):
            return kind.__name__, list(value)
    if isinstance(value, type({}.keys()) | type({}.values()) | type({}.items())):
        return "list", list(value)
    if isinstance(value, Iterator) and not hasattr(value, "read"):  # a file is one, too
        drawn = list(islice(value, MAX_DRAWN + 1))
        if len(drawn) > MAX_DRAWN:
            raise TooLargeError(f"an iterator of more than {MAX_DRAWN:,} values")
        return "iterator", drawn
    return None


def _dict_name(value: dict[Any, Any]) -> str:
    if isinstance(value, Counter):
        return "Counter"
    return "OrderedDict" if isinstance(value, OrderedDict) else "dict"


def decode(value: Json, handle: Callable[[int], object]) -> Any:  # noqa: ANN401 - any data
    """Return the value that JSON stands for.

    Args:
        value: as `encode` made it.
        handle: a number to the object that it stands for, or to what stands for it here.

    Raises:
        ValueError: it is not as `encode` makes it.
    """
    if not isinstance(value, list):
        return value
    name, content = value
    if name in ("handle", "kept"):
        return handle(content)
    if name in _BUILT_IN:
        return _BUILT_IN[name](content)
    if name in _SEQUENCES:
        return _SEQUENCES[name]([decode(member, handle) for member in content])
    if name == "range":
        return range(*(decode(number, handle) for number in content))
    if name in ("dict", "OrderedDict", "Counter"):
        pairs = {decode(k, handle): decode(v, handle) for k, v in content}
        return {"Counter": Counter, "OrderedDict": OrderedDict, "dict": dict}[name](pairs)
    return _of_library(name, content)


def _of_library(name: str, text: str) -> Any:  # noqa: ANN401 - a value of one of those classes
    module, _, kind = name.partition(".")
    if (module, kind) not in _LIBRARY:
        raise ValueError(f"no value is called {name[:40]!r}")
    found = getattr(__import__(module), kind)
    read = _LIBRARY[module, kind][1]
    return getattr(found, read)(text) if read else found(text)


def to_line(message: Json) -> bytes:
    """Return a message as a line.

    Raises:
        TooLargeError: it is longer than a message may be.
    """
    line = json.dumps(message).encode() + b"\n"
    if len(line) > MAX_MESSAGE_BYTES:
        raise TooLargeError(f"a value of {len(line):,} bytes")
    return line
