"""How long a run still takes: said only once it is steady.

An estimate is what is left over the rate of results since the first one: how long engines took to
start says nothing of it. The first results come early, from short units or from a single worker,
so no estimate is shown before two of them, half a minute apart, name about the same end.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

CHECK_EVERY_S = 30.0
AGREE_WITHIN = 1.5  # units differ in length by more than that, minutes of them seldom do


@dataclass(frozen=True)
class _Seen:
    """A number, and when it was so."""

    at_s: float
    value: float


class TimeLeft:
    """Estimates how long a run still takes, from how many units have ended."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._first_results: _Seen | None = None
        self._checked_at_s = 0.0
        self._checked: _Seen | None = None
        self._is_steady = False

    def seconds(self, num_ended: int, num_units: int) -> float | None:
        """Take in a count and return the seconds left; None while that is not steady."""
        now_s = self._clock()
        if not num_ended:
            return None
        if self._first_results is None:
            self._first_results = _Seen(now_s, num_ended)
            self._checked_at_s = now_s
        since_first = num_ended - self._first_results.value
        if not since_first:
            return None
        left_s = (now_s - self._first_results.at_s) / since_first * (num_units - num_ended)
        if now_s - self._checked_at_s >= CHECK_EVERY_S:
            self._check(_Seen(now_s, left_s))
        return left_s if self._is_steady else None

    def _check(self, estimate: _Seen) -> None:
        earlier, self._checked = self._checked, estimate
        self._checked_at_s = estimate.at_s
        if earlier is not None:
            expected_s = earlier.value - (estimate.at_s - earlier.at_s)
            self._is_steady = _agree(expected_s, estimate.value)


def _agree(first_s: float, second_s: float) -> bool:
    less_s, more_s = sorted((max(first_s, 0.0), second_s))
    return more_s <= AGREE_WITHIN * less_s or more_s - less_s <= CHECK_EVERY_S


def about(seconds: float) -> str:
    """Return a time still to come as people say it: no more digits than an estimate has."""
    minutes, hours = seconds / 60, seconds / 3600
    if minutes < 1:
        return "less than a minute"
    if minutes < 90:
        return f"about {minutes:.0f} min"
    return f"about {hours:.0f} h" if hours < 48 else f"about {hours / 24:.0f} days"
