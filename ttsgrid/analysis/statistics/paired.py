"""Paired comparisons of accuracies: differences with an interval alone and one among many."""

from __future__ import annotations

import numpy as np

from ttsgrid.analysis.statistics.intervals import difference_intervals, simultaneous_intervals
from ttsgrid.core.voting import Floats

Numbers = dict[str, float]


def paired_numbers(
    first: Floats, second: Floats, level: float, names: tuple[str, str]
) -> list[Numbers]:
    """Compare pairs on the same problems: first less second.

    Args:
        first: accuracy of shape (pairs, problems), without NaN.
        second: likewise.
        level: at which the adjusted intervals of all pairs hold together.
        names: under which the two mean accuracies stand.

    Returns:
        For each pair its means, `difference`, its 95 % interval `low` and `high`, and
        `low_adjusted` and `high_adjusted`; shares of 1.
    """
    alone = difference_intervals(first, second)
    together = simultaneous_intervals(first - second, level)
    columns = {
        names[0]: first.mean(axis=1),
        names[1]: second.mean(axis=1),
        "difference": (first - second).mean(axis=1),
        "low": alone.low,
        "high": alone.high,
        "low_adjusted": together.low,
        "high_adjusted": together.high,
    }
    rows = np.stack([np.asarray(column, float) for column in columns.values()], axis=1)
    return [dict(zip(columns, row, strict=True)) for row in rows.tolist()]
