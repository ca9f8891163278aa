"""Where the time of a run went, as a sentence."""

from __future__ import annotations

from ttsgrid.core.spent import Part, Spent
from ttsgrid.views.words.numbers import duration, listed

LEAST_S = 0.5  # what took less is not where the time went


def where_it_went(spent: Spent) -> str:
    """Return how long a run took, and each part of it."""
    times = {part: spent.seconds(part) for part in Part}
    told = [f"{part} {_whole(s)}" for part, s in times.items() if s >= LEAST_S]
    in_all = f"Took {_whole(spent.in_all_s)}"
    if not told:
        return f"{in_all}."
    side_by_side = " (parts overlap)" if len(told) > 1 else ""
    return f"{in_all}: {listed(told)}{side_by_side}."


def _whole(seconds: float) -> str:
    return duration(float(round(seconds)))
