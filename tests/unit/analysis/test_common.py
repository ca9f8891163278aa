"""Cells on different problems are never compared but on those that they share."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest

from tests.unit.analysis.conftest import by_string
from tests.unit.analysis.synthetic import Policy, Prm, World, write_store
from tests.unit.analysis.trees import Search
from ttsgrid.analysis.cells.cells import Cells, make_cells
from ttsgrid.analysis.cells.common import common_ground, on_common_ground
from ttsgrid.analysis.cells.outcomes import pool_outcomes
from ttsgrid.analysis.cells.tree_outcomes import search_outcomes
from ttsgrid.analysis.findings.comparisons import compare
from ttsgrid.analysis.findings.selection import best_per_strategy, best_strategies, compute_optimal
from ttsgrid.analysis.frames.load import load
from ttsgrid.core.cell import CellKey
from ttsgrid.core.voting import Floats
from ttsgrid.views.tables.accuracy import accuracy_table

SEARCHED = 15
NAN = float("nan")


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Cells:
    """Pools on 40 problems, a beam search on the 15 hardest: easier ones come later."""
    path = tmp_path_factory.mktemp("partly") / "store"
    policies = (Policy("small", 0.9, 3_000_000), Policy("large", 2.5, 12_000_000))
    searches = (Search("beam", 16, num_problems=SEARCHED, lift=0.02),)
    write_store(path, World(policies, (Prm("sharp", 2.5),), searches=searches))
    frames = load(path, by_string)
    return make_cells(frames, chain(pool_outcomes(frames), search_outcomes(frames)))


def _accuracy(cells: Cells, key: CellKey) -> Floats:
    return next(o.accuracy for o in cells.outcomes if o.key == key)


def test_common_ground_is_what_all_cells_ran_on() -> None:
    ground = common_ground(np.array([[1, 1, 0, NAN], [0, NAN, 1, 1], [1, 1, 1, 1]]))
    assert ground.cells.tolist() == [0, 1, 2]
    assert ground.problems.tolist() == [True, False, True, False]


def test_a_cell_on_very_few_problems_is_left_out_rather_than_shrinking_the_rest() -> None:
    accuracies = np.ones((3, 100))
    accuracies[1, 24:] = NAN
    accuracies[2, 30:] = NAN
    ground = common_ground(accuracies)
    assert ground.cells.tolist() == [0, 2]
    assert ground.problems.sum() == 30


def test_cells_that_never_ran_share_nothing() -> None:
    assert not common_ground(np.full((2, 3), NAN)).problems.any()


def test_on_common_ground_every_cell_is_on_the_same_problems(searched: Cells) -> None:
    shared = on_common_ground(searched)
    assert set(shared.frame.filter(bin="all")["num_problems"]) == {SEARCHED}
    row = shared.frame.filter(policy="small", strategy="majority", n=16, bin="all")
    expected = _accuracy(searched, CellKey("made-up", "small", None, "majority", 16))[:SEARCHED]
    assert row["accuracy"].item() == pytest.approx(expected.mean())
    assert shared.outcomes[row["outcome"].item()].key.strategy == "majority"


def test_cells_that_ran_on_the_same_problems_stay_as_they_are(cells: Cells) -> None:
    assert on_common_ground(cells) is cells


def test_the_best_strategy_is_chosen_on_shared_problems(searched: Cells) -> None:
    best = best_strategies(searched).filter(policy="small", n=16, bin="all").row(0, named=True)
    candidates = [
        outcome.accuracy[:SEARCHED].mean()
        for outcome in searched.outcomes
        if outcome.key.policy == "small" and outcome.key.n == 16
        if outcome.key.strategy != "pass@k"
    ]
    assert best["num_problems"] == SEARCHED
    assert best["num_candidates"] == len(candidates)
    assert best["accuracy"] == pytest.approx(max(candidates))
    curve = compute_optimal(searched).filter(policy="small", n=16)
    assert curve["num_problems"].item() == SEARCHED


def test_a_difference_and_its_flops_are_over_the_shared_problems(searched: Cells) -> None:
    row = compare(searched).filter(strategy="beam", vote="majority").row(0, named=True)
    beam = _accuracy(searched, CellKey("made-up", "small", "sharp", "beam", 16, None, "majority"))[
        :SEARCHED
    ]
    cot = _accuracy(searched, CellKey("made-up", "large", None, "cot", 1))[:SEARCHED]
    assert row["num_problems"] == SEARCHED
    assert row["difference"] == pytest.approx((beam - cot).mean())
    shared = on_common_ground(searched).frame.filter(bin="all")
    assert row["flops_ratio"] == pytest.approx(
        shared.filter(policy="small", strategy="beam")["flops"][0]
        / shared.filter(policy="large", strategy="cot")["flops"][0]
    )


def test_the_best_of_a_strategy_is_chosen_on_shared_problems(searched: Cells) -> None:
    best = best_per_strategy(searched)
    assert set(best.filter(strategy="beam")["num_problems"]) == {SEARCHED}
    assert set(best.filter(strategy="majority")["num_problems"]) == {40}


def test_a_table_marks_the_cells_that_ran_on_fewer_problems(searched: Cells) -> None:
    table = accuracy_table(searched, "made-up")
    details = [entry.detail for row in table.rows for entry in row]
    assert details.count(f"on {SEARCHED} of 40 problems") == 2  # one per policy
