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
from ttsgrid.core.voting import Floats

FURTHEST, NUM_POINTS = 8.0, 129  # of 8 deviations: 1e-15 lies beyond


@lru_cache(maxsize=1 << 16)
def probability_leads(votes: tuple[int, ...]) -> float:
    """Return the probability that the first answer's share is the largest.

    Args:
        votes: of every answer seen, at least one; an answer seen alone is set against one
            more that nobody gave.
    """
    leader, *others = votes
    product = _weights().copy()
    for rival in others or [0]:
        product *= _below(rival, leader)
    return float(product.sum())


@lru_cache(maxsize=1)
def _weights() -> Floats:
    density = np.exp(-0.5 * _deviates() ** 2)
    return np.asarray(density / density.sum())


def _deviates() -> Floats:
    return np.linspace(-FURTHEST, FURTHEST, NUM_POINTS)


@lru_cache(maxsize=1 << 12)
def _values(leader: int) -> Floats:
    return gamma_quantiles(leader + 1.0, normal_distribution(_deviates()))


@lru_cache(maxsize=1 << 14)
def _below(rival: int, leader: int) -> Floats:
    return gamma_distribution(rival + 1.0, _values(leader))
