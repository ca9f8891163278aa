"""How well one number orders another: Spearman's correlation and the area under the curve.

Spearman's rho is scipy's. The intervals are not: scipy has none for either, and a bootstrap
would sort every resample. These are in closed form, and cost a sort even for 100,000 problems:

* Spearman's rho by Fisher's z with the variance of Bonett and Wright 2000,
  (1 + rho^2 / 2) / (n - 3);
* the AUC by DeLong et al. 1988, whose variance comes from midranks (Sun and Xu 2014); for
  samples that come in clusters, such as solutions of one problem, by Obuchowski 1997.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ttsgrid.analysis.statistics.intervals import LEVEL
from ttsgrid.analysis.statistics.libraries import normal_quantile, spearman
from ttsgrid.core.voting import Bools, Floats, Ints

MIN_PAIRS = 4
MIN_GROUP = 2


@dataclass(frozen=True)
class Measured:
    """A statistic with its 95 % interval."""

    value: float
    low: float
    high: float


def rank_correlation(first: Floats, second: Floats) -> Measured | None:
    """Return Spearman's rho, ties at their mean rank; None where it is not defined."""
    # scipy warns of a constant; here that is an outcome.
    if len(first) < MIN_PAIRS or min(np.ptp(first), np.ptp(second)) == 0:
        return None
    rho = spearman(first, second)
    if abs(rho) >= 1.0:
        return Measured(rho, rho, rho)
    reach = _reach() * math.sqrt((1 + rho**2 / 2) / (len(first) - 3))
    centre = math.atanh(rho)
    return Measured(rho, math.tanh(centre - reach), math.tanh(centre + reach))


def area_under_curve(
    scores: Floats, positive: Bools, clusters: Ints | None = None
) -> Measured | None:
    """Return how often a positive outranks a negative; None with fewer than two of either.

    Args:
        scores: higher means more likely positive, shape (n,).
        positive: shape (n,).
        clusters: what each belongs to, from 0, shape (n,); None where all are independent.
            With fewer than two clusters the result is None.
    """
    num_positive, num_negative = int(positive.sum()), int((~positive).sum())
    if min(num_positive, num_negative) < MIN_GROUP:
        return None
    # One sort; scipy's `rankdata` would take three: of all scores, and of either kind.
    order = np.argsort(scores)
    right, outranked = positive[order], _outranked(scores[order], positive[order])
    value = float(outranked[right].mean())
    if clusters is None:
        variances = outranked[right].var(ddof=1), outranked[~right].var(ddof=1)
        variance = float(variances[0] / num_positive + variances[1] / num_negative)
    else:
        weights = np.where(right, num_positive, num_negative)
        sums = np.bincount(clusters[order], (outranked - value) / weights)
        if len(sums) < MIN_GROUP:
            return None
        variance = float((sums**2).sum()) * len(sums) / (len(sums) - 1)
    reach = _reach() * math.sqrt(variance)
    return Measured(value, max(0.0, value - reach), min(1.0, value + reach))


def _outranked(scores: Floats, positive: Bools) -> Floats:
    """Share of the other kind below each positive and above each negative, ties half.

    Args:
        scores: ascending, shape (n,).
        positive: in the same order, shape (n,).
    """
    fresh = np.ones(len(scores), bool)
    fresh[1:] = scores[1:] != scores[:-1]
    run = np.cumsum(fresh) - 1
    positives = np.bincount(run, positive)
    negatives = np.bincount(run) - positives
    below = (np.cumsum(negatives) - negatives / 2) / negatives.sum()
    above = 1 - (np.cumsum(positives) - positives / 2) / positives.sum()
    return np.where(positive, below[run], above[run])


def _reach() -> float:
    return normal_quantile(0.5 + LEVEL / 2)
