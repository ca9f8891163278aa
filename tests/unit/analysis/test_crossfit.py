"""Held-out selection: it neither flatters nor misses a real difference."""

from __future__ import annotations

import numpy as np
import pytest

from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.statistics.crossfit import (
    _halves,
    _members,
    chosen_held_out,
    chosen_in_sample,
    weights_held_out,
)

BINS = np.array([Bin.EASY] * 30 + [Bin.MEDIUM] * 20 + [Bin.HARD] * 11, dtype=object)


def test_among_equal_strategies_in_sample_gains_and_held_out_does_not() -> None:
    rng = np.random.default_rng(0)
    in_sample, held_out = [], []
    for _ in range(60):
        verdicts = (rng.random((16, len(BINS))) < 0.5).astype(float)
        in_sample.append(chosen_in_sample(verdicts, BINS).mean() - 0.5)
        held_out.append(chosen_held_out(verdicts, BINS, num_splits=20).mean() - 0.5)
    error = np.std(held_out, ddof=1) / np.sqrt(len(held_out))
    assert np.mean(in_sample) > 0.1
    assert abs(np.mean(held_out)) < 3 * error


def test_a_strategy_that_is_best_in_each_bin_is_found_there() -> None:
    good_when_easy = np.where(BINS == Bin.EASY, 1.0, 0.2)
    good_when_hard = np.where(BINS == Bin.EASY, 0.6, 0.7)
    candidates = np.stack([good_when_easy, good_when_hard])
    expected = candidates.max(axis=0)
    np.testing.assert_array_equal(chosen_in_sample(candidates, BINS), expected)
    np.testing.assert_allclose(chosen_held_out(candidates, BINS), expected)


def test_no_problem_helps_to_choose_what_it_is_scored_with() -> None:
    # Each candidate is right on one problem only: held out, that problem can't elect it.
    candidates = np.eye(8)
    bins = np.array([Bin.EASY] * 8, dtype=object)
    assert chosen_in_sample(candidates, bins).sum() == 1
    assert chosen_held_out(candidates, bins).sum() == 0


def test_a_bin_with_one_problem_is_served_by_the_other_half() -> None:
    bins = np.array([Bin.HARD] + [Bin.EASY] * 9, dtype=object)
    always_right, never_right = np.ones(10), np.zeros(10)
    result = chosen_held_out(np.stack([never_right, always_right]), bins)
    np.testing.assert_array_equal(result, np.ones(10))


def test_one_problem_cannot_be_held_out() -> None:
    with pytest.raises(ValueError, match="two problems"):
        chosen_held_out(np.ones((2, 1)), np.array([Bin.EASY], dtype=object))


def test_all_splits_at_once_are_each_split_on_its_own() -> None:
    rng = np.random.default_rng(7)
    verdicts = rng.binomial(4, 0.5, (5, len(BINS))) / 4
    weights = weights_held_out(verdicts, BINS, num_splits=6)
    np.testing.assert_allclose(weights.sum(axis=0), 1.0)
    expected = np.zeros_like(weights)
    groups = _members(BINS)
    for half in _halves(tuple(members.tobytes() for members in groups), 6):
        for chooses in (half, ~half):
            for members in groups:
                inside, scored = members[chooses[members]], members[~chooses[members]]
                expected[verdicts[:, inside].mean(axis=1).argmax(), scored] += 1 / 6
    np.testing.assert_allclose(weights, expected)


def test_among_equals_the_first_is_chosen() -> None:
    verdicts = np.random.default_rng(8).random(len(BINS))
    weights = weights_held_out(np.stack([verdicts, verdicts, 0.9 * verdicts]), BINS)
    np.testing.assert_allclose(weights[0], 1.0)
