"""How well a PRM tells right steps from the first wrong one, and how far its scores are true.

Only steps up to and including the first wrong one are judged: what is right after an error is
a matter of opinion, and ProcessBench says nothing of it.

* area, over the steps of all problems: how often a right step outscores a wrong one. Knowing
  which problems are hard is enough to do well in it.
* area within a solution: the same among the steps of one solution that goes wrong after its
  first step, averaged over such solutions.
* calibration: a score is meant as the probability that the step is right. The expected
  calibration error is the mean distance between score and share of right steps over ten bins of
  equal width, weighted by their steps (Guo et al. 2017, arXiv 1706.04599).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ttsgrid.analysis.statistics.intervals import clustered_interval
from ttsgrid.analysis.statistics.rank_statistics import Measured, area_under_curve
from ttsgrid.core.voting import Bools, Floats, Ints

NUM_BINS = 10
NUM_RESAMPLES, SEED, TAIL = 1000, 1706, 0.025


@dataclass(frozen=True)
class JudgedSteps:
    """The steps that are judged, one after another.

    Attributes:
        scores: in [0, 1], shape (n,).
        right: shape (n,).
        problems: which problem each belongs to, numbered from 0 without gaps, shape (n,).
    """

    scores: Floats
    right: Bools
    problems: Ints

    @classmethod
    def of(
        cls,
        scores: Sequence[Sequence[float]],
        first_wrong: Sequence[int | None],
        problems: Sequence[str],
    ) -> JudgedSteps:
        """Cut each solution after its first wrong step; unscored ones have none."""
        kept: list[float] = []
        right: list[bool] = []
        of: list[str] = []
        for steps, first, problem in zip(scores, first_wrong, problems, strict=True):
            judged = steps if first is None else steps[: first + 1]
            kept += judged
            right += [index != first for index in range(len(judged))]
            of += [problem] * len(judged)
        numbers = np.unique(np.array(of), return_inverse=True)[1]
        return cls(np.array(kept, float), np.array(right, bool), numbers)

    def area(self) -> Measured | None:
        """Return how often a right step outscores a wrong one; None with too few of either."""
        if not len(self.scores):
            return None
        return area_under_curve(self.scores, self.right, self.problems)


def area_within_solutions(
    scores: Sequence[Sequence[float]],
    first_wrong: Sequence[int | None],
    problems: Sequence[str],
) -> Measured | None:
    """Return how often a step outscores the first wrong one after it, solution by solution.

    Ties count half. None where no scored solution goes wrong after its first step.
    """
    shares: list[float] = []
    of: list[str] = []
    for steps, first, problem in zip(scores, first_wrong, problems, strict=True):
        if first and len(steps):
            before = np.array(steps[:first])
            above = (before > steps[first]).mean() + (before == steps[first]).mean() / 2
            shares.append(float(above))
            of.append(problem)
    if not shares:
        return None
    values = np.array(shares)
    low, high = clustered_interval(values, np.unique(np.array(of), return_inverse=True)[1])
    return Measured(float(values.mean()), low, high)


@dataclass(frozen=True)
class Bin:
    """The steps whose scores lie in one bin.

    Attributes:
        score: their mean score.
        right: share of right ones, with its 95 % interval over problems.
    """

    num_steps: int
    score: float
    right: Measured


@dataclass(frozen=True)
class Calibration:
    """How far scores are probabilities.

    Attributes:
        error: expected calibration error, with its 95 % interval over problems.
        error_if_true: what it would be on average if each score were exactly the probability:
            with few steps it is never 0.
        bins: those that hold any step, by score.
    """

    error: Measured
    error_if_true: float
    bins: tuple[Bin, ...]


def calibration(steps: JudgedSteps) -> Calibration | None:
    """Measure the calibration of judged steps; None without any."""
    if not len(steps.scores):
        return None
    # A score of 1 belongs to the last bin.
    bins = np.minimum((steps.scores * NUM_BINS).astype(int), NUM_BINS - 1)
    return Calibration(
        _error_with_bounds(steps, bins),
        _error_if_true(steps, bins),
        tuple(_bin(steps, bins == number) for number in np.unique(bins)),
    )


def _bin(steps: JudgedSteps, members: Bools) -> Bin:
    right = steps.right[members].astype(float)
    problems = np.unique(steps.problems[members], return_inverse=True)[1]
    low, high = clustered_interval(right, problems)
    measured = Measured(float(right.mean()), low, high)
    return Bin(int(members.sum()), float(steps.scores[members].mean()), measured)


def _error(gaps: Floats, num_steps: Ints | int) -> Floats:
    """The error from (right less score) summed over each bin, shape (..., bins)."""
    return np.asarray(np.abs(gaps).sum(axis=-1) / num_steps)


def _error_with_bounds(steps: JudgedSteps, bins: Ints) -> Measured:
    """The bootstrap over problems, turned round: resampling adds noise, which adds error."""
    num_problems = int(steps.problems.max()) + 1
    sums = np.zeros((num_problems, NUM_BINS))
    np.add.at(sums, (steps.problems, bins), steps.right - steps.scores)
    sizes = np.bincount(steps.problems, minlength=num_problems)
    value = float(_error(sums.sum(axis=0), len(bins)))
    rng = np.random.default_rng(SEED)
    drawn = rng.multinomial(num_problems, np.full(num_problems, 1 / num_problems), NUM_RESAMPLES)
    errors = _error(drawn @ sums, drawn @ sizes)
    above, below = np.quantile(errors, [1 - TAIL, TAIL])
    return Measured(value, max(2 * value - float(above), 0.0), max(2 * value - float(below), 0.0))


def _error_if_true(steps: JudgedSteps, bins: Ints) -> float:
    rng, errors = np.random.default_rng(SEED), []
    for _ in range(NUM_RESAMPLES // 10):
        right = rng.random(len(bins)) < steps.scores
        gaps = np.bincount(bins, right - steps.scores, minlength=NUM_BINS).astype(float)
        errors.append(float(_error(gaps, len(bins))))
    return float(np.mean(errors))
