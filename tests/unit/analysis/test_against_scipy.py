"""What is ours in the statistics, beside other functions of scipy's that must agree with it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from ttsgrid.analysis.statistics.intervals import mean_intervals
from ttsgrid.analysis.statistics.logistic import INTERCEPT_RIDGE, RIDGE, fit_rates
from ttsgrid.analysis.statistics.rank_statistics import area_under_curve


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def test_the_fit_is_where_scipy_finds_the_least_penalised_loss(rng: np.random.Generator) -> None:
    features = rng.normal(size=(60, 3)) * [1.0, 5.0, 0.1] + [0.0, 3.0, 1.0]
    rates = rng.binomial(8, 1 / (1 + np.exp(-features @ [1.0, -0.2, 5.0] + 5))) / 8
    standard = (features - features.mean(axis=0)) / features.std(axis=0)

    def loss(weights: np.ndarray) -> float:
        logits = standard @ weights[:3] + weights[3]
        likelihood = rates * logits - np.logaddexp(0, logits)
        penalty = RIDGE * (weights[:3] ** 2).sum() + INTERCEPT_RIDGE * weights[3] ** 2
        return float(-likelihood.sum() + penalty / 2)

    found = optimize.minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-7}).x
    model = fit_rates(features, rates)
    assert model.weights == pytest.approx(found[:3], abs=1e-4)
    assert model.intercept == pytest.approx(found[3], abs=1e-4)


def test_the_area_is_mann_and_whitneys_u_per_pair(rng: np.random.Generator) -> None:
    positive = rng.random(60) < 0.4
    scores = rng.integers(5, size=60) + positive.astype(float)
    measured = area_under_curve(scores, positive)
    assert measured is not None
    rank_sum = stats.mannwhitneyu(scores[positive], scores[~positive]).statistic
    assert measured.value == pytest.approx(rank_sum / positive.sum() / (~positive).sum())


@pytest.mark.parametrize("num_right", [0, 3, 2000, 4000])
def test_the_interval_of_many_verdicts_is_wilsons(num_right: int) -> None:
    """Of so many that the widening for few is nothing."""
    interval = mean_intervals((np.arange(4000) < num_right).astype(float))
    exact = stats.binomtest(num_right, 4000).proportion_ci(0.95, method="wilson")
    assert float(interval.low) == pytest.approx(exact.low, abs=1e-5)
    assert float(interval.high) == pytest.approx(exact.high, abs=1e-5)
