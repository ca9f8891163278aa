"""Small with TTS against large with CoT: the numbers, and what may be said of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.unit.analysis.conftest import by_string
from tests.unit.analysis.synthetic import Policy, Prm, World, write_store
from ttsgrid.analysis.cells.cells import Cells, make_cells
from ttsgrid.analysis.cells.outcomes import pool_outcomes
from ttsgrid.analysis.findings.comparisons import COMPARISON_SCHEMA, compare
from ttsgrid.analysis.frames.load import load
from ttsgrid.views.words.headline import headline


def _cells_of(path: Path, world: World) -> Cells:
    write_store(path, world)
    frames = load(path, by_string)
    return make_cells(frames, pool_outcomes(frames))


@pytest.fixture(scope="module")
def comparisons(cells: Cells) -> pl.DataFrame:
    return compare(cells)


def test_every_smaller_policy_meets_every_larger_ones_cot(comparisons: pl.DataFrame) -> None:
    assert dict(comparisons.schema) == COMPARISON_SCHEMA
    pairs = comparisons.group_by("policy", "large").len().sort("policy", "large").rows()
    cells_a_pair = 2 * (1 + 2 * 4 * 2)  # N of 4 and 16: majority; PRMs, aggregations, votes
    expected = [("small", "large"), ("tiny", "large"), ("tiny", "small")]
    assert pairs == [(*pair, cells_a_pair) for pair in expected]
    assert set(comparisons["num_compared"]) == {3 * cells_a_pair}


def test_a_difference_is_the_mean_over_the_same_problems(
    cells: Cells, comparisons: pl.DataFrame
) -> None:
    row = comparisons.filter(policy="tiny", large="large", strategy="majority", n=16).row(
        0, named=True
    )
    accuracies = {(o.key.policy, o.key.strategy, o.key.n): o.accuracy for o in cells.outcomes}
    first, second = accuracies["tiny", "majority", 16], accuracies["large", "cot", 1]
    assert row["difference"] == pytest.approx(np.mean(first - second))
    assert row["size_ratio"] == 12


def test_adjusted_intervals_are_wider(comparisons: pl.DataFrame) -> None:
    wider_below = (comparisons["low_adjusted"] < comparisons["low"]).to_numpy()
    wider_above = (comparisons["high_adjusted"] > comparisons["high"]).to_numpy()
    assert wider_below.mean() > 0.95
    assert wider_above.mean() > 0.95


def test_a_real_win_is_claimed_with_its_interval_and_its_cost(tmp_path: Path) -> None:
    policies = (Policy("small", 1.0, 1_000_000), Policy("large", 1.1, 50_000_000))
    world = World(policies, (Prm("oracle", 6.0),), num_problems=60, pool_size=16)
    said = " ".join(headline(compare(_cells_of(tmp_path / "store", world))))
    assert said.startswith("small (best-of-N, 16 samples, ")
    assert "from oracle" in said
    assert "beats large's CoT" in said
    assert "95 % interval" in said
    assert "best of 18 compared" in said
    assert "x the larger one's FLOPs" in said


def test_a_clear_loss_is_called_one(tmp_path: Path) -> None:
    policies = (Policy("small", 0.5, 1_000_000), Policy("large", 4.0, 50_000_000))
    world = World(policies, (Prm("blind", 0.0),), num_problems=60, pool_size=4)
    said = " ".join(headline(compare(_cells_of(tmp_path / "store", world))))
    assert said.startswith("No smaller policy with TTS matches a larger policy's CoT")
    assert "−" in said


def test_too_few_problems_are_called_too_few(tmp_path: Path) -> None:
    policies = (Policy("small", 1.0, 1_000_000), Policy("large", 1.0, 50_000_000))
    world = World(policies, (Prm("oracle", 9.0),), num_problems=12, pool_size=16)
    said = " ".join(headline(compare(_cells_of(tmp_path / "store", world))))
    assert "12 problems are too few to tell" in said
    assert "beats" not in said


def test_a_win_that_only_survives_unadjusted_is_not_claimed() -> None:
    row = {
        "policy": "s",
        "large": "l",
        "strategy": "majority",
        "n": 4,
        "num_problems": 100,
        "num_compared": 40,
        "accuracy": 0.6,
        "accuracy_large": 0.55,
        "difference": 0.05,
        "low": 0.01,
        "high": 0.09,
        "low_adjusted": -0.01,
        "high_adjusted": 0.11,
        "flops_ratio": 0.5,
        "size_ratio": 4.0,
    }
    said = " ".join(headline(pl.DataFrame([row], schema=COMPARISON_SCHEMA)))
    assert "not enough to claim a win" in said
    assert "best of 40 compared" in said
    assert "beats" not in said


def test_with_one_policy_there_is_nothing_to_compare(tmp_path: Path) -> None:
    world = World((Policy("alone", 1.0, 10),), (), num_problems=4, pool_size=4)
    comparisons = compare(_cells_of(tmp_path / "store", world))
    assert comparisons.is_empty()
    assert headline(comparisons)[0].startswith("There is nothing to compare")


def test_a_larger_policy_without_cot_stands_with_its_single_sample(tmp_path: Path) -> None:
    policies = (Policy("small", 0.5, 1_000_000), Policy("large", 4.0, 50_000_000))
    cells = _cells_of(tmp_path / "store", World(policies, (), num_problems=10, pool_size=4))
    is_cot = (pl.col("strategy") == "cot") & (pl.col("policy") == "large")
    comparisons = compare(replace(cells, frame=cells.frame.filter(~is_cot)))
    assert set(comparisons["large_strategy"]) == {"pass@k"}
    sampled = cells.frame.filter(policy="large", strategy="pass@k", n=1, bin="all")
    assert set(comparisons["accuracy_large"]) == set(sampled["accuracy"])
