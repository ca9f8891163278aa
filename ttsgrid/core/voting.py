"""From step scores to one number, and from many scored answers to one.

The two choices that the literature writes as one name (PRM-Min-Vote is
aggregation `min` with vote `weighted`, PRM-Last-Max is `last` with `max`) are
kept apart here: arXiv 2502.06703, section 2, and Wang et al. 2023 (Math-Shepherd).

Answers arrive as *classes*: small integers, equal where the benchmark's own
equivalence says that two answers mean the same, `NO_ANSWER` where a solution
gave none. Invariants:

* a solution without an answer never wins and gives its weight to nobody; nor does one
  without a score (NaN) in a vote that needs scores: it stays, and can't win;
* on a tie the class (for `max`: the solution) seen first wins, so the outcome is
  a function of the pool's order, and uniform over the tied samples where that
  order is random, which is what `ttsgrid.analysis.statistics.estimators` computes;
* nothing is invented: what has no score doesn't get a score of 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ttsgrid.core.catalogue import Catalogue, Entry

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NO_ANSWER = -1
TIE_TOLERANCE = 1e-9  # relative: sums of the same scores in another order differ by rounding


@dataclass(frozen=True)
class Aggregation:
    """How a solution's step scores become one score.

    Attributes:
        reduce: called with the step scores of all solutions end to end, where each starts and
            how many it has (at least one), returns one score each.
        needs_non_negative: whether scores below 0 make the result mean nothing.
        display: that score for people, as in "the product of step scores".
    """

    name: str
    reduce: Callable[[Floats, Ints, Ints], Floats]
    needs_non_negative: bool = False
    display: str = ""

    def __post_init__(self) -> None:
        if not self.display:
            object.__setattr__(self, "display", f"{self.name} of step scores")


class Combine(StrEnum):
    """How the weights of the solutions that share an answer become the answer's."""

    SUM = "sum"
    """They add up; on a tie the answer seen first wins."""
    MAX = "max"
    """The largest counts, so that the heaviest solution's answer wins."""


@dataclass(frozen=True)
class Vote:
    """How solutions elect an answer: each gives its answer a weight, and the heaviest wins.

    A vote of your own is a weight, which is exact or nearly so at every N:

        >>> from ttsgrid.core.voting import VOTES, Combine, Vote, elect
        >>> squared = VOTES.add(Vote("squared", "squared sum", weight=lambda scores: scores**2))
        >>> elect([0, 0, 1], squared, scores=[0.5, 0.5, 0.8])
        2

    Attributes:
        name: in stores and tables.
        display: its name for people; the name where empty.
        weight: scores of solutions that have an answer, shape (k,), to weights of that shape.
        combine: how weights of one answer are put together.
        needs_scores: whether a PRM's scores are read; else all weights are 1.
        needs_non_negative: whether a score below 0 has no meaning as a weight.
        choose: for what no weight can say: answer classes, shape (k,), and scores of the
            solutions that have an answer, to the winner's position. Estimated by drawing
            subsets.
        line: matplotlib's style of its line, where votes are told apart by it.
        sentence: whose answer wins, with `{score}` for what each solution's score is.
    """

    name: str
    display: str = ""
    weight: Callable[[Floats], Floats] | None = None
    combine: Combine = Combine.SUM
    needs_scores: bool = True
    needs_non_negative: bool = False
    choose: Callable[[Ints, Floats], int] | None = None
    line: str = "-."
    sentence: str = ""

    def __post_init__(self) -> None:
        if not self.display:
            object.__setattr__(self, "display", self.name)
        if not self.sentence:
            over = " over the {score}" if self.needs_scores else ""
            object.__setattr__(self, "sentence", f"the vote {self.display}{over}")

    def weights(self, scores: Floats) -> Floats:
        """Return the weights of solutions from their scores, any shape."""
        if not self.needs_scores:
            return np.ones_like(scores)
        return scores if self.weight is None else np.asarray(self.weight(scores), float)


