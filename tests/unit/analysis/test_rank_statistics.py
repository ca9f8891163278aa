"""Rank statistics against their definitions, and what their intervals cover."""

from __future__ import annotations

import numpy as np
import pytest

from ttsgrid.analysis.statistics.rank_statistics import area_under_curve, rank_correlation


def test_the_area_is_the_share_of_pairs_in_order_ties_counting_half() -> None:
    rng = np.random.default_rng(0)
    scores, positive = rng.integers(0, 6, 40).astype(float), rng.random(40) < 0.4
    pairs = [np.sign(a - b) for a in scores[positive] for b in scores[~positive]]
    measured = area_under_curve(scores, positive)
    assert measured is not None
    assert measured.value == pytest.approx(np.mean(pairs) / 2 + 0.5)


def test_the_correlation_is_pearsons_of_the_ranks() -> None:
    first = np.array([0.1, 0.1, 0.4, 0.9, 0.7])
    second = np.array([5.0, 3.0, 4.0, 9.0, 9.0])
    measured = rank_correlation(first, second)
    assert measured is not None
    ranks = np.corrcoef([1.5, 1.5, 3, 5, 4], [3, 1, 2, 4.5, 4.5])[0, 1]
    assert measured.value == pytest.approx(ranks)


def test_intervals_cover_about_95_percent() -> None:
    rng = np.random.default_rng(1)
    covered_area = covered_rho = 0
    # For two normals one deviation apart the area is Phi(1 / sqrt 2); for bivariate normals
    # with correlation r, rho is 6 / pi * asin(r / 2).
    area, rho = 0.7602499, 6 / np.pi * np.arcsin(0.6 / 2)
    for _ in range(1500):
        scores = rng.standard_normal(100)
        scores[:40] += 1
        found = area_under_curve(scores, np.arange(100) < 40)
        assert found is not None
        covered_area += found.low <= area <= found.high
        first = rng.standard_normal(80)
        second = 0.6 * first + 0.8 * rng.standard_normal(80)
        correlation = rank_correlation(first, second)
        assert correlation is not None
        covered_rho += correlation.low <= rho <= correlation.high
    assert 0.93 <= covered_area / 1500 <= 0.97
    assert 0.93 <= covered_rho / 1500 <= 0.97


def test_what_is_not_defined_is_none() -> None:
    scores = np.linspace(0, 4, 5)
    assert area_under_curve(scores, np.array([True, False, False, False, False])) is None
    assert rank_correlation(scores, np.ones(5)) is None
    assert rank_correlation(scores[:3], scores[:3]) is None


def test_a_perfect_order_is_one() -> None:
    scores = np.linspace(0, 5, 6)
    area, rho = area_under_curve(scores, scores > 2), rank_correlation(scores, scores**3)
    assert area is not None
    assert rho is not None
    assert (area.value, rho.value) == (1.0, 1.0)


def test_clusters_widen_the_interval_to_what_covers() -> None:
    rng = np.random.default_rng(2)
    # Right answers lie one deviation higher; half of the noise is shared by a problem.
    num_problems, pool, truth = 40, 8, 0.7602499
    problems = np.repeat(np.arange(num_problems), pool)
    with_clusters = without = 0
    for _ in range(400):
        positive = rng.random(len(problems)) < np.repeat(rng.beta(0.5, 0.5, num_problems), pool)
        shared = np.repeat(rng.standard_normal(num_problems), pool)
        scores = positive + (shared + rng.standard_normal(len(problems))) / np.sqrt(2)
        found = area_under_curve(scores, positive, problems)
        naive = area_under_curve(scores, positive)
        assert found is not None
        assert naive is not None
        with_clusters += found.low <= truth <= found.high
        without += naive.low <= truth <= naive.high
    assert with_clusters / 400 > 0.9
    assert without / 400 < 0.85


def test_one_cluster_alone_has_no_interval() -> None:
    scores = np.linspace(0.0, 1.0, 8)
    assert area_under_curve(scores, scores > 0.5, np.zeros(8, int)) is None
