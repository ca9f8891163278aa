"""What 95 % intervals on paired differences cover, at few problems and near 0 and 1.

At least 93 % everywhere, and at most 98 % where at least five discordant pairs are expected:
an interval that always covers says nothing. For pass rates the pairs expected are those that
their differences add up to.

Verdicts need no simulation: the probability of every outcome is known, and so is the
coverage. Pass rates are simulated: Beta rates, a few samples of each.
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
MEANS = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98)
CORRELATIONS = (0.0, 0.5, 0.8)
SIMULATED_ERROR = 0.005  # two standard errors of a coverage of 95 % over 8,000 stores
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


@cache
def _rates(mean: float) -> np.ndarray:
    """Quantiles of Beta(mean, 1 - mean): most problems are nearly always or never answered."""
    return np.sort(np.random.default_rng(7).beta(mean, 1 - mean, 200_001))


def _pass_rates(
    means: tuple[float, float], correlation: float, shape: tuple[int, int], num_samples: int
) -> np.ndarray:
    """Accuracies of two policies; the problems' difficulties correlate (Gaussian copula)."""
    rng = np.random.default_rng([shape[1], num_samples])
    shared, own = rng.standard_normal(shape), rng.standard_normal(shape)
    normals = (shared, correlation * shared + sqrt(1 - correlation**2) * own)
    return np.stack(
        [
            rng.binomial(num_samples, _at_quantiles(_rates(mean), normal)) / num_samples
            for mean, normal in zip(means, normals, strict=True)
        ]
    )


_GRID = np.linspace(-5, 5, 4001)
_UNIFORM = np.array([NormalDist().cdf(x) for x in _GRID])


def _at_quantiles(ordered: np.ndarray, normal: np.ndarray) -> np.ndarray:
    return np.asarray(
        ordered[(np.interp(normal, _GRID, _UNIFORM) * (len(ordered) - 1)).astype(int)]
    )


def _assert_rates_are_covered(
    num_problems: int, means: tuple[float, float], correlation: float, num_samples: int
) -> None:
    covered, discordant, num_parts = 0.0, 0.0, max(1, num_problems // 50)
    truth = float(_rates(means[0]).mean() - _rates(means[1]).mean())
    first, second = _pass_rates(means, correlation, (NUM_STORES, num_problems), num_samples)
    for part in np.array_split(np.arange(NUM_STORES), num_parts):
        interval = difference_intervals(first[part], second[part])
        covered += float(((interval.low <= truth) & (truth <= interval.high)).sum())
    covered /= NUM_STORES
    discordant = float(num_problems * np.abs(first - second).mean())
    assert covered >= LEAST - SIMULATED_ERROR
    if discordant >= MIN_DISCORDANT:
        assert covered <= MOST + SIMULATED_ERROR


@pytest.mark.parametrize("means", [(0.98, 0.98), (0.98, 0.9), (0.5, 0.2), (0.05, 0.02)])
@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_pass_rates_are_covered(means: tuple[float, float], correlation: float) -> None:
    _assert_rates_are_covered(30, means, correlation, num_samples=8)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("num_problems", "correlation", "num_samples"),
    list(product([30, 100, 500], CORRELATIONS, [8, 64])),
)
def test_pass_rates_of_all_means_are_covered(
    num_problems: int, correlation: float, num_samples: int
) -> None:
    ends = (0.02, 0.1, 0.5, 0.9, 0.98)
    for means in combinations_with_replacement(ends, 2):
        _assert_rates_are_covered(num_problems, means, correlation, num_samples)


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
