"""A bound that no strategy can reach: it would win everywhere if it were let to compete."""

from __future__ import annotations

import numpy as np

from ttsgrid.core.strategies import STRATEGIES, Strategy
from ttsgrid.core.voting import Bools, Floats


def always(correct: Bools, k: int) -> Floats:
    return np.ones(len(correct))


STRATEGIES.add(Strategy("oracle", "an oracle", bound=always))