def aggregate(step_scores: Sequence[float], how: Aggregation | str) -> float:
    """Return one score for a solution.

    Args:
        step_scores: the PRM's score of each step, in order.
        how: an aggregation, or its name.

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
        how: an aggregation, or its name.

    Returns:
        One score per solution, shape (num_solutions,); NaN where it has no steps.
    """
    bounds = np.asarray(offsets, np.int64)
    # A slice of an Arrow column keeps the values that follow it; the last run must not.
    flat = np.asarray(values, float)[: bounds[-1]]
    starts, lengths = bounds[:-1], np.diff(bounds)
    result = np.full(len(starts), np.nan)
    filled = lengths > 0
    if filled.any():
        result[filled] = _entry(AGGREGATIONS, how).reduce(flat, starts[filled], lengths[filled])
    return result


def elect(classes: ArrayLike, how: Vote | str, scores: ArrayLike | None = None) -> int | None:
    """Return the index of the solution whose answer wins, or None if no solution has one.

    The winner of a sum is the first solution of the winning class; of a maximum, the
    heaviest solution itself.

    Args:
        classes: answer class of each solution, `NO_ANSWER` for none; shape (n,).
        how: a vote, or its name.
        scores: one score per solution, NaN for none, shape (n,); `majority` needs none.

    Raises:
        ValueError: the vote needs scores and there are none.
    """
    vote, labels = _entry(VOTES, how), np.asarray(classes, np.int64)
    every = _scores(len(labels), vote, scores)
    answered = np.flatnonzero((labels != NO_ANSWER) & ~np.isnan(every))
    if not answered.size:
        return None
    given = every[answered]
    if vote.choose is not None:
        return int(answered[vote.choose(labels[answered], given)])
    weights = vote.weights(given)
    if vote.combine is Combine.MAX:
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


def _scores(num_solutions: int, vote: Vote, scores: ArrayLike | None) -> Floats:
    if not vote.needs_scores:
        return np.ones(num_solutions)
    if scores is None:
        raise ValueError(f"the {vote.name} vote needs a score for each solution")
    return np.asarray(scores, float)


def _entry(catalogue: Catalogue[Entry], how: Entry | str) -> Entry:
    return catalogue.find("how", how) if isinstance(how, str) else how


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
LAST = Aggregation("last", _last, display="last step score")
AGGREGATIONS: Catalogue[Aggregation] = Catalogue(
    "aggregation",
    (
        Aggregation("min", _minimum, display="lowest step score"),
        LAST,
        Aggregation("avg", _mean, display="average step score"),
        Aggregation("prod", _product, needs_non_negative=True, display="product of step scores"),
    ),
)
MAJORITY_VOTE = Vote("majority", needs_scores=False, line=":", sentence="the most frequent answer")
VOTES: Catalogue[Vote] = Catalogue(
    "vote",
    (
        MAJORITY_VOTE,
        Vote(
            "max",
            combine=Combine.MAX,
            line="--",
            sentence="the answer whose {score} is highest",
        ),
        Vote(
            "weighted",
            needs_non_negative=True,
            line="-",
            sentence="answers weighted by the {score}",
        ),
    ),
)


def voting_name(aggregation: str | None, vote: str) -> str:
    """Return the one name of a way to score and vote, e.g. `prod-weighted` or `majority`.

    A vote that nobody added, as in a store of somebody else's, keeps its own name.
    """
    known = VOTES.get(vote)
    name = vote if known is None else known.display
    return f"{aggregation}-{name}" if aggregation else name


def voting_in_words(aggregation: str | None, vote: str, scored_by: str | None = None) -> str:
    """Return the same as people say it, e.g. `answers weighted by the product of step scores`.

    Args:
        aggregation: its name; None for a vote that reads no scores.
        vote: its name.
        scored_by: the PRM, to be named where scores are read.
    """
    ways = AGGREGATIONS.get(aggregation or "")
    score = ways.display if ways else f"{aggregation} of step scores"
    whose = f" from {scored_by}" if scored_by else ""
    return (VOTES.get(vote) or Vote(vote)).sentence.format(score=score + whose)


def scored_votes() -> tuple[Vote, ...]:
    """Return the votes that read a PRM's scores."""
    return tuple(vote for vote in VOTES if vote.needs_scores)
