"""Intervals: what they cover, and how they behave at the edges."""

from __future__ import annotations

import numpy as np
import pytest

from ttsgrid.analysis.statistics.intervals import (
    difference_intervals,
    mean_intervals,
    simultaneous_intervals,
)

NUM_STORES = 3000


def _verdicts(mean_rate: float, num_problems: int, seed: int) -> tuple[np.ndarray, float]:
    """Simulated stores: problems with rates from a Beta, one noisy accuracy each."""
    rng = np.random.default_rng(seed)
    rates = rng.beta(mean_rate, 1 - mean_rate, (NUM_STORES, num_problems))
    return rng.binomial(8, rates) / 8, mean_rate


@pytest.mark.parametrize("num_problems", [30, 40, 100, 300])
@pytest.mark.parametrize("mean_rate", [0.2, 0.5, 0.85])
def test_nominal_95_percent_covers_93_to_97_percent(mean_rate: float, num_problems: int) -> None:
    values, truth = _verdicts(mean_rate, num_problems, seed=num_problems)
    interval = mean_intervals(values)
    covered = ((interval.low <= truth) & (truth <= interval.high)).mean()
    assert 0.93 <= covered <= 0.97


@pytest.mark.parametrize("num_problems", [30, 40, 100, 300])
@pytest.mark.parametrize("mean_rate", [0.02, 0.05, 0.1, 0.9, 0.95, 0.98])
def test_where_few_problems_differ_an_interval_errs_towards_caution(
    mean_rate: float, num_problems: int
) -> None:
    values, truth = _verdicts(mean_rate, num_problems, seed=num_problems)
    interval = mean_intervals(values)
    covered = ((interval.low <= truth) & (truth <= interval.high)).mean()
    assert covered >= 0.92


def test_an_interval_of_nearly_all_is_nearly_that_of_all() -> None:
    nearly = np.ones(40)
    nearly[0] = 0.999
    interval = mean_intervals(nearly)
    assert interval.low < 0.96
    assert interval.high <= 1


def test_paired_differences_cover_and_are_narrower_than_unpaired_ones() -> None:
    rng = np.random.default_rng(5)
    rates = rng.beta(0.5, 0.5, (NUM_STORES, 120))
    weak, strong = rng.binomial(4, rates) / 4, rng.binomial(4, np.sqrt(rates)) / 4
    truth = _mean_root_of_beta() - 0.5
    paired = difference_intervals(strong, weak)
    covered = ((paired.low <= truth) & (truth <= paired.high)).mean()
    assert 0.93 <= covered <= 0.97
    shuffled = difference_intervals(strong, rng.permuted(weak, axis=1))
    assert (paired.high - paired.low).mean() < 0.8 * (shuffled.high - shuffled.low).mean()


def _mean_root_of_beta() -> float:
    """E[sqrt(X)] for X ~ Beta(1/2, 1/2): X = sin(t)^2 with t uniform, so 2 / pi."""
    return 2 / np.pi


def test_simultaneous_intervals_hold_for_the_best_of_many_equal_candidates() -> None:
    rng = np.random.default_rng(6)
    num_candidates, num_stores, alone_wrong, together_wrong = 12, 100, 0, 0
    for _ in range(num_stores):
        differences = rng.choice([-1.0, 0.0, 1.0], (num_candidates, 100))
        best = int(differences.mean(axis=1).argmax())
        alone = difference_intervals(differences, np.zeros_like(differences))
        alone_wrong += alone.low[best] > 0
        together_wrong += simultaneous_intervals(differences).low[best] > 0
    assert alone_wrong / num_stores > 0.15
    assert together_wrong / num_stores < 0.05


def test_a_row_without_variation_still_gets_a_bound() -> None:
    interval = mean_intervals(np.stack([np.ones(30), np.zeros(30)]))
    exact = 0.025 ** (1 / 30)  # Clopper and Pearson 1934
    assert interval.high[0] == 1
    assert interval.low[0] == pytest.approx(exact, abs=0.001)
    assert interval.low[1] == 0
    assert interval.high[1] == pytest.approx(1 - exact, abs=0.001)


