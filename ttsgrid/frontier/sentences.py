"""What the comparisons show, in plain sentences that claim no more than the intervals.

A claim ("beats") needs an adjusted interval above zero and enough problems; short of
that the sentence says what was seen and why it is not enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from ttsgrid.frontier.selection import describe

MIN_PROBLEMS = 30  # a percentile interval over fewer covers less than it says
Comparison = Mapping[str, Any]


def headline(comparisons: pl.DataFrame) -> str:
    """Say in one to three sentences whether small beats large, and how sure that is.

    Args:
        comparisons: the rows of `ttsgrid.frontier.comparisons.compare`, of one benchmark.
    """
    if comparisons.is_empty():
        return (
            "Nothing to compare: it takes a larger policy's CoT and a smaller policy with TTS, "
            "with known sizes, on the same problems."
        )
    best = strongest(comparisons)
    if best["num_problems"] < MIN_PROBLEMS:
        return f"{_seen(best)} But {best['num_problems']} problems are too few to tell."
    if best["low_adjusted"] > 0:
        return f"{_claim(best)} {_cost(best)}{_cheapest(comparisons, best)}"
    if best["low"] > 0:
        return f"{_seen(best)} {_picked(best)} includes zero: not enough to claim a win."
    return f"No smaller policy with TTS clearly beats a larger policy's CoT here. {_seen(best)}"


def strongest(comparisons: pl.DataFrame) -> dict[str, Any]:
    """Return the comparison to report first.

    Among certain wins, the one over the largest policy, by the smallest, by most; where
    there is none, the one whose adjusted interval comes nearest.
    """
    certain = comparisons.filter(pl.col("low_adjusted") > 0)
    if certain.is_empty():
        return comparisons.sort("low_adjusted", "difference", descending=True).row(0, named=True)
    # The size ratio orders both at once: the widest gap that is bridged for certain.
    return certain.sort("size_ratio", "difference", descending=True).row(0, named=True)


def _claim(best: Comparison) -> str:
    return (
        f"{best['policy']} with {describe(best)} answers {_percent(best['accuracy'])} of "
        f"{best['num_problems']} problems and beats {best['large']}'s CoT "
        f"({_percent(best['accuracy_large'])}) by {_points(best['difference'])} points "
        f"(95 % interval {_range(best, '')}; {_range(best, '_adjusted')} when adjusted for being "
        f"the best of {best['num_compared']} compared)."
    )


def _seen(best: Comparison) -> str:
    return (
        f"{best['policy']} with {describe(best)} answers {_percent(best['accuracy'])}, "
        f"{best['large']}'s CoT {_percent(best['accuracy_large'])}, on {best['num_problems']} "
        f"problems: a difference of {_points(best['difference'])} points "
        f"(95 % interval {_range(best, '')})."
    )


def _picked(best: Comparison) -> str:
    return (
        f"It is the best of {best['num_compared']} compared, and the interval adjusted for "
        f"that ({_range(best, '_adjusted')})"
    )


def _cost(best: Comparison) -> str:
    """How its compute compares, the PRM's included."""
    if best["flops_ratio"] is None:
        return "The models' sizes are unknown, and so is the cost."
    what = "the larger one's FLOPs a problem, PRM and prompts included."
    return f"It takes {_times(best['flops_ratio'])} {what}"


def _cheapest(comparisons: pl.DataFrame, best: Comparison) -> str:
    """The cheapest certain win over the same policy, or that none is cheaper than its CoT."""
    rivals = comparisons.filter(pl.col("low_adjusted") > 0, large=best["large"])
    priced = rivals.filter(pl.col("flops_ratio").is_not_null()).sort("flops_ratio")
    if priced.is_empty():
        return ""
    cheapest = priced.row(0, named=True)
    tail = (
        "" if cheapest["flops_ratio"] < 1 else " None compared wins for certain with less compute."
    )
    if cheapest["flops_ratio"] >= best["flops_ratio"]:
        return tail
    return (
        f" The cheapest certain win over it is {cheapest['policy']} with {describe(cheapest)}: "
        f"{_points(cheapest['difference'])} points "
        f"({_range(cheapest, '_adjusted')} adjusted) at {_times(cheapest['flops_ratio'])} "
        f"the FLOPs.{tail}"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _points(difference: float) -> str:
    return f"{100 * difference:.1f}".replace("-", "−")


def _range(best: Comparison, suffix: str) -> str:
    return f"{_points(best[f'low{suffix}'])} to {_points(best[f'high{suffix}'])}"


def _times(ratio: float) -> str:
    return f"{ratio:.1f}x" if ratio >= 1 else f"{ratio:.2g}x"
