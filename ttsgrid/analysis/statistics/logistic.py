"""A rate from a few features: logistic regression of rates, with a ridge penalty.

The targets are success rates, not verdicts, so this is the quasi-likelihood of a
fractional response (Papke and Wooldridge 1996); every problem weighs the same. A ridge
penalty of one keeps the fit finite where features are alike or rates all 0 or all 1, and
with few problems keeps it near "they are all alike". The objective is strictly convex, so
its gradient is zero at the one answer, and scipy finds that zero.

scikit-learn's regression takes classes and no rates, and leaves the intercept without a
penalty: where all rates are 1 it has no answer.

`cross_fitted` predicts each problem with a model that never saw it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ttsgrid.analysis.statistics.libraries import root_of, sigmoid
from ttsgrid.core.voting import Bools, Floats

RIDGE = 1.0
INTERCEPT_RIDGE = 1e-3
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
        return sigmoid(standard @ self.weights + self.intercept)


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

    def gradient(weights: Floats) -> Floats:
        return np.asarray(design.T @ (sigmoid(design @ weights) - rates) + ridge * weights)

    def curvature(weights: Floats) -> Floats:
        fitted = sigmoid(design @ weights)
        return np.asarray((design.T * (fitted * (1 - fitted))) @ design + np.diag(ridge))

    # The zero of the gradient and not the least loss: a loss can't tell points apart whose
    # difference is below its rounding, which left the weights at eight digits.
    found = root_of(gradient, curvature, start=np.zeros(design.shape[1]))
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


def _folds(num_problems: int, num_folds: int) -> Iterator[Bools]:
    order = np.random.default_rng([SEED, num_problems]).permutation(num_problems)
    for part in np.array_split(order, min(num_folds, num_problems)):
        fold = np.zeros(num_problems, bool)
        fold[part] = True
        yield fold
