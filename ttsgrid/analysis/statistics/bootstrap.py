"""How sure an accuracy is: the percentile bootstrap over problems.

Problems are the units that were drawn from a population; samples within a problem
are not. So problems are resampled with replacement (Efron 1979), all cells of a
group with the same resamples, which makes differences between cells paired.

Four departures from the plain percentile interval, all towards caution:

* resampling few problems understates their spread; the percentiles are moved outwards by
  what Student's t would ask for (the expanded percentile interval: Hesterberg 2015,
  arXiv 1411.5279, section 5.3): at 40 problems 95 % intervals cover 95 %, not 93 %;
* where every problem scored 0 (or 1), resampling sees no variation at all; the
  exact binomial bound takes its place (Clopper and Pearson 1934);
* where nearly every problem did, it sees too little. An interval therefore always leaves
  room for a share of problems of the other kind that is missed by chance once in six
  times (`UNSEEN`): with eight samples a problem, a mean of 2 % over 40 problems is
  then covered in more than 95 % of simulations, not in 83 %, and means from 15 % to 85 % keep
  their intervals;
* for the best of K candidates, `simultaneous_intervals` bootstraps the largest
  studentised deviation (max-t: Romano and Wolf 2005), so that all K intervals
  cover together at the stated level, and so does that of whichever is picked.

Fixed seed: the same values give the same interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from ttsgrid.core.voting import Floats

SEED = 1979
LEVEL = 0.95
NUM_RESAMPLES = 2000
UNSEEN = 0.16  # one normal deviation to one side; 0.32 leaves means of 5 % at 89 % coverage
MIN_STUDENT = 5  # below it the expansion of Student's t fails, and nothing is claimed anyway


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
    num_problems = values.shape[-1]
    low, high = _percentiles(resampled_means(values), level, num_problems)
    means, seen = values.mean(axis=-1), UNSEEN ** (1.0 / num_problems)
    low, high = np.minimum(low, seen * means), np.maximum(high, 1.0 - seen * (1.0 - means))
    slack = 1.0 - ((1.0 - level) / 2) ** (1.0 / num_problems)
    high = np.where((values == 0).all(axis=-1), slack, high)
    return Intervals(np.where((values == 1).all(axis=-1), 1.0 - slack, low), high)


def difference_intervals(first: Floats, second: Floats, level: float = LEVEL) -> Intervals:
    """Return intervals on the mean of `first - second`, paired by problem; shapes (..., P)."""
    low, high = _percentiles(resampled_means(first - second), level, first.shape[-1])
    return Intervals(low, high)


def simultaneous_intervals(differences: Floats, level: float = LEVEL) -> Intervals:
    """Return intervals on K mean differences that cover all together at `level`.

    Args:
        differences: paired differences a problem, in [-1, 1], shape (K, P).
        level: nominal joint coverage.
    """
    means, boot = differences.mean(axis=-1), resampled_means(differences)
    error = boot.std(axis=-1)
    moved = error > 0
    if not moved.any():
        return Intervals(means, means)
    deviation = np.abs(boot[moved] - means[moved, None]) / error[moved, None]
    wider = _student_reach(level, differences.shape[-1]) / _reach(level)
    reach = np.quantile(deviation.max(axis=0), level) * error * wider
    # A symmetric interval knows no bounds: over few problems it would promise 111 points.
    return Intervals(np.maximum(means - reach, -1.0), np.minimum(means + reach, 1.0))


def resampled_means(values: Floats) -> Floats:
    """Return the mean of each row over each bootstrap resample; shape (..., resamples)."""
    if not values.shape[-1]:
        raise ValueError("an interval over no problems says nothing")
    return np.asarray(values @ _resample_counts(values.shape[-1]) / values.shape[-1])


@lru_cache(maxsize=4)  # one for 10,000 problems takes 160 MB
def _resample_counts(num_problems: int) -> Floats:
    """How often each problem is in each resample, shape (P, resamples)."""
    rng = np.random.default_rng([SEED, num_problems])
    counts = np.empty((NUM_RESAMPLES, num_problems))
    for resample in counts:
        # Ten times faster than a multinomial draw, and the same distribution.
        drawn = rng.integers(num_problems, size=num_problems)
        resample[:] = np.bincount(drawn, minlength=num_problems)
    counts.setflags(write=False)  # cached: callers share it
    return counts.T


def _reach(level: float) -> float:
    """How many deviations a normal interval reaches."""
    return NormalDist().inv_cdf(0.5 + level / 2)


def _student_reach(level: float, num_problems: int) -> float:
    """How many bootstrap deviations an interval over so few problems must reach.

    Student's t by its expansion in the normal quantile (Abramowitz and Stegun 26.7.5), and
    the bootstrap's deviation, which divides by n and not by n - 1.
    """
    if num_problems < MIN_STUDENT:
        return _reach(level)
    z, freedom = _reach(level), num_problems - 1
    first = (z**3 + z) / (4 * freedom)
    second = (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
    return (z + first + second) * math.sqrt(num_problems / freedom)


def _percentiles(boot: Floats, level: float, num_problems: int) -> tuple[Floats, Floats]:
    tail = NormalDist().cdf(-_student_reach(level, num_problems))
    low, high = np.quantile(boot, [tail, 1.0 - tail], axis=-1)
    return low, high
