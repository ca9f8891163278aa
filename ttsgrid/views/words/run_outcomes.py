"""What running a solution came to, in words."""

from __future__ import annotations

ALL_TESTS = "any program that passes the problem's tests"


def outcome_in_words(outcome: str | None, detail: str | None) -> str:
    """Return an outcome with its reason; empty where nothing was run."""
    if outcome is None:
        return ""
    return f"{outcome}: {detail}" if detail else outcome
