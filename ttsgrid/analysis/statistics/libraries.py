"""The one door to scipy, which opens when a statistic is first asked for.

Every command imports the analysis and many never compute a statistic (a plan, a
recommendation that is read, `--help`), so scipy is imported inside these functions: ruff's
rule against late imports is waived for this file alone. Its parts differ in what they cost
to load: `special` 0.15 s of CPU time, `optimize` 0.35, `stats` 0.8. Quantiles therefore come
from `special`, which every analysis needs, and not from the distributions of `stats`.

scipy carries no types; what leaves this file is typed.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ttsgrid.core.voting import Floats, Ints

ROOT_TOLERANCE = 1e-12  # relative, of each coordinate
RESIDUAL_TOLERANCE = 1e-9  # of the function, relative to where the search starts


def normal_quantile(probability: float) -> float:
    """Return the deviate that a standard normal stays below with this probability."""
    from scipy.special import ndtri

    return float(ndtri(probability))


def student_quantile(deviate: float, freedom: int) -> float:
    """Return the deviate of Student's t that is as improbable as this one of a normal."""
    from scipy.special import ndtr, stdtrit

    return float(-stdtrit(freedom, ndtr(-deviate)))


def sigmoid(logits: Floats) -> Floats:
    """Return the rates of these logits, any shape, without overflow."""
    from scipy.special import expit

    return np.asarray(expit(logits))


def share_above_half(first: Ints, second: Ints) -> Floats:
    """Return P(p > 1/2) for p ~ Beta(first + 1, second + 1), of counts that broadcast."""
    from scipy.special import betainc

    return np.asarray(betainc(second + 1.0, first + 1.0, 0.5))


def normal_distribution(deviates: Floats) -> Floats:
    """Return the probability that a standard normal stays below each deviate."""
    from scipy.special import ndtr

    return np.asarray(ndtr(deviates))


def gamma_distribution(shape: Floats, values: Floats) -> Floats:
    """Return the probability that a Gamma(shape, 1) stays below a value; both broadcast."""
    from scipy.special import gammainc

    return np.asarray(gammainc(shape, values))


def gamma_quantiles(shape: float, probabilities: Floats) -> Floats:
    """Return the values that a Gamma(shape, 1) stays below with these probabilities."""
    from scipy.special import gammaincinv

    return np.asarray(gammaincinv(shape, probabilities))


def binomial_chances(counts: Ints, num_samples: int, rates: Floats) -> Floats:
    """Return the chance of so many successes among n samples at these rates, broadcast."""
    from scipy.special import xlog1py, xlogy

    choose = np.array([math.comb(num_samples, int(count)) for count in counts.flat], float)
    logs = xlogy(counts, rates) + xlog1py(num_samples - counts, -rates)
    return np.asarray(choose.reshape(counts.shape) * np.exp(logs))


def spearman(first: Floats, second: Floats) -> float:
    """Return Spearman's rho, ties at their mean rank; NaN where either never varies."""
    from scipy.stats import spearmanr

    return float(spearmanr(first, second).statistic)


def root_of(
    function: Callable[[Floats], Floats], slope: Callable[[Floats], Floats], start: Floats
) -> Floats:
    """Return where a function is zero, by Powell's hybrid of Newton and gradient steps.

    Args:
        function: shape (F,) to (F,).
        slope: its matrix of derivatives, (F,) to (F, F).
        start: where to begin, shape (F,).

    Raises:
        ArithmeticError: the search ends elsewhere.
    """
    from scipy.optimize import root

    found = root(function, start, jac=slope, tol=ROOT_TOLERANCE)
    # At the limit of rounding MINPACK may end with "not making good progress", on the root.
    if np.abs(found.fun).max() > RESIDUAL_TOLERANCE * max(1.0, np.abs(function(start)).max()):
        raise ArithmeticError(f"no root found: {found.message}")
    return np.asarray(found.x)
