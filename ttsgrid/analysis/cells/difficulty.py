"""How hard each problem is for one policy: its own pass@1 over the pool.

Absolute bins as in arXiv 2502.06703, section 4.1: easy [0.5, 1], medium
[0.1, 0.5), hard [0, 0.1). Quantiles as in Snell et al. 2024 (arXiv 2408.03314)
stand beside them; they say little where a strong policy finds most problems easy.
These labels are an oracle's: they read the gold answer.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ttsgrid.core.voting import Floats, Ints

EASY_FROM = 0.5
MEDIUM_FROM = 0.1


class Bin(StrEnum):
    """A difficulty bin; `ALL` is every problem."""

    ALL = "all"
    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


def absolute_bins(pass_at_1: Floats) -> NDArray[np.object_]:
    """Return the `Bin` of each problem, None where the rate is NaN; shapes (P,) to (P,)."""
    names = np.array([Bin.HARD, Bin.MEDIUM, Bin.EASY, None], dtype=object)
    # From the right: bins are closed below, so a rate of exactly 0.5 is easy.
    positions = np.searchsorted([MEDIUM_FROM, EASY_FROM], pass_at_1, side="right")
    return np.asarray(names[np.where(np.isnan(pass_at_1), len(names) - 1, positions)])


def quantile_bins(pass_at_1: Floats, num_bins: int = 5) -> Ints:
    """Return each problem's quantile, 1 (easiest) to `num_bins`; equal rates share one.

    Args:
        pass_at_1: shape (P,).
        num_bins: how many; fewer are used where many rates are equal.
    """
    edges = np.quantile(pass_at_1, np.arange(1, num_bins) / num_bins)
    return np.asarray(num_bins - np.searchsorted(edges, pass_at_1, side="right"), np.int64)
