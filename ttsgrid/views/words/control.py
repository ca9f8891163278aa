"""Control characters as text: what a model wrote must not steer a reader's terminal."""

from __future__ import annotations

import re

# C0 and C1, and Unicode's marks that turn the direction of text (CVE-2021-42574).
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    r"""Return text with its control characters spelled out (\x1b); line ends and tabs stay."""
    return _CONTROL.sub(_spelled, text)


def _spelled(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
