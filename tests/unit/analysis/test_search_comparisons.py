"""Searches against best-of-N: paired, chosen apart, and not flattered by the labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.unit.analysis.conftest import by_string
from tests.unit.analysis.synthetic import Policy, Prm, World, write_store
from tests.unit.analysis.trees import Search
from ttsgrid.analysis.cells.costs import make_meter
from ttsgrid.analysis.cells.difficulty import absolute_bins
from ttsgrid.analysis.cells.outcomes import pool_outcomes
from ttsgrid.analysis.cells.tree_outcomes import search_outcomes
from ttsgrid.analysis.findings.search_comparisons import (
    SEARCH_COMPARISON_SCHEMA,
    against_best_of_n,
    find_search_comparisons,
)
from ttsgrid.analysis.frames.load import StoreFrames, load
from ttsgrid.analysis.statistics.crossfit import chosen_held_out

SEARCHED = 36
WORLD = World(
    policies=(Policy("small", 0.5, 3_000_000),),
    prms=(Prm("sharp", 1.0),),
    searches=(
        Search("beam", 4, num_problems=SEARCHED, lift=0.3),
        Search("beam", 16, num_problems=SEARCHED, lift=0.3),
        Search("dvts", None, num_trees=2, num_problems=SEARCHED),
    ),
)


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> StoreFrames:
    path: Path = tmp_path_factory.mktemp("comparisons") / "store"
    write_store(path, WORLD)
    return load(path, by_string)


@pytest.fixture(scope="module")
def comparisons(frames: StoreFrames) -> pl.DataFrame:
    return against_best_of_n(find_search_comparisons(frames, make_meter(frames)))


def _half(frames: StoreFrames, parity: int) -> StoreFrames:
    kept = pl.col("sample") % 2 == parity
    return replace(
        frames, solutions=frames.solutions.filter(kept), scores=frames.scores.filter(kept)
    )


def test_each_search_meets_best_of_n_at_every_n_that_half_the_pool_serves(
    comparisons: pl.DataFrame,
) -> None:
    assert dict(comparisons.schema) == SEARCH_COMPARISON_SCHEMA
    met = comparisons.filter(bin="all").select("strategy", "n", "num_problems").rows()
    # The pool has 16 samples, and half of them pick: beam at 16 has nothing to meet.
    assert sorted(met) == [("beam", 4, SEARCHED), ("dvts", 4, SEARCHED), ("dvts", 8, SEARCHED)]


def test_the_odd_samples_pick_and_the_even_ones_say_how_hard_a_problem_is(
    frames: StoreFrames, comparisons: pl.DataFrame
) -> None:
    even, odd = (list(pool_outcomes(_half(frames, parity), [1, 4])) for parity in (0, 1))
    rate = next(o.accuracy for o in even if o.key.strategy == "pass@k" and o.key.n == 1)
    labels = absolute_bins(rate)[:SEARCHED]
    best_of_n = [o.accuracy for o in odd if o.key.strategy == "best_of_n" and o.key.n == 4]
    beam = [o.accuracy for o in search_outcomes(frames, [4]) if o.key.strategy == "beam"]
    sides = [chosen_held_out(np.stack(v)[:, :SEARCHED], labels) for v in (beam, best_of_n)]
    for name in ("all", "hard", "easy"):
        inside = np.ones(SEARCHED, bool) if name == "all" else labels == name
        row = comparisons.filter(strategy="beam", bin=name).row(0, named=True)
        assert row["num_problems"] == inside.sum()
        assert row["accuracy"] == pytest.approx(sides[0][inside].mean())
        assert row["accuracy_best_of_n"] == pytest.approx(sides[1][inside].mean())
        assert row["difference"] == pytest.approx((sides[0] - sides[1])[inside].mean())


def test_adjusted_intervals_hold_the_plain_ones(comparisons: pl.DataFrame) -> None:
    overall = comparisons.filter(bin="all")
    assert (overall["low"] <= overall["difference"]).all()
    assert (overall["difference"] <= overall["high"]).all()
    wider = overall["high_adjusted"] - overall["low_adjusted"]
    assert (wider > overall["high"] - overall["low"]).all()


def test_best_of_n_is_not_made_worse_by_calling_its_own_bad_luck_hard(tmp_path: Path) -> None:
    searches = (Search("beam", 4, num_problems=300),)
    write_store(tmp_path, replace(WORLD, num_problems=300, searches=searches))
    found = load(tmp_path, by_string)
    honest = against_best_of_n(find_search_comparisons(found, make_meter(found))).filter(bin="hard")
    picking = list(pool_outcomes(_half(found, 1), [1, 4]))
    rate = next(o.accuracy for o in picking if o.key.strategy == "pass@k" and o.key.n == 1)
    best_of_n = [o.accuracy for o in picking if o.key.strategy == "best_of_n" and o.key.n == 4]
    naive = np.stack(best_of_n)[:, absolute_bins(rate) == "hard"].mean(axis=1).max()
    assert honest["accuracy_best_of_n"].item() > naive + 0.02


def test_without_searches_there_are_no_rows(frames: StoreFrames) -> None:
    without = replace(frames, searches=frames.searches.clear())
    assert against_best_of_n(find_search_comparisons(without, make_meter(frames))).is_empty()
