"""Where the time of a run went, as a sentence."""

from __future__ import annotations

from collections.abc import Iterable

from ttsgrid.core.spent import Part, Piece, Spent, Stage
from ttsgrid.views.words.numbers import duration, listed

LEAST_S = 0.5  # what took less is not where the time went


def where_it_went(spent: Spent) -> str:
    """Return how long a run took, each part of it, and each stage of its workers' start."""
    told = _told(spent, Part)
    stages = _told(spent, Stage)
    if stages and Part.START in told:
        told[Part.START] += f" ({listed(list(stages.values()))})"
    in_all = f"Took {_whole(spent.in_all_s)}"
    if not told:
        return f"{in_all}."
    side_by_side = " (parts overlap)" if len(told) > 1 else ""
    return f"{in_all}: {listed(list(told.values()))}{side_by_side}."


def _told(spent: Spent, pieces: Iterable[Piece]) -> dict[Piece, str]:
    times = {piece: spent.seconds(piece) for piece in pieces}
    return {piece: f"{piece} {_whole(s)}" for piece, s in times.items() if s >= LEAST_S}


def _whole(seconds: float) -> str:
    return duration(float(round(seconds)))
