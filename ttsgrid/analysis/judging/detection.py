"""Does a PRM find the first wrong step? F1 as ProcessBench defines it (arXiv 2412.06559).

A PRM marks the first step whose score is below a threshold, or none. On solutions that have a
wrong step it is right where it marks exactly the first of them, on the others where it marks
none; F1 is the harmonic mean of the two rates, so neither marking everything nor marking
nothing pays. A solution without scores is one that the PRM got wrong.

Whether a solution is judged right depends on the threshold t alone, and holds on one interval:
with a first wrong step k where `score[k] < t <= min(score[:k])`, without one where
`t <= min(score)`. So the best threshold of all is found exactly, from the intervals' ends.

Which threshold: ProcessBench takes the PRM's own decision where it has two classes, which is
one half, and for PRMs that give a plain number the threshold with the best F1 on its GSM8K
part; its appendix shows the best on each part, as an upper bound. Source: its authors in
github.com/QwenLM/ProcessBench, issue 3. Choosing and reporting on the same solutions
flatters, so here the best threshold is also chosen on half of the problems and used on the
other half, over many splits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ttsgrid.analysis.statistics.intervals import clustered_interval
from ttsgrid.analysis.statistics.rank_statistics import Measured
from ttsgrid.core.voting import Bools, Floats, Ints

HALF = 0.5
NUM_SPLITS, SEED = 50, 2412


@dataclass(frozen=True)
class Detection:
    """How well first wrong steps are found; each rate with its 95 % interval over problems.

    Attributes:
        found: share of the solutions with a wrong step in which exactly the first is marked.
        passed: share of the others in which none is.
        f1: their harmonic mean.
    """

    found: Measured
    passed: Measured
    f1: Measured


@dataclass(frozen=True)
class Judgements:
    """On which thresholds a PRM judges each of S solutions right; arrays of shape (S,).

    Attributes:
        low, high: right where `low < threshold <= high`; NaN without scores.
        wrong: whether it has a wrong step.
        problems: which problem it solves, numbered from 0.
    """

    low: Floats
    high: Floats
    wrong: Bools
    problems: Ints

    @classmethod
    def of(
        cls,
        scores: Sequence[Sequence[float]],
        first_wrong: Sequence[int | None],
        problems: Sequence[str],
    ) -> Judgements:
        """Read solutions: their step scores (none: unscored), first wrong step and problem."""
        bounds = [_bounds(*pair) for pair in zip(scores, first_wrong, strict=True)]
        low, high = np.array(bounds, float).reshape(-1, 2).T
        wrong = np.array([first is not None for first in first_wrong], bool)
        return cls(low, high, wrong, np.unique(np.array(problems), return_inverse=True)[1])

    def hits(self, threshold: float) -> Bools:
        """Return which solutions are judged right at a threshold."""
        return np.asarray((self.low < threshold) & (threshold <= self.high))

    def measured(self, hits: Bools | Floats) -> Detection | None:
        """Return the rates of hits, each in [0, 1]; None without both kinds of solutions."""
        if self.wrong.all() or not self.wrong.any():
            return None
        values = np.asarray(hits, float)
        found, passed = (
            _rate(values[kind], self.problems[kind]) for kind in (self.wrong, ~self.wrong)
        )
        return Detection(found, passed, f1_of(found, passed))

    def best_threshold(self, chosen: Bools | None = None) -> float:
        """Return the threshold with the best F1 on the chosen solutions, by default on all.

        Of equals the one nearest to one half; that itself without both kinds of solutions.
        """
        kept = np.ones(len(self.wrong), bool) if chosen is None else chosen
        wrong, right = kept & self.wrong, kept & ~self.wrong
        if not wrong.any() or not right.any():
            return HALF
        found, passed = (self._num_hits(kind) / kind.sum() for kind in (wrong, right))
        f1 = harmonic_mean(found, passed)
        best = self._thresholds[f1 >= f1.max() - 1e-12]
        return float(best[np.abs(best - HALF).argmin()])

    def hits_held_out(self) -> Floats:
        """Return how often each is judged right at a threshold chosen on other problems."""
        rng, num_problems = np.random.default_rng(SEED), int(self.problems.max()) + 1
        total = np.zeros(len(self.wrong))
        for _ in range(NUM_SPLITS):
            half = rng.permutation(num_problems) < num_problems // 2
            chosen = half[self.problems]
            for choosing in (chosen, ~chosen):
                hits = self.hits(self.best_threshold(choosing))
                total[~choosing] += hits[~choosing]
        return total / NUM_SPLITS

    @cached_property
    def _ends(self) -> Floats:
        """Where the number of hits changes, ascending."""
        ends = np.concatenate([self.low, self.high])
        return np.unique(ends[np.isfinite(ends)])

    @cached_property
    def _thresholds(self) -> Floats:
        """One threshold between any two ends, one below all of them and one above."""
        ends = self._ends
        if not len(ends):
            return np.array([HALF])
        middles = (ends[:-1] + ends[1:]) / 2
        # Between neighbouring floats there is none, and half-way rounds to the lower.
        middles = np.where(middles > ends[:-1], middles, ends[1:])
        last = (ends[-1] + 1) / 2 if ends[-1] < 1 else np.nextafter(1.0, 2.0)
        return np.concatenate([[ends[0] / 2], middles, [last]])

    def _num_hits(self, chosen: Bools) -> Ints:
        """How many of the chosen are judged right at each of the thresholds."""
        possible = chosen & (self.low < self.high)
        size = len(self._thresholds)
        # An interval open below and closed above begins after its lower end and ends at its upper.
        begins = np.searchsorted(self._ends, self.low[possible], side="right")
        stops = np.searchsorted(self._ends, self.high[possible], side="right")
        stops = np.where(np.isposinf(self.high[possible]), size, stops)
        starting, stopping = (np.bincount(at, minlength=size + 1) for at in (begins, stops))
        return np.asarray(np.cumsum(starting - stopping)[:size])


def harmonic_mean(first: Floats, second: Floats) -> Floats:
    """Return 2 a b / (a + b), and 0 where both are 0."""
    total = np.asarray(first + second)
    return np.asarray(2 * first * second / np.where(total == 0, 1.0, total))


def f1_of(found: Measured, passed: Measured) -> Measured:
    """Return the harmonic mean of two rates, with an interval from theirs.

    How far each rate alone moves F1 between its bounds, squared and added (MOVER: Zou and
    Donner 2008, doi 10.1002/sim.3095). It rests on score intervals, so it has a width also
    where everything was found; a bootstrap would have none. The two rates are taken for
    independent: few problems have solutions of both kinds.
    """

    def f1(a: float, b: float) -> float:
        return float(harmonic_mean(np.array(a), np.array(b)))

    value = f1(found.value, passed.value)
    down = value - f1(found.low, passed.value), value - f1(found.value, passed.low)
    up = f1(found.high, passed.value) - value, f1(found.value, passed.high) - value
    low, high = value - math.hypot(*down), value + math.hypot(*up)
    return Measured(value, max(low, 0.0), min(high, 1.0))


def _bounds(scores: Sequence[float], first_wrong: int | None) -> tuple[float, float]:
    """The thresholds that judge one solution right: above the first, up to the second."""
    if not len(scores):
        return np.nan, np.nan
    if first_wrong is None:
        return -np.inf, min(scores)
    return scores[first_wrong], min(scores[:first_wrong], default=np.inf)


def _rate(values: Floats, problems: Ints) -> Measured:
    low, high = clustered_interval(values, np.unique(problems, return_inverse=True)[1])
    return Measured(float(values.mean()), low, high)
