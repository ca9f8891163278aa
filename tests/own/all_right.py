"""A second bound: how often all of N samples are right."""

from __future__ import annotations

from math import comb

import numpy as np

from ttsgrid.core.strategies import STRATEGIES, Strategy
from ttsgrid.core.voting import Bools, Floats


def all_right(correct: Bools, k: int) -> Floats:
    n = correct.shape[1]
    return np.array([comb(int(right), k) / comb(n, k) for right in correct.sum(axis=1)])


STRATEGIES.add(Strategy("all@k", "all of N samples", bound=all_right))
