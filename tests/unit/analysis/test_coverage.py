"""What 95 % intervals on paired differences cover, at few problems and near 0 and 1.

At least 93 % everywhere, and at most 98 % where at least five discordant pairs are expected:
an interval that always covers says nothing. For pass rates the pairs expected are those that
their differences add up to.

One exception is known and meant. Where two policies answer every problem at nearly the same
rate (0.98 against 0.02 on all 30, of very many samples), hardly any variation is there to be
seen, and an interval that believed so would miss where it is not. It takes a tenth of a
problem's worth for granted instead, and covers up to 100 % where the differences vary by less
than `MIN_VARIATION` problems' worth. It is narrow all the same: that is what is asserted there.

Verdicts need no simulation: the probability of every outcome is known, and so is the
coverage. Pass rates are simulated: Beta rates, a few samples of each or very many.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement, product
from math import lgamma, sqrt
from statistics import NormalDist

import numpy as np
import pytest

from ttsgrid.analysis.statistics.intervals import (
    Intervals,
    difference_intervals,
    simultaneous_intervals,
)

LEAST, MOST, MIN_DISCORDANT = 0.93, 0.98, 5.0
MIN_VARIATION = 0.3  # variance of a difference, summed over problems; three times UNSEEN
MOST_HALF_WIDTH = 0.05  # where there is less
MEANS = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98)
ENDS = (0.02, 0.1, 0.5, 0.9, 0.98)
CORRELATIONS = (0.0, 0.5, 0.8)
# Two standard errors over 8,000 stores, of a coverage of 95 % and of one of 98 %.
ERROR_BELOW, ERROR_ABOVE = 0.005, 0.003
NUM_STORES = 8000


@dataclass(frozen=True)
class Discordance:
    """How often one of two paired verdicts alone is right."""

    ahead: float
    behind: float


def _discordance(first: float, second: float, correlation: float) -> Discordance | None:
    """Of two verdicts with these means and Pearson correlation; None where there are none."""
    spread = sqrt(first * (1 - first) * second * (1 - second))
    both = first * second + correlation * spread
    if both > min(first, second):
        return None
    return Discordance(first - both, second - both)


@cache
def _counts(num_problems: int) -> tuple[np.ndarray, np.ndarray, Intervals]:
    """Every (ahead, behind) that there can be, and its interval."""
    grid = np.arange(num_problems + 1)
    ahead, behind = np.meshgrid(grid, grid, indexing="ij")
    possible = ahead + behind <= num_problems
    ahead, behind = ahead[possible], behind[possible]
    order = np.arange(num_problems)
    low, high = np.empty(len(ahead)), np.empty(len(ahead))
    for part in np.array_split(np.arange(len(ahead)), 1 + len(ahead) * num_problems // 10_000_000):
        first = (order < ahead[part, None]).astype(float)
        second = (order >= num_problems - behind[part, None]).astype(float)
        interval = difference_intervals(first, second)
        low[part], high[part] = interval.low, interval.high
    return ahead, behind, Intervals(low, high)


def _exact_coverage(at: Discordance, num_problems: int) -> float:
    ahead, behind, interval = _counts(num_problems)
    factorials = np.array([lgamma(i + 1) for i in range(num_problems + 1)])
    alike = num_problems - ahead - behind
    ways = factorials[num_problems] - factorials[ahead] - factorials[behind] - factorials[alike]
    shares = np.maximum([at.ahead, at.behind, 1 - at.ahead - at.behind], 1e-300)
    logs = np.log(shares)
    chance = np.exp(ways + ahead * logs[0] + behind * logs[1] + alike * logs[2])
    truth = at.ahead - at.behind
    covered = (interval.low <= truth + 1e-12) & (truth <= interval.high + 1e-12)
    return float(chance[covered].sum())


def _assert_verdicts_are_covered(num_problems: int, correlation: float) -> None:
    for first, second in combinations_with_replacement(MEANS, 2):
        at = _discordance(first, second, correlation)
        if at is None:
            continue
        covered, case = _exact_coverage(at, num_problems), (first, second)
        assert covered >= LEAST, case
        if num_problems * (at.ahead + at.behind) >= MIN_DISCORDANT:
            assert covered <= MOST, case


@pytest.mark.parametrize("correlation", CORRELATIONS)
@pytest.mark.parametrize("num_problems", [30, 100])
def test_verdicts_are_covered(num_problems: int, correlation: float) -> None:
    _assert_verdicts_are_covered(num_problems, correlation)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("correlation", CORRELATIONS)
def test_verdicts_on_500_problems_are_covered(correlation: float) -> None:
    _assert_verdicts_are_covered(500, correlation)


@dataclass(frozen=True)
class Rates:
    """How problems' true pass rates are spread, and how well each is measured.

    Attributes:
        concentration: of the Beta; at 1 most problems are nearly always or never answered,
            at 30 they are nearly alike.
        num_samples: of each problem; None where they are so many that the rate is known.
    """

    num_samples: int | None
    concentration: float = 1.0

    def drawn(self, means: tuple[float, float], correlation: float, shape: tuple[int, int]) -> Pair:
        """Accuracies of two policies; the problems' difficulties correlate (Gaussian copula)."""
        rng = np.random.default_rng([shape[1], self.num_samples or 0])
        shared, own = rng.standard_normal(shape), rng.standard_normal(shape)
        normals = (shared, correlation * shared + sqrt(1 - correlation**2) * own)
        quantiles = [_quantiles(mean, self.concentration) for mean in means]
        rates = [_at_quantiles(of, at) for of, at in zip(quantiles, normals, strict=True)]
        truth = float(quantiles[0].mean() - quantiles[1].mean())
        n = self.num_samples
        first, second = rates if n is None else (rng.binomial(n, rate) / n for rate in rates)
        return Pair(first, second, truth)


