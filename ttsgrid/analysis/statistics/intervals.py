"""How sure an accuracy or a difference is: score intervals over problems.

Problems are the units that were drawn from a population; samples within a problem are not.
A score interval holds every value that a test would not reject, and the test takes its
variance from the value it tests. So it does not shrink to nothing where no variation was
seen, as a bootstrap or `mean ± 1.96 errors` does: with two policies that both answer 30 of
30 problems it reaches 11 points to each side.

* A mean: Wilson 1927. A paired difference of verdicts: Tango 1998 (doi 10.1002/(SICI)
  1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B); its coverage beside that of others is
  in Fagerland, Lydersen and Laake 2014 (doi 10.1002/sim.6148).
* Pass rates vary less than verdicts with the same mean. As survey statistics does for
  clustered samples, the interval is computed for an *effective number* of problems, n over
  the design effect (Korn and Graubard 1998; Franco et al. 2019, doi 10.1093/jssam/smy019):
  the variance seen over that of verdicts with the same mean. `UNSEEN` keeps it near 1 where
  hardly any variation was seen, so that rates of 0.999 are treated like ones. The price:
  where rates truly hardly vary (0.98 against 0.02 on each of 30 problems) intervals are wider
  than they need be, 5 points to each side at most, and cover more than 98 %.
* Few problems: the reach is a quarter of the way from the normal's to Student's. Summed
  exactly over all outcomes of 30 problems (Fagerland's 'exact' coverage), intervals on
  differences of verdicts then cover 93.9 to 98 %; without it 92.98 % at worst, all the way
  more than 98 %.
* For the best of K candidates, `simultaneous_intervals` takes the reach from the largest of
  K normal deviates that are correlated as the candidates are (multiplier bootstrap:
  Chernozhukov, Chetverikov and Kato 2013; max-t: Romano and Wolf 2005), so that all K
  intervals cover together at the stated level, and so does that of whichever is picked.

The quantiles are scipy's; the intervals are written here, as no library has them:
`binomtest` of scipy and `proportion_confint` of statsmodels know one sample of verdicts, and
neither has a score interval for paired proportions or for rates.
Fixed seed: the same values give the same interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ttsgrid.analysis.statistics.libraries import normal_quantile, student_quantile
from ttsgrid.core.voting import Floats, Ints

SEED = 1998
LEVEL = 0.95
NUM_DRAWS = 2000
# Problems' worth of variation that is taken for granted. 0.05 leaves pass rates of 98 % against
# 90 % on 30 problems at 92 % coverage; 0.25 covers 99 % where 95 % are meant.
# Less variation than three times this is covered at more than 98 %.
UNSEEN = 0.1
SHARE_OF_STUDENT = 0.25
NUM_HALVINGS = 45  # of an interval of length 2: to 1e-13


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
        values: an accuracy in [0, 1] per problem, shape (..., P).
        level: nominal coverage.

    Raises:
        ValueError: there are no problems.
    """
    num_problems, means = _count(values), values.mean(axis=-1)
    seen = num_problems * values.var(axis=-1)
    size = num_problems / _design_effect(seen, num_problems * means * (1 - means))
    squared = _reach(level, num_problems) ** 2
    centre = (means + squared / (2 * size)) / (1 + squared / size)
    inside = np.maximum(means * (1 - means), 0.0) / size + squared / (4 * size**2)
    half = np.sqrt(squared * inside) / (1 + squared / size)
    # Rounding leaves 1 - 1e-16 of an interval that ends at 1.
    low = np.where(means <= 0, 0.0, np.maximum(centre - half, 0.0))
    return Intervals(low, np.where(means >= 1, 1.0, np.minimum(centre + half, 1.0)))


def clustered_interval(values: Floats, clusters: Ints, level: float = LEVEL) -> tuple[float, float]:
    """Return the interval on the mean of values that come in clusters of different sizes.

    As for the mean of problems, with the variation of the clusters' sums in the place of that
    of single values: solutions of one problem are alike, and say less than as many problems.

    Args:
        values: each in [0, 1], shape (n,).
        clusters: what each belongs to, numbered from 0 without gaps, shape (n,).
        level: nominal coverage.

    Raises:
        ValueError: there are no values.
    """
    count, mean = _count(values), float(values.mean())
    sums = np.bincount(clusters, values - mean)
    if len(sums) < 2:
        return 0.0, 1.0  # one cluster says nothing of others
    seen = (sums**2).sum() * len(sums) / (len(sums) - 1)
    effect = float(_design_effect(seen, np.array(count * mean * (1 - mean))))
    squared, size = _reach(level, len(sums)) ** 2, count / effect
    centre = (mean + squared / (2 * size)) / (1 + squared / size)
    inside = max(mean * (1 - mean), 0.0) / size + squared / (4 * size**2)
    half = np.sqrt(squared * inside) / (1 + squared / size)
    low = 0.0 if mean <= 0 else max(float(centre - half), 0.0)
    return low, 1.0 if mean >= 1 else min(float(centre + half), 1.0)


