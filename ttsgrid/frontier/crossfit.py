"""Choose on one half of the problems, report on the other: selection without flattery.

The best of many cells looks better than it is on the problems that chose it. Repeated
2-fold cross-fitting (as in double machine learning: Chernozhukov et al. 2018) splits the
problems at random, within each difficulty bin, chooses a cell a bin on each half and
scores the other half with it. Averaged over splits, each problem gets the accuracy it
has when it had no say in the choice.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ttsgrid.voting import Bools, Floats, Ints

NUM_SPLITS = 50
SEED = 2018


def chosen_in_sample(candidates: Floats, bins: NDArray[np.object_]) -> Floats:
    """Return each problem's accuracy under the cell that is best on its own bin.

    Args:
        candidates: accuracy of each cell on each problem, shape (C, P).
        bins: the problems' difficulty bins, shape (P,).

    Returns:
        Shape (P,); flattering wherever C > 1.
    """
    result = np.empty(candidates.shape[1])
    for members in _members(bins):
        inside = candidates[:, members]
        result[members] = inside[inside.mean(axis=1).argmax()]
    return result


def chosen_held_out(
    candidates: Floats, bins: NDArray[np.object_], num_splits: int = NUM_SPLITS
) -> Floats:
    """Return each problem's mean accuracy under cells chosen without it; shapes as above.

    Where a bin is too small to choose from, the whole half chooses.

    Args:
        candidates: accuracy of each cell on each problem, shape (C, P).
        bins: the problems' difficulty bins, shape (P,).
        num_splits: random splits to average over; more makes it less noisy.

    Raises:
        ValueError: there are fewer than two problems.
    """
    num_problems = candidates.shape[1]
    if num_problems < 2:
        raise ValueError("holding out needs at least two problems")
    total = np.zeros(num_problems)
    for half in _halves(bins, num_splits):
        for chooses in (half, ~half):
            fallback = candidates[:, chooses].mean(axis=1).argmax()
            for members in _members(bins):
                inside, scored = members[chooses[members]], members[~chooses[members]]
                best = candidates[:, inside].mean(axis=1).argmax() if inside.size else fallback
                total[scored] += candidates[best, scored]
    return total / num_splits


def _members(bins: NDArray[np.object_]) -> list[Ints]:
    return [np.flatnonzero(bins == name) for name in dict.fromkeys(bins.tolist())]


def _halves(bins: NDArray[np.object_], num_splits: int) -> Iterator[Bools]:
    """Random halves, each with half of every bin; deterministic."""
    rng = np.random.default_rng(SEED)
    for _ in range(num_splits):
        half = np.zeros(len(bins), bool)
        # Bins of odd size round up and down in turn, so that both halves are never empty.
        spare = 0
        for members in _members(bins):
            size = (len(members) + spare) // 2
            spare = (len(members) + spare) % 2
            half[rng.permutation(members)[:size]] = True
        yield half
