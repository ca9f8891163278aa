"""A rate from a few features: logistic regression, small enough to write down.

The targets are success rates, not verdicts, so this is the quasi-likelihood of a
fractional response (Papke and Wooldridge 1996); every problem weighs the same. A ridge
penalty of one keeps the fit finite where features are alike or rates all 0 or all 1, and
with few problems keeps it near "they are all alike". Newton's method; the objective is
strictly convex, so there is one answer.

`cross_fitted` predicts each problem with a model that never saw it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ttsgrid.core.voting import Bools, Floats

RIDGE = 1.0
INTERCEPT_RIDGE = 1e-3
MAX_STEPS = 50
TOLERANCE = 1e-10
NUM_FOLDS = 10
SEED = 1996


@dataclass(frozen=True)
class RateModel:
    """A fitted model of a rate.

    Attributes:
        centre, scale: of each feature, shape (F,).
        weights: of the standardised features, shape (F,).
        intercept: the logit of the rate where every feature is at its centre.
    """

    centre: Floats
    scale: Floats
    weights: Floats
    intercept: float

    def predict(self, features: Floats) -> Floats:
        """Return the rate of each row; shape (P, F) to (P,)."""
        standard = (features - self.centre) / self.scale
        return _sigmoid(standard @ self.weights + self.intercept)


def fit_rates(features: Floats, rates: Floats) -> RateModel:
    """Fit rates in [0, 1].

    Args:
        features: shape (P, F).
        rates: shape (P,).
    """
    centre, spread = features.mean(axis=0), features.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    design = np.column_stack([(features - centre) / scale, np.ones(len(rates))])
    ridge = np.full(design.shape[1], RIDGE)
    ridge[-1] = INTERCEPT_RIDGE
    found = np.zeros(design.shape[1])
    for _ in range(MAX_STEPS):
        step = _newton_step(design, rates, ridge, found)
        found = found + step
        if np.abs(step).max() < TOLERANCE:
            break
    return RateModel(centre, scale, found[:-1], float(found[-1]))


def cross_fitted(features: Floats, rates: Floats, num_folds: int = NUM_FOLDS) -> Floats:
    """Return each problem's rate as predicted by a model fitted to the other folds.

    Args:
        features: shape (P, F).
        rates: shape (P,).
        num_folds: how many; at most P.
    """
    predicted = np.empty(len(rates))
    for fold in _folds(len(rates), num_folds):
        predicted[fold] = fit_rates(features[~fold], rates[~fold]).predict(features[fold])
    return predicted


def _newton_step(design: Floats, rates: Floats, ridge: Floats, at: Floats) -> Floats:
    fitted = _sigmoid(design @ at)
    gradient = design.T @ (rates - fitted) - ridge * at
    curvature = design.T @ (design * (fitted * (1 - fitted))[:, None]) + np.diag(ridge)
    step = np.linalg.solve(curvature, gradient)
    return np.asarray(np.clip(step, -2.0, 2.0))  # far from the answer a full step may overshoot


def _sigmoid(logits: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logits)))


def _folds(num_problems: int, num_folds: int) -> Iterator[Bools]:
    order = np.random.default_rng([SEED, num_problems]).permutation(num_problems)
    for part in np.array_split(order, min(num_folds, num_problems)):
        fold = np.zeros(num_problems, bool)
        fold[part] = True
        yield fold