@dataclass(frozen=True)
class Pair:
    """Simulated stores: accuracies of two policies, shape (stores, problems)."""

    first: np.ndarray
    second: np.ndarray
    truth: float


@cache
def _quantiles(mean: float, concentration: float) -> np.ndarray:
    drawn = np.random.default_rng(7)
    return np.sort(drawn.beta(mean * concentration, (1 - mean) * concentration, 200_001))


_GRID = np.linspace(-5, 5, 4001)
_UNIFORM = np.array([NormalDist().cdf(x) for x in _GRID])


def _at_quantiles(ordered: np.ndarray, normal: np.ndarray) -> np.ndarray:
    return np.asarray(
        ordered[(np.interp(normal, _GRID, _UNIFORM) * (len(ordered) - 1)).astype(int)]
    )


def _assert_rates_are_covered(
    num_problems: int, means: tuple[float, float], correlation: float, rates: Rates
) -> None:
    pair = rates.drawn(means, correlation, (NUM_STORES, num_problems))
    low, high = np.empty(NUM_STORES), np.empty(NUM_STORES)
    for part in np.array_split(np.arange(NUM_STORES), max(1, num_problems // 50)):
        interval = difference_intervals(pair.first[part], pair.second[part])
        low[part], high[part] = interval.low, interval.high
    covered = float(((low <= pair.truth) & (pair.truth <= high)).mean())
    differences = pair.first - pair.second
    case = (means, covered)
    assert covered >= LEAST - ERROR_BELOW, case
    if num_problems * float(np.abs(differences).mean()) < MIN_DISCORDANT:
        return
    if num_problems * float(differences.var(axis=1).mean()) < MIN_VARIATION:
        assert float((high - low).mean()) / 2 <= MOST_HALF_WIDTH, case
    else:
        assert covered <= MOST + ERROR_ABOVE, case


@pytest.mark.parametrize("means", [(0.98, 0.98), (0.98, 0.9), (0.98, 0.02), (0.5, 0.2)])
@pytest.mark.parametrize("correlation", [0.0, 0.8])
@pytest.mark.parametrize("num_samples", [8, None])
def test_pass_rates_are_covered(
    means: tuple[float, float], correlation: float, num_samples: int | None
) -> None:
    _assert_rates_are_covered(30, means, correlation, Rates(num_samples))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("num_problems", "correlation", "num_samples"),
    list(product([30, 100, 500], CORRELATIONS, [8, 64])),
)
def test_pass_rates_of_all_means_are_covered(
    num_problems: int, correlation: float, num_samples: int
) -> None:
    for means in combinations_with_replacement(ENDS, 2):
        _assert_rates_are_covered(num_problems, means, correlation, Rates(num_samples))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("num_problems", "correlation", "concentration"),
    list(product([30, 100], CORRELATIONS, [1.0, 3.0, 10.0, 30.0])),
)
def test_pass_rates_of_very_many_samples_are_covered(
    num_problems: int, correlation: float, concentration: float
) -> None:
    for means in combinations_with_replacement(ENDS, 2):
        _assert_rates_are_covered(num_problems, means, correlation, Rates(None, concentration))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("discordant", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("num_problems", [30, 100])
def test_many_candidates_are_covered_together(num_problems: int, discordant: float) -> None:
    rng, num_stores, covered = np.random.default_rng(num_problems), 1000, 0
    for _ in range(num_stores):
        greedy = rng.random(num_problems) < 0.9
        flipped = rng.random((20, num_problems)) < discordant
        differences = np.where(flipped, ~greedy, greedy).astype(float) - greedy
        truth = discordant * (0.1 - 0.9)
        interval = simultaneous_intervals(differences)
        covered += bool(((interval.low <= truth) & (truth <= interval.high)).all())
    assert covered / num_stores >= LEAST
