"""What is promised in hindsight, and what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.unit.analysis.conftest import by_string
from tests.unit.analysis.equal import write_equal_store
from ttsgrid.analysis.advice.optimism import OPTIMISM_SCHEMA, optimism, usable_labels
from ttsgrid.analysis.advice.prediction import predictions
from ttsgrid.analysis.cells.cells import Cells, make_cells
from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.cells.outcomes import pool_outcomes
from ttsgrid.analysis.frames.load import StoreFrames, load

NUM_STORES, NUM_PROBLEMS = 20, 60
TRUTH = 0.5


@pytest.fixture(scope="module")
def equal(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """One row per store in which every strategy answers half of the problems."""
    folder = tmp_path_factory.mktemp("equal")
    return pl.DataFrame(list(_rows(folder)), schema=OPTIMISM_SCHEMA)


def _rows(folder: Path) -> Iterator[dict[str, object]]:
    for seed in range(NUM_STORES):
        write_equal_store(folder / str(seed), NUM_PROBLEMS, seed)
        frames = load(folder / str(seed), by_string)
        cells = make_cells(frames, pool_outcomes(frames, [1, 8]))
        yield optimism(cells, predictions(frames)).filter(n=8).row(0, named=True)


def _interval(values: np.ndarray) -> tuple[float, float]:
    reach = 2.093 * values.std(ddof=1) / np.sqrt(len(values))  # Student's t, 19 degrees
    return float(values.mean() - reach), float(values.mean() + reach)


def test_among_equal_strategies_the_in_sample_curve_gains(equal: pl.DataFrame) -> None:
    low, _ = _interval(equal["accuracy_in_sample"].to_numpy() - TRUTH)
    assert low > 0.1


def test_among_equal_strategies_the_kept_curve_does_not(equal: pl.DataFrame) -> None:
    low, high = _interval(equal["accuracy"].to_numpy() - TRUTH)
    assert low <= 0 <= high
    covered = (equal["low"] <= TRUTH) & (equal["high"] >= TRUTH)
    assert covered.to_numpy().mean() >= 0.9
    assert equal["by_difficulty"].all()


def test_bins_from_the_gold_answers_still_gain_when_cross_fitted(equal: pl.DataFrame) -> None:
    """Why predicted difficulty is needed: a lucky pool is called easy, where votes win."""
    low, _ = _interval(equal["accuracy_oracle_bins"].to_numpy() - TRUTH)
    assert low > 0.05


def test_the_parts_add_up_to_the_optimism(frames: StoreFrames, cells: Cells) -> None:
    rows = optimism(cells, predictions(frames))
    assert dict(rows.schema) == OPTIMISM_SCHEMA
    parts = rows["optimism_of_choice"] + rows["optimism_of_labels"]
    np.testing.assert_allclose(parts, rows["optimism"], atol=1e-12)
    assert (rows["optimism_low"] <= rows["optimism"]).all()
    assert len(rows) == 3 * 2 * 3


def test_one_strategy_for_all_stands_beside_what_is_kept(frames: StoreFrames, cells: Cells) -> None:
    rows = optimism(cells, predictions(frames))
    difference = rows["accuracy"] - rows["accuracy_one_for_all"]
    np.testing.assert_allclose(rows["gain"], difference, atol=1e-12)
    assert (rows["gain_low"] <= rows["gain"]).all()
    assert (rows["gain"] <= rows["gain_high"]).all()
    # Below the probe there is nothing to tell problems apart by: both are the same.
    assert rows.filter(n=1)["gain"].to_list() == [0.0] * 6


def test_a_budget_below_the_probe_can_not_choose_by_difficulty(
    frames: StoreFrames, cells: Cells
) -> None:
    found = predictions(frames)
    rows = optimism(cells, found)
    assert not rows.filter(n=1)["by_difficulty"].any()
    assert rows.filter(n=4)["by_difficulty"].all()
    assert set(usable_labels(found[0], 3, 40)) == {Bin.ALL}
    assert set(usable_labels(None, 64, 40)) == {Bin.ALL}
    assert Bin.ALL not in set(usable_labels(found[0], 4, 40))
