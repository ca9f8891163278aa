"""What compute-optimal TTS gains, in accuracy and in compute (arXiv 2502.06703, Table 5).

* performance gain: how much higher its accuracy is than CoT's, in percent of CoT's;
* efficiency gain: the FLOPs that majority voting needs to reach its accuracy, over its own.
  Between two budgets majority's accuracy is taken to rise evenly in the logarithm of
  FLOPs. Where no budget of majority voting reaches it, its largest budget is a lower bound;
* saving: the same the other way round, since such a bound says little at equal budgets:
  the FLOPs of majority voting, over those of the cheapest budget of compute-optimal TTS
  that gets as far.

The study counts FLOPs of generated tokens by the policy; here whatever the caller counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class EfficiencyGain:
    """How many times the compute majority voting needs.

    Attributes:
        times: above 1 where majority voting needs more.
        at_least: majority voting never reached the accuracy; `times` is a lower bound.
    """

    times: float
    at_least: bool


def performance_gain_pct(cot: float, optimal: float) -> float | None:
    """Return the gain over CoT in percent of CoT's accuracy; None where that is 0."""
    return None if cot == 0 else 100 * (optimal / cot - 1)


def efficiency_gain(
    majority: Sequence[tuple[float, float]], flops: float, accuracy: float
) -> EfficiencyGain:
    """Return what majority voting needs to reach an accuracy, over what was spent on it.

    Args:
        majority: (FLOPs, accuracy) of majority voting at each budget.
        flops: spent by the strategy, above 0.
        accuracy: reached by the strategy.

    Raises:
        ValueError: majority voting was never measured.
    """
    if not majority:
        raise ValueError("without majority voting there is nothing to compare compute with")
    spent, reached = np.array(sorted(majority)).T
    # More votes may do worse by chance; what was reached once is reached.
    best = np.maximum.accumulate(reached)
    if best[-1] < accuracy:
        return EfficiencyGain(float(spent[-1]) / flops, at_least=True)
    first = int(np.argmax(best >= accuracy))
    if first == 0:
        return EfficiencyGain(float(spent[0]) / flops, at_least=False)
    share = (accuracy - best[first - 1]) / (best[first] - best[first - 1])
    low, high = np.log(spent[first - 1 : first + 1])
    return EfficiencyGain(float(np.exp(low + share * (high - low))) / flops, at_least=False)


def saving(optimal: Sequence[tuple[float, float]], flops: float, accuracy: float) -> float | None:
    """Return what majority voting spent on an accuracy, over what compute-optimal TTS did.

    Only budgets that were measured count: between them a PRM's cost sets in at a step.

    Args:
        optimal: (FLOPs, accuracy) of compute-optimal TTS at each budget.
        flops: spent by majority voting.
        accuracy: reached by majority voting.

    Returns:
        None where compute-optimal TTS never gets as far.
    """
    enough = [spent for spent, reached in optimal if reached >= accuracy]
    return flops / min(enough) if enough else None
