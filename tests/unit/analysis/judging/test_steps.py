"""Telling right steps from wrong ones, and calibration, against computations by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from ttsgrid.analysis.judging.steps import JudgedSteps, area_within_solutions, calibration

SCORES = [[0.9, 0.3, 0.95], [0.8, 0.6], [0.2], []]
FIRST_WRONG = [1, None, 0, None]
PROBLEMS = ["a", "b", "c", "d"]


def test_the_area_counts_pairs_of_steps_up_to_the_first_wrong_one() -> None:
    """Right: .9 .8 .6; wrong: .3 .2 (the step after .3 says nothing). All 6 pairs: 1."""
    area = JudgedSteps.of(SCORES, FIRST_WRONG, PROBLEMS).area()
    assert area is not None
    assert area.value == 1.0
    worse = [[0.25, 0.3, 0.95], *SCORES[1:]]  # now .25 is below .3, above .2: 5 of 6
    area = JudgedSteps.of(worse, FIRST_WRONG, PROBLEMS).area()
    assert area is not None
    assert area.value == pytest.approx(5 / 6)


def test_the_area_is_that_of_mann_and_whitney() -> None:
    rng = np.random.default_rng(0)
    scores = [np.round(rng.random(rng.integers(1, 7)), 1).tolist() for _ in range(80)]
    first = [int(rng.integers(len(s))) if rng.random() < 0.5 else None for s in scores]
    steps = JudgedSteps.of(scores, first, [f"p{i // 2}" for i in range(80)])
    right, wrong = steps.scores[steps.right], steps.scores[~steps.right]
    expected = mannwhitneyu(right, wrong).statistic / (len(right) * len(wrong))
    area = steps.area()
    assert area is not None
    assert area.value == pytest.approx(expected)


def test_within_a_solution_a_step_is_compared_with_the_first_wrong_one_after_it() -> None:
    """.9 is above .3: 1; of .1 and .5 before .5 none is above and one ties: 1/4."""
    scores = [[0.9, 0.3, 0.1], [0.1, 0.5, 0.5], [0.2], [0.5, 0.1]]
    measured = area_within_solutions(scores, [1, 2, 0, None], ["a", "b", "c", "d"])
    assert measured is not None
    assert measured.value == pytest.approx((1 + 1 / 4) / 2)
    assert area_within_solutions([[0.1]], [0], ["a"]) is None


def test_calibration_of_a_made_up_scorer_is_that_computed_by_hand() -> None:
    """Bins: .2 and .25 (one of two right), .75 (right), 1.0 (wrong)."""
    scores = [[0.2], [0.25], [0.75], [1.0]]
    steps = JudgedSteps.of(scores, [0, None, None, 0], ["a", "b", "c", "d"])
    measured = calibration(steps)
    assert measured is not None
    assert [(b.num_steps, b.score, b.right.value) for b in measured.bins] == [
        (2, pytest.approx(0.225), 0.5),
        (1, 0.75, 1.0),
        (1, 1.0, 0.0),
    ]
    expected = (2 * abs(0.5 - 0.225) + abs(1 - 0.75) + abs(0 - 1)) / 4
    assert measured.error.value == pytest.approx(expected)
    assert measured.error.low <= expected <= measured.error.high


def test_scores_that_are_true_probabilities_err_as_much_as_such_would() -> None:
    rng = np.random.default_rng(3)
    values = rng.random(4000)
    right = rng.random(4000) < values
    steps = JudgedSteps(values, right, np.arange(4000) // 4)
    measured = calibration(steps)
    assert measured is not None
    assert measured.error.value == pytest.approx(measured.error_if_true, abs=0.008)
    sure = calibration(JudgedSteps(values**0.2, right, np.arange(4000) // 4))
    assert sure is not None
    assert sure.error.low > 5 * sure.error_if_true


def test_nothing_scored_is_nothing_measured() -> None:
    steps = JudgedSteps.of([[], []], [None, 0], ["a", "b"])
    assert steps.area() is None
    assert calibration(steps) is None
