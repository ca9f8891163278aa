"""How sure an accuracy is: the percentile bootstrap over problems.

Problems are the units that were drawn from a population; samples within a problem
are not. So problems are resampled with replacement (Efron 1979), all cells of a
group with the same resamples, which makes differences between cells paired.

Two departures from the plain percentile interval, both towards caution:

* where every problem scored 0 (or 1), resampling sees no variation at all; the
  exact binomial bound takes its place (Clopper and Pearson 1934);
* for the best of K candidates, `simultaneous_intervals` bootstraps the largest
  studentised deviation (max-t: Romano and Wolf 2005), so that all K intervals
  cover together at the stated level, and so does that of whichever is picked.

Fixed seed: the same values give the same interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ttsgrid.voting import Floats

SEED = 1979
LEVEL = 0.95
NUM_RESAMPLES = 2000


@dataclass(frozen=True)
class Intervals:
    """Bounds of one interval or of an array of them; same shape as the means.

    Attributes:
        low: lower bounds.
        high: upper bounds.
    """

    low: Floats
    high: Floats


def mean_intervals(values: Floats, level: float = LEVEL) -> Intervals:
    """Return intervals on the mean of each row.

    Args:
        values: an accuracy in [0, 1] a problem, shape (..., P).
        level: nominal coverage.

    Raises:
        ValueError: there are no problems.
    """
    low, high = _percentiles(resampled_means(values), level)
    num_problems = values.shape[-1]
    slack = 1.0 - ((1.0 - level) / 2) ** (1.0 / num_problems)
    high = np.where((values == 0).all(axis=-1), slack, high)
    return Intervals(np.where((values == 1).all(axis=-1), 1.0 - slack, low), high)


def difference_intervals(first: Floats, second: Floats, level: float = LEVEL) -> Intervals:
    """Return intervals on the mean of `first - second`, paired by problem; shapes (..., P)."""
    low, high = _percentiles(resampled_means(first - second), level)
    return Intervals(low, high)


def simultaneous_intervals(differences: Floats, level: float = LEVEL) -> Intervals:
    """Return intervals on K mean differences that cover all together at `level`.

    Args:
        differences: paired differences a problem, shape (K, P).
        level: nominal joint coverage.
    """
    means, boot = differences.mean(axis=-1), resampled_means(differences)
    error = boot.std(axis=-1)
    moved = error > 0
    if not moved.any():
        return Intervals(means, means)
    deviation = np.abs(boot[moved] - means[moved, None]) / error[moved, None]
    reach = np.quantile(deviation.max(axis=0), level) * error
    return Intervals(means - reach, means + reach)


def resampled_means(values: Floats) -> Floats:
    """Return the mean of each row over each bootstrap resample; shape (..., resamples)."""
    if not values.shape[-1]:
        raise ValueError("an interval over no problems says nothing")
    return np.asarray(values @ _resample_counts(values.shape[-1]) / values.shape[-1])


@lru_cache(maxsize=16)
def _resample_counts(num_problems: int) -> Floats:
    """How often each problem is in each resample, shape (P, resamples)."""
    rng = np.random.default_rng([SEED, num_problems])
    even = np.full(num_problems, 1.0 / num_problems)
    drawn = rng.multinomial(num_problems, even, size=NUM_RESAMPLES)
    counts = np.ascontiguousarray(drawn.T, dtype=np.float64)
    counts.setflags(write=False)  # cached: callers share it
    return counts


def _percentiles(boot: Floats, level: float) -> tuple[Floats, Floats]:
    tail = (1.0 - level) / 2
    low, high = np.quantile(boot, [tail, 1.0 - tail], axis=-1)
    return low, high
