"""Choose on one half of the problems, report on the other: selection without flattery.

The best of many cells looks better than it is on the problems that chose it. Repeated
2-fold cross-fitting (as in double machine learning: Chernozhukov et al. 2018) splits the
problems at random, within each difficulty bin, chooses one cell per bin on each half and
scores the other half with it. Averaged over splits, each problem gets the accuracy it
has when it had no say in the choice.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from ttsgrid.core.voting import TIE_TOLERANCE, Bools, Floats, Ints

NUM_SPLITS = 50
SEED = 2018
# Products here take 0.2 ms on one core. Where other work has the cores, OpenBLAS's threads spin
# until all of them have run: 8 ms of CPU for each product, a third of a large store's analysis.
_BLAS = ThreadpoolController()


def weights_in_sample(candidates: Floats, bins: NDArray[np.object_]) -> Floats:
    """Return which cell serves each problem when the best on its own bin does.

    Args:
        candidates: accuracy of each cell on each problem, shape (C, P).
        bins: the problems' difficulty bins, shape (P,).

    Returns:
        1 for the chosen cell and 0 for others, shape (C, P); flattering wherever C > 1.
    """
    weights = np.zeros(candidates.shape)
    for members in _members(bins):
        weights[candidates[:, members].mean(axis=1).argmax(), members] = 1.0
    return weights


def weights_held_out(
    candidates: Floats,
    bins: NDArray[np.object_],
    num_splits: int = NUM_SPLITS,
    slack: float = 0.0,
) -> Floats:
    """Return how often each cell serves each problem when chosen without it; shapes as above.

    Where a bin is too small to choose from, the whole half chooses.

    Args:
        candidates: accuracy of each cell on each problem, shape (C, P).
        bins: the problems' difficulty bins, shape (P,).
        num_splits: random splits to average over; more makes it less noisy.
        slack: the first cell that is at most this much below the best is chosen, where
            cells come cheapest first and a saving is worth that much accuracy.

    Raises:
        ValueError: there are fewer than two problems.
    """
    if candidates.shape[1] < 2:
        raise ValueError("holding out needs at least two problems")
    num_cells, num_problems = candidates.shape
    groups = _members(bins)
    halves = _halves(tuple(members.tobytes() for members in groups), num_splits)
    serving = np.empty((num_splits, num_problems), np.int64)
    for members in groups:
        # What one half chose serves the other.
        by_half = _best(candidates, halves, members, slack)[:, None]
        by_rest = _best(candidates, ~halves, members, slack)[:, None]
        serving[:, members] = np.where(halves[:, members], by_rest, by_half)
    counted = np.bincount(
        (serving * num_problems + np.arange(num_problems)).reshape(-1),
        minlength=num_cells * num_problems,
    )
    return np.asarray(counted.reshape(num_cells, num_problems) / num_splits)


def _best(candidates: Floats, choosing: Bools, members: Ints, slack: float) -> Ints:
    """The cell that is best on the members of each choosing set, or on all of it without any.

    All sets at once, as one matrix product: choosing is (S, P), the answer (S,).
    """
    inside = choosing[:, members]
    empty = ~inside.any(axis=1)
    with _BLAS.limit(limits=1, user_api="blas"):
        sums = candidates[:, members] @ inside.T.astype(float)
        if empty.any():
            sums[:, empty] = candidates @ choosing[empty].T.astype(float)
    sizes = np.where(empty, choosing.sum(axis=1), inside.sum(axis=1))
    # Rounding must not decide between equals: the first, which is the cheapest, wins.
    enough = sums.max(axis=0) * (1 - TIE_TOLERANCE) - slack * sizes
    return np.asarray((sums >= enough).argmax(axis=0), np.int64)


def chosen_in_sample(candidates: Floats, bins: NDArray[np.object_]) -> Floats:
    """Return each problem's accuracy under `weights_in_sample`, shape (P,)."""
    return np.asarray((weights_in_sample(candidates, bins) * candidates).sum(axis=0))


def chosen_held_out(
    candidates: Floats, bins: NDArray[np.object_], num_splits: int = NUM_SPLITS
) -> Floats:
    """Return each problem's mean accuracy under `weights_held_out`, shape (P,)."""
    return np.asarray((weights_held_out(candidates, bins, num_splits) * candidates).sum(axis=0))


def random_halves(num_problems: int, num_splits: int = NUM_SPLITS) -> Bools:
    """Return random halves of all problems, the same whenever asked; shape (S, P)."""
    return _halves((np.arange(num_problems).tobytes(),), num_splits)


def _members(bins: NDArray[np.object_]) -> list[Ints]:
    return [np.flatnonzero(bins == name) for name in dict.fromkeys(bins.tolist())]


@lru_cache(maxsize=32)  # cells of a policy are split alike; one for 10,000 problems takes 0.5 MB
def _halves(groups: tuple[bytes, ...], num_splits: int) -> Bools:
    """Random halves, each with half of every bin; deterministic; shape (S, P)."""
    bins = [np.frombuffer(members, np.int64) for members in groups]
    rng = np.random.default_rng(SEED)
    halves = np.zeros((num_splits, sum(map(len, bins))), bool)
    for half in halves:
        # Bins of odd size round up and down in turn, so that both halves are never empty.
        spare = 0
        for members in bins:
            size = (len(members) + spare) // 2
            spare = (len(members) + spare) % 2
            half[rng.permutation(members)[:size]] = True
    halves.setflags(write=False)  # cached: callers share it
    return halves