def test_the_same_values_give_the_same_interval() -> None:
    values = np.random.default_rng(0).random(50)
    first, again = mean_intervals(values), mean_intervals(values.copy())
    assert (first.low, first.high) == (again.low, again.high)


def test_no_problems_no_interval() -> None:
    with pytest.raises(ValueError, match="no problems"):
        mean_intervals(np.empty((3, 0)))


@pytest.mark.parametrize("num_problems", [30, 40, 100])
def test_all_of_several_candidates_are_covered_together(num_problems: int) -> None:
    rng = np.random.default_rng(num_problems)
    truth, num_stores, covered = 0.5 - _mean_root_of_beta(), 400, 0
    for _ in range(num_stores):
        rates = rng.beta(0.5, 0.5, num_problems)
        greedy = rng.binomial(1, np.sqrt(rates))
        differences = np.stack([rng.binomial(8, rates) / 8 - greedy for _ in range(6)])
        interval = simultaneous_intervals(differences)
        covered += bool(((interval.low <= truth) & (truth <= interval.high)).all())
    assert 0.92 <= covered / num_stores <= 0.98


def test_adjusted_intervals_stay_among_differences_that_there_can_be() -> None:
    few = np.array([[1.0, 1.0, 0.0, 1.0, -1.0, 1.0], [-1.0, -1.0, -1.0, 0.0, -1.0, 1.0]])
    for differences in (few, np.ones((2, 6)), -np.ones((2, 6))):
        interval, means = simultaneous_intervals(differences), differences.mean(axis=1)
        assert (interval.low >= -1.0).all()
        assert (interval.low <= means).all()
        assert (means <= interval.high).all()
        assert (interval.high <= 1.0).all()


def test_two_policies_that_answer_all_of_30_problems_may_differ_by_about_ten_points() -> None:
    interval = difference_intervals(np.ones(30), np.ones(30))
    # Of 30 pairs none differs: 3 in 30 is what that leaves open (rule of three), 11.6 exactly.
    assert 0.08 < interval.high < 0.12
    assert interval.low == pytest.approx(-interval.high)
    adjusted = simultaneous_intervals(np.zeros((5, 30)))
    assert (adjusted.high > interval.high).all()


def test_it_is_the_published_score_interval() -> None:
    """Airway hyper-responsiveness, 1 and 7 discordant of 21: Fagerland, Lydersen, Laake 2014.

    The published figures leave out the widening for few problems, 1.5 % of the reach here.
    """
    first = np.repeat([1.0, 0.0, 1.0], [1, 7, 13])
    second = np.repeat([0.0, 1.0, 1.0], [1, 7, 13])
    interval = difference_intervals(first, second)
    assert interval.low == pytest.approx(-0.517, abs=0.01)
    assert interval.high == pytest.approx(-0.026, abs=0.01)


def test_the_bounds_are_where_the_score_equation_says() -> None:
    """Solved anew in its other form: the likelihood maximised numerically for each difference."""
    ahead, behind, num_problems = 9, 3, 2000  # so many that the widening is nothing
    first = np.repeat([1.0, 0.0, 1.0], [ahead, behind, num_problems - ahead - behind])
    second = np.repeat([0.0, 1.0, 1.0], [ahead, behind, num_problems - ahead - behind])
    interval = difference_intervals(first, second)
    for bound in (float(interval.low), float(interval.high)):
        lost = np.linspace(max(0.0, -bound), 0.02, 2_000_001)[1:-1]
        likelihood = (
            ahead * np.log(lost + bound)
            + behind * np.log(lost)
            + (num_problems - ahead - behind) * np.log(1 - 2 * lost - bound)
        )
        at = lost[likelihood.argmax()]
        error = np.sqrt((2 * at + bound - bound**2) / num_problems)
        seen = (ahead - behind) / num_problems
        assert abs(seen - bound) / error == pytest.approx(1.96, abs=0.005)
