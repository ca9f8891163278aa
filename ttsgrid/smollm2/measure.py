"""What policies and the PRM do on pools of held-out problems, with intervals.

A pool is the same number of samples of each problem, so that every figure is the estimator
that a sweep's tables use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ttsgrid.analysis.statistics.estimators import any_correct, best_of_k, vote_at_k
from ttsgrid.analysis.statistics.intervals import difference_intervals, mean_intervals
from ttsgrid.core.voting import AGGREGATIONS, NO_ANSWER, Bools, Floats, Ints, aggregate
from ttsgrid.smollm2.solutions import Solution, boxed_number, by_problem

NUM_RESAMPLES = 2000


@dataclass(frozen=True)
class Rate:
    """A share in [0, 1] with its 95 % interval over problems."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Floats) -> Rate:
        """Return the mean of one value per problem."""
        found = mean_intervals(np.asarray(values, float))
        return cls(float(values.mean()), float(found.low), float(found.high))


@dataclass(frozen=True)
class Pools:
    """Samples of problems, in arrays of shape (problems, samples).

    Attributes:
        classes: equal numbers share a class; -1 without an answer.
    """

    correct: Bools
    classes: Ints

    @classmethod
    def of(cls, solutions: Sequence[Solution]) -> Pools:
        """Read solutions that lie problem by problem, as many for each."""
        groups = list(by_problem(solutions).values())
        correct = np.array([[one.correct for one in group] for group in groups])
        classes = np.array(
            [_classes([boxed_number(one.text) for one in group]) for group in groups]
        )
        return cls(correct, classes)


def _classes(answers: Sequence[str | None]) -> list[int]:
    seen: dict[str, int] = {}
    return [
        NO_ANSWER if answer is None else seen.setdefault(answer, len(seen)) for answer in answers
    ]


def policy_figures(pools: Pools, greedy: Sequence[Solution]) -> dict[str, Any]:
    """Return what a policy does alone."""
    size = pools.correct.shape[1]
    ks = [k for k in (1, 4, 16, 64) if k <= size]
    boxed = np.array([boxed_number(one.text) is not None for one in greedy], float)
    return {
        "num_problems": len(pools.correct),
        "num_samples": size,
        "greedy": asdict(Rate.of(np.array([one.correct for one in greedy], float))),
        "boxed": asdict(Rate.of(boxed)),
        "pass": {str(k): asdict(Rate.of(any_correct(pools.correct, k))) for k in ks},
        "majority": {
            str(k): asdict(Rate.of(vote_at_k(pools.classes, pools.correct, k).accuracy)) for k in ks
        },
    }


def prm_figures(pools: Pools, scores: Sequence[Sequence[float]], k: int) -> dict[str, Any]:
    """Return what a PRM's step scores do with pools, by how they are folded into one number.

    Args:
        pools: the samples.
        scores: step scores of each sample, problem by problem; empty without steps.
        k: the budget of best-of-N and of the votes.
    """
    majority = vote_at_k(pools.classes, pools.correct, k).accuracy
    figures: dict[str, Any] = {}
    for name in AGGREGATIONS.names:
        folded = np.array([_folded(name, one) for one in scores]).reshape(pools.correct.shape)
        best = best_of_k(folded, pools.correct, pools.classes, k).accuracy
        vote = vote_at_k(pools.classes, pools.correct, k, folded).accuracy
        figures[name] = {
            "within_problem": within_problem(folded, pools.correct),
            "best_of_n": asdict(Rate.of(best)),
            "weighted": asdict(Rate.of(vote)),
            "best_of_n_minus_majority": paired_difference(best, majority),
            "weighted_minus_majority": paired_difference(vote, majority),
        }
    return figures


def paired_difference(first: Floats, second: Floats) -> dict[str, float]:
    """Return the mean of `first - second` and its 95 % interval over problems."""
    found = difference_intervals(first, second)
    mean = float((first - second).mean())
    return asdict(Rate(mean, float(found.low), float(found.high)))


def _folded(name: str, steps: Sequence[float]) -> float:
    return aggregate(steps, name) if len(steps) else float("nan")


def within_problem(scores: Floats, correct: Bools, seed: int = 0) -> dict[str, float | int] | None:
    """Return how often a right sample outranks a wrong one of the same problem, and how surely.

    Problems with both kinds count alike; the interval is a bootstrap over them. None where
    fewer than two have both.
    """
    rates = ranking_rates(scores, correct)
    if len(rates) < 2:
        return None
    rng = np.random.default_rng(seed)
    means = rng.choice(rates, (NUM_RESAMPLES, len(rates))).mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return {
        "value": float(np.mean(rates)),
        "low": float(low),
        "high": float(high),
        "num_problems": len(rates),
    }


def ranking_rates(scores: Floats, correct: Bools) -> Floats:
    """Return that rate for each problem that has right and wrong samples, in order."""
    rates = []
    for row, right in zip(scores, correct, strict=True):
        scored = ~np.isnan(row)
        good, bad = row[scored & right], row[scored & ~right]
        if len(good) and len(bad):
            above = (good[:, None] > bad[None]) + 0.5 * (good[:, None] == bad[None])
            rates.append(float(above.mean()))
    return np.array(rates)
