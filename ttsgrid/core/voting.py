"""From step scores to one number, and from many scored answers to one.

The two choices that the literature writes as one name (PRM-Min-Vote is
aggregation `min` with vote `weighted`, PRM-Last-Max is `last` with `max`) are
kept apart here: arXiv 2502.06703, section 2, and Wang et al. 2023 (Math-Shepherd).

Answers arrive as *classes*: small integers, equal where the benchmark's own
equivalence says that two answers mean the same, `NO_ANSWER` where a solution
gave none. Invariants:

* a solution without an answer never wins and gives its weight to nobody;
* on a tie the class (for `max`: the solution) seen first wins, so the outcome is
  a function of the pool's order, and uniform over the tied samples where that
  order is random, which is what `ttsgrid.analysis.statistics.estimators` computes;
* nothing is invented: no steps or a NaN score raise, they don't become 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NO_ANSWER = -1
TIE_TOLERANCE = 1e-9  # relative: sums of the same scores in another order differ by rounding


class Aggregation(StrEnum):
    """How a solution's step scores become one score."""

    MIN = "min"
    LAST = "last"
    AVG = "avg"
    PROD = "prod"


class Vote(StrEnum):
    """How scored solutions elect an answer."""

    MAJORITY = "majority"
    MAX = "max"
    WEIGHTED = "weighted"


def aggregate(step_scores: Sequence[float], how: Aggregation | str) -> float:
    """Return one score for a solution.

    Args:
        step_scores: the PRM's score of each step, in order.
        how: `min`, `last`, `avg` (mean) or `prod`.

    Raises:
        ValueError: there are no steps, so there is nothing to aggregate.
    """
    if not len(step_scores):
        raise ValueError("a solution without step scores has no aggregate")
    return float(aggregate_ragged(np.asarray(step_scores, float), [0, len(step_scores)], how)[0])


def aggregate_ragged(values: ArrayLike, offsets: ArrayLike, how: Aggregation | str) -> Floats:
    """Aggregate many solutions at once, from Arrow's layout of a list column.

    Args:
        values: the step scores of all solutions end to end, shape (num_steps,).
        offsets: where each solution starts, shape (num_solutions + 1,).
        how: `min`, `last`, `avg` or `prod`.

    Returns:
        One score a solution, shape (num_solutions,); NaN where it has no steps.
    """
    bounds = np.asarray(offsets, np.int64)
    # A slice of an Arrow column keeps the values that follow it; the last run must not.
    flat = np.asarray(values, float)[: bounds[-1]]
    starts, lengths = bounds[:-1], np.diff(bounds)
    result = np.full(len(starts), np.nan)
    filled = lengths > 0
    if filled.any():
        result[filled] = _AGGREGATE[Aggregation(how)](flat, starts[filled], lengths[filled])
    return result


def elect(classes: ArrayLike, how: Vote | str, scores: ArrayLike | None = None) -> int | None:
    """Return the index of the solution whose answer wins, or None if no solution has one.

    The winner of `majority` and `weighted` is the first solution of the winning
    class; of `max`, the highest-scored solution itself.

    Args:
        classes: answer class of each solution, `NO_ANSWER` for none; shape (n,).
        how: `majority` (most frequent class), `max` (class of the highest score) or
            `weighted` (largest sum of scores).
        scores: one score a solution, shape (n,); `majority` needs none.

    Raises:
        ValueError: scores are missing, or NaN for a solution that has an answer.
    """
    labels = np.asarray(classes, np.int64)
    answered = np.flatnonzero(labels != NO_ANSWER)
    if not answered.size:
        return None
    weights = _weights(answered, Vote(how), scores)
    if how == Vote.MAX:
        return int(answered[np.argmax(weights)])
    return int(answered[np.argmax(ties_with_best(_class_tally(labels[answered], weights)))])


def ties_with_best(tally: Floats) -> Bools:
    """Mark the entries equal to the largest along the first axis, up to rounding."""
    best = tally.max(axis=0, keepdims=True)
    return np.asarray(tally >= best - TIE_TOLERANCE * np.abs(best))


def _class_tally(classes: Ints, weights: Floats) -> Floats:
    """The weight of each solution's whole class, shape (n,)."""
    _, inverse = np.unique(classes, return_inverse=True)
    return np.asarray(np.bincount(inverse, weights=weights)[inverse], float)


def _weights(answered: Ints, how: Vote, scores: ArrayLike | None) -> Floats:
    if how is Vote.MAJORITY:
        return np.ones(len(answered))
    if scores is None:
        raise ValueError(f"the {how} vote needs a score for each solution")
    weights = np.asarray(scores, float)[answered]
    if np.isnan(weights).any():
        raise ValueError(f"the {how} vote met a solution that has an answer but no score")
    return weights


def _minimum(flat: Floats, starts: Ints, lengths: Ints) -> Floats:
    return np.asarray(np.minimum.reduceat(flat, starts))


def _last(flat: Floats, starts: Ints, lengths: Ints) -> Floats:
    return np.asarray(flat[starts + lengths - 1])


def _mean(flat: Floats, starts: Ints, lengths: Ints) -> Floats:
    return np.asarray(np.add.reduceat(flat, starts) / lengths)


def _product(flat: Floats, starts: Ints, lengths: Ints) -> Floats:
    return np.asarray(np.multiply.reduceat(flat, starts))


# Empty solutions are left out of `starts`: reduceat would give them a neighbour's value,
# and without them each run ends where the next one starts.
_AGGREGATE: dict[Aggregation, Callable[[Floats, Ints, Ints], Floats]] = {
    Aggregation.MIN: _minimum,
    Aggregation.LAST: _last,
    Aggregation.AVG: _mean,
    Aggregation.PROD: _product,
}
