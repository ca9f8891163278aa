"""What compute-optimal TTS gains, in accuracy and in compute (arXiv 2502.06703, Table 5).

* performance gain: how much higher its accuracy is than CoT's, in percent of CoT's;
* efficiency gain: the budget at majority voting's highest point, over the budget at which
  the compute-optimal curve has that accuracy, on a straight line between its two nearest
  points. Source: the study's author in github.com/RyanLiu112/compute-optimal-tts, issue 11,
  second comment (the first one says something else).

A budget is N or FLOPs. Where even the smallest budget of the compute-optimal curve is
above majority's best, the gain is a lower bound: the study prints `> 256x`. Where no budget
gets there it is an upper bound, a case that the study doesn't have.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from ttsgrid.core.voting import TIE_TOLERANCE

Point = tuple[float, float]
"""A budget, above 0, and the accuracy there."""


class BoundKind(StrEnum):
    """On which side of the printed figure the gain lies."""

    NONE = ""
    AT_LEAST = ">"
    AT_MOST = "<"


@dataclass(frozen=True)
class EfficiencyGain:
    """How many times the budget majority voting takes for its best accuracy.

    Attributes:
        times: above 1 where compute-optimal TTS takes less.
        bound: whether `times` is the gain or a bound of it.
    """

    times: float
    bound: BoundKind = BoundKind.NONE


def performance_gain_pct(cot: float, optimal: float) -> float | None:
    """Return the gain over CoT in percent of CoT's accuracy; None where that is 0."""
    return None if cot == 0 else 100 * (optimal / cot - 1)


def efficiency_gain(majority: Sequence[Point], optimal: Sequence[Point]) -> EfficiencyGain:
    """Return what majority voting takes for its best accuracy, over what the curve takes for it.

    Args:
        majority: majority voting at each budget; of equal accuracies the cheapest counts.
        optimal: the compute-optimal curve.

    Raises:
        ValueError: one of the two was never measured.
    """
    if not majority or not optimal:
        raise ValueError("an efficiency gain needs majority voting and compute-optimal TTS")
    budget, best = max(majority, key=lambda point: (point[1], -point[0]))
    curve = sorted(optimal)
    smallest, largest = curve[0], curve[-1]
    if math.isclose(smallest[1], best, rel_tol=TIE_TOLERANCE):
        return EfficiencyGain(budget / smallest[0])
    if smallest[1] > best:
        return EfficiencyGain(budget / smallest[0], BoundKind.AT_LEAST)
    for below, above in pairwise(curve):
        # The first crossing: all before it lie below.
        if above[1] >= best * (1 - TIE_TOLERANCE):
            return EfficiencyGain(budget / _between(below, above, best))
    return EfficiencyGain(budget / largest[0], BoundKind.AT_MOST)


def _between(below: Point, above: Point, accuracy: float) -> float:
    """The budget at an accuracy on the straight line between two points."""
    share = (accuracy - below[1]) / (above[1] - below[1])
    return below[0] + share * (above[0] - below[0])
