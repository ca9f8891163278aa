"""The model of a rate: it finds what made the data, and never sees what it predicts."""

from __future__ import annotations

import numpy as np
import pytest

from ttsgrid.analysis.statistics.logistic import cross_fitted, fit_rates


def test_known_weights_are_found_from_many_problems() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal([1.0, -2.0], [2.0, 0.5], (20_000, 2))
    rates = 1 / (1 + np.exp(-(0.3 + 0.8 * features[:, 0] - 1.5 * features[:, 1])))
    model = fit_rates(features, rng.binomial(8, rates) / 8)
    assert model.weights / model.scale == pytest.approx([0.8, -1.5], abs=0.03)
    assert np.abs(model.predict(features) - rates).mean() < 0.01


def test_the_gradient_is_zero_at_the_answer() -> None:
    rng = np.random.default_rng(1)
    features, rates = rng.normal(size=(40, 3)), rng.random(40)
    model = fit_rates(features, rates)
    standard = (features - model.centre) / model.scale
    gradient = standard.T @ (rates - model.predict(features)) - 1.0 * model.weights
    assert np.abs(gradient).max() < 1e-8


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_rates_that_are_all_alike_are_predicted_without_overflow(rate: float) -> None:
    features = np.random.default_rng(2).normal(size=(30, 2))
    predicted = fit_rates(features, np.full(30, rate)).predict(features)
    assert np.isfinite(predicted).all()
    assert np.abs(predicted - rate).max() < 0.05


def test_features_that_never_vary_or_repeat_each_other_do_no_harm() -> None:
    rng = np.random.default_rng(3)
    useful = rng.normal(size=200)
    features = np.column_stack([useful, useful, np.ones(200)])
    rates = 1 / (1 + np.exp(-useful))
    predicted = fit_rates(features, rates).predict(features)
    assert np.corrcoef(predicted, rates)[0, 1] > 0.99


def test_no_problem_helps_to_predict_itself() -> None:
    rng = np.random.default_rng(4)
    features, rates = rng.normal(size=(50, 2)), rng.random(50)
    predicted = cross_fitted(features, rates)
    for problem in range(50):
        changed = rates.copy()
        changed[problem] = 1 - changed[problem]
        assert cross_fitted(features, changed)[problem] == predicted[problem]


def test_noise_predicts_nothing_out_of_fold() -> None:
    rng = np.random.default_rng(5)
    correlations = []
    for _ in range(60):
        features, rates = rng.normal(size=(60, 3)), rng.random(60)
        correlations.append(np.corrcoef(cross_fitted(features, rates), rates)[0, 1])
    assert np.mean(correlations) < 0.05


@pytest.mark.parametrize("seed", range(20))
def test_a_fit_is_found_for_rates_of_any_kind(seed: int) -> None:
    rng = np.random.default_rng(seed)
    features = np.round(rng.normal(size=(int(rng.integers(2, 200)), 3)) * 2) / 4
    split = (features[:, 0] > 0).astype(float)
    for rates in (rng.random(len(features)), split, np.zeros(len(features))):
        assert np.isfinite(fit_rates(features, rates).weights).all()
