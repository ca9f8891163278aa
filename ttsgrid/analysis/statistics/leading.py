r"""How probably the answer with the most votes is the most frequent one.

Answers' shares have a uniform prior, so after v_1, ..., v_k votes they are
Dirichlet(v_1 + 1, ..., v_k + 1): independent X_i ~ Gamma(v_i + 1, 1) over their sum. The first
leads with probability P(X_1 > X_i for all i) = E[\prod_{i > 1} F_{v_i + 1}(X_1)] with F the
Gammas' distribution functions. With X_1 = F^{-1}_{v_1 + 1}(Phi(z)) this is a mean over a
standard normal z of a smooth function, for which the trapezoidal rule converges
exponentially (Trefethen and Weideman 2014, doi 10.1137/130932132).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ttsgrid.analysis.statistics.libraries import (
    gamma_distribution,
    gamma_quantiles,
    normal_distribution,
)
from ttsgrid.core.voting import Floats, Ints

FURTHEST, NUM_POINTS = 8.0, 129  # of 8 deviations: 1e-15 lies beyond


def probabilities_lead(votes: Ints) -> Floats:
    """Return the probability that the first answer's share is the largest, shape (U,).

    Args:
        votes: of every answer seen, most first, 0 for none; shape (U, K). An answer seen
            alone is set against one more that nobody gave.
    """
    leaders, others = votes[:, 0], votes[:, 1:]
    # The last row of a table stands for no answer, which is never ahead.
    rivals = np.where(others > 0, others, -1)
    if rivals.shape[1]:
        rivals[rivals[:, 0] < 0, 0] = 0
    else:
        rivals = np.zeros((len(votes), 1), np.int64)
    probabilities = np.empty(len(votes))
    for leader in np.unique(leaders):
        alike = leaders == leader
        used = rivals[alike][:, (rivals[alike] >= 0).any(axis=0)]
        table, product = _below(int(leader)), np.ones((len(used), NUM_POINTS))
        for column in used.T:
            product *= table[column]
        probabilities[alike] = product @ _weights()
    return probabilities


@lru_cache(maxsize=1)
def _weights() -> Floats:
    density = np.exp(-0.5 * _deviates() ** 2)
    return np.asarray(density / density.sum())


def _deviates() -> Floats:
    return np.linspace(-FURTHEST, FURTHEST, NUM_POINTS)


@lru_cache(maxsize=1 << 9)
def _below(leader: int) -> Floats:
    """P(X_i < X_1) at each point for rivals of 0 to as many votes; a last row of ones."""
    values = gamma_quantiles(leader + 1.0, normal_distribution(_deviates()))
    shapes = np.arange(1, leader + 2, dtype=np.float64)[:, None]
    return np.concatenate([gamma_distribution(shapes, values), np.ones((1, NUM_POINTS))])
