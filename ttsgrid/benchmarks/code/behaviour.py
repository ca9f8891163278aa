"""What a program does on a problem's inputs, written so that equal behaviour is equal text.

Values are compared as Python's `==` does: 1, 1.0 and True are one, sets and dicts have no
order, a list is no tuple. Floats count to nine digits. An exception is its class.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ttsgrid.benchmarks.sandbox import Calls, Printed

MAX_CHARS = 120  # of one value as it is shown; longer ones end in a hash of the whole
_DIGITS = 9


def as_answer(parts: list[str]) -> str:
    """Return behaviour on all inputs as one text: what a vote groups by."""
    return " | ".join(_short(part) for part in parts)


def of_calls(calls: Calls, num_inputs: int) -> list[str] | None:
    """Return behaviour per input; None where the program did not even load."""
    if not calls.is_loaded:
        return None
    parts = [_of_reply(reply) for reply in calls.replies]
    if calls.end is not None:
        parts.append(f"<{calls.end.outcome}>")
    # What comes after an end was never tried.
    return [*parts, *("<not tried>" for _ in range(num_inputs - len(parts)))]


def _of_reply(reply: dict[str, Any]) -> str:
    if "raised" in reply:
        return f"<{reply.get('named') or reply['raised']}>"
    try:
        return _text(reply.get("value"))
    except (ValueError, TypeError, RecursionError):  # a reply that the program made itself
        return "<no value>"


def _text(value: Any) -> str:  # noqa: ANN401 - JSON of a value
    """Return a value of the codec's as text; see `ttsgrid.benchmarks.sandbox.guest.codec`."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 1e15
        return str(int(value)) if whole else format(value, f".{_DIGITS}g")
    if not isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    name, content = value
    if name in ("handle", "kept"):
        return "<object>"
    if name in ("set", "frozenset"):
        return "{" + ", ".join(sorted(map(_text, content))) + "}"
    if name in ("dict", "OrderedDict", "Counter"):
        return "{" + ", ".join(sorted(f"{_text(k)}: {_text(v)}" for k, v in content)) + "}"
    if name in ("list", "tuple"):
        opening, closing = ("[", "]") if name == "list" else ("(", ")")
        return opening + ", ".join(map(_text, content)) + closing
    inner = ", ".join(map(_text, content)) if isinstance(content, list) else str(content)
    return f"{name}({inner})"


def of_printed(printed: Printed) -> str:
    """Return what a program printed, spaces at the ends of lines aside."""
    if printed.end is not None:
        return f"<{printed.end.outcome}>"
    return json.dumps("\n".join(line.strip() for line in printed.text.strip().splitlines()))


def _short(text: str) -> str:
    if len(text) <= MAX_CHARS:
        return text
    return f"{text[:MAX_CHARS]}... {hashlib.sha256(text.encode()).hexdigest()[:12]}"