def difference_intervals(first: Floats, second: Floats, level: float = LEVEL) -> Intervals:
    """Return intervals on the mean of `first - second`, paired by problem; shapes (..., P)."""
    differences = first - second
    return _Pairs.of(differences).intervals(_reach(level, _count(differences)))


def simultaneous_intervals(differences: Floats, level: float = LEVEL) -> Intervals:
    """Return intervals on K mean differences that cover all together at `level`.

    Args:
        differences: paired differences per problem, in [-1, 1], shape (K, P).
        level: nominal joint coverage.
    """
    largest = np.abs(_deviates(differences)).max(axis=0)
    deviate = max(float(np.quantile(largest, level)), _deviate(level))
    return _Pairs.of(differences).intervals(_widened(deviate, _count(differences)))


@dataclass(frozen=True)
class _Pairs:
    """Paired differences as if they were verdicts on an effective number of problems.

    Attributes:
        ahead: on how many of these the first is ahead; any shape.
        behind: on how many the second is.
        size: how many there are.
    """

    ahead: Floats
    behind: Floats
    size: Floats

    @classmethod
    def of(cls, differences: Floats) -> _Pairs:
        num_problems = _count(differences)
        ahead = np.maximum(differences, 0.0).sum(axis=-1)
        behind = np.maximum(-differences, 0.0).sum(axis=-1)
        of_verdicts = ahead + behind - (ahead - behind) ** 2 / num_problems
        effect = _design_effect(num_problems * differences.var(axis=-1), of_verdicts)
        return cls(ahead / effect, behind / effect, num_problems / effect)

    def intervals(self, reach: float) -> Intervals:
        """All differences that lie within `reach` deviations; the test is monotone in them."""
        mean = np.asarray((self.ahead - self.behind) / self.size)
        return Intervals(
            self._furthest(mean, np.full_like(mean, -1.0), reach),
            self._furthest(mean, np.full_like(mean, 1.0), reach),
        )

    def _furthest(self, inside: Floats, outside: Floats, reach: float) -> Floats:
        """The last difference from `inside` towards `outside` that the test does not reject."""
        for _ in range(NUM_HALVINGS):
            middle = (inside + outside) / 2
            kept = self._deviation(middle) <= reach
            inside, outside = np.where(kept, middle, inside), np.where(kept, outside, middle)
        return inside

    def _deviation(self, difference: Floats) -> Floats:
        """Deviations between what was seen and a supposed difference: Tango's statistic."""
        linear = (2 * self.size - self.ahead + self.behind) * difference - self.ahead - self.behind
        constant = self.behind * difference * (1 - difference)
        root = np.sqrt(np.maximum(linear**2 + 8 * self.size * constant, 0.0))
        lost = (root - linear) / (4 * self.size)  # the likeliest share on which the second is ahead
        variance = self.size * np.maximum(2 * lost + difference * (1 - difference), 0.0)
        gap = np.abs(self.ahead - self.behind - self.size * difference)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(gap < 1e-12 * self.size, 0.0, gap / np.sqrt(variance))


def _design_effect(seen: Floats, of_verdicts: Floats) -> Floats:
    """Variation seen over that of verdicts with the same mean, both summed over problems."""
    return np.asarray((seen + UNSEEN) / (np.maximum(of_verdicts, 0.0) + UNSEEN))


def _deviates(differences: Floats) -> Floats:
    """Normal deviates of each row, correlated as the rows are; shape (K, draws).

    The part of a row's variation that was not seen is its own: a row in which hardly anything
    differs does not pass for a copy of another.
    """
    num_problems = _count(differences)
    centred = differences - differences.mean(axis=-1, keepdims=True)
    seen = (centred**2).sum(axis=-1, keepdims=True)
    own = np.random.default_rng([SEED, len(differences)])
    drawn = own.standard_normal((len(differences), NUM_DRAWS))
    together = centred @ _multipliers(num_problems) + np.sqrt(UNSEEN) * drawn
    return np.asarray(together / np.sqrt(seen + UNSEEN))


@lru_cache(maxsize=4)  # one for 10,000 problems takes 160 MB
def _multipliers(num_problems: int) -> Floats:
    """Standard normal weights of the problems, shape (P, draws)."""
    weights = np.random.default_rng([SEED, num_problems]).standard_normal((num_problems, NUM_DRAWS))
    weights.setflags(write=False)  # cached: callers share it
    return weights


def _count(values: Floats) -> int:
    if not values.shape[-1]:
        raise ValueError("an interval over no problems says nothing")
    return int(values.shape[-1])


def _reach(level: float, num_problems: int) -> float:
    """How many deviations an interval over so many problems reaches."""
    return _widened(_deviate(level), num_problems)


def _widened(deviate: float, num_problems: int) -> float:
    """A normal deviate, with its share of what Student's adds to it."""
    student = student_quantile(deviate, freedom=max(num_problems - 1, 1))
    return deviate + SHARE_OF_STUDENT * (student - deviate)


def _deviate(level: float) -> float:
    return normal_quantile(0.5 + level / 2)
