"""Difficulty bins: the paper's borders, and quantiles."""

from __future__ import annotations

import numpy as np

from ttsgrid.analysis.cells.difficulty import Bin, absolute_bins, quantile_bins


def test_the_borders_belong_to_the_easier_bin() -> None:
    rates = np.array([0.0, 0.0999, 0.1, 0.4999, 0.5, 1.0])
    expected = [Bin.HARD, Bin.HARD, Bin.MEDIUM, Bin.MEDIUM, Bin.EASY, Bin.EASY]
    assert list(absolute_bins(rates)) == expected


def test_a_problem_without_a_rate_has_no_bin() -> None:
    assert list(absolute_bins(np.array([np.nan, 1.0]))) == [None, Bin.EASY]


def test_quantiles_split_distinct_rates_evenly_with_the_easiest_first() -> None:
    rates = np.random.default_rng(0).permutation(np.linspace(0, 1, 100))
    quantiles = quantile_bins(rates)
    assert np.bincount(quantiles).tolist() == [0, 20, 20, 20, 20, 20]
    assert quantiles[rates.argmax()] == 1
    assert quantiles[rates.argmin()] == 5


def test_problems_with_equal_rates_share_a_quantile() -> None:
    quantiles = quantile_bins(np.array([1.0] * 8 + [0.2, 0.0]))
    assert quantiles.tolist() == [1] * 8 + [5, 5]
