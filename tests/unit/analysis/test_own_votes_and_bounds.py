"""A vote and a bound from a module outside the package, read from a store without engines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.own.commands import put, said
from tests.unit.views.html.made_store import MadeWorld, write_made_store
from ttsgrid.analysis.statistics.votes import elected_at_k
from ttsgrid.core.voting import VOTES, Combine, Vote, elect

SEED = 5


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    put(folder, "squared", "first_good", "any_right")
    write_made_store(folder / "store", MadeWorld(num_problems=12, pool_size=4, searches=False))
    plugins = ("--plugin", "squared", "--plugin", "first_good", "--plugin", "any_right")
    (folder / "printed.txt").write_text(said(folder, "frontier", "store", "--all", *plugins))
    return folder


def test_each_own_vote_has_a_cell_for_each_policy_prm_aggregation_and_n(results: Path) -> None:
    cells = pl.read_parquet(results / "store" / "frontier" / "cells.parquet").filter(bin="all")
    shipped = cells.filter(vote="weighted").height
    assert shipped == 3 * 2 * 4 * 2
    for vote in ("squared", "first_good"):
        assert cells.filter(vote=vote).height == shipped


def test_a_bound_above_all_strategies_is_drawn_and_never_chosen(results: Path) -> None:
    assert "an oracle" in (results / "printed.txt").read_text()
    folder = results / "store" / "frontier"
    for table in ("best_strategies", "comparisons"):
        assert "oracle" not in pl.read_parquet(folder / f"{table}.parquet")["strategy"], table
    assert pl.read_parquet(folder / "compute_optimal.parquet")["accuracy_in_sample"].max() != 1
    for name in ("headline.txt", "recommendation.yaml", "frontier.svg"):
        assert "oracle" not in (folder / name).read_text(), name


@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize(
    "vote",
    [
        Vote("squared", weight=lambda scores: scores**2),
        Vote("lowest", weight=lambda scores: -scores, combine=Combine.MAX),
        Vote("chosen", choose=lambda classes, scores: int(np.argmax(scores))),
        *(vote for vote in VOTES if vote.needs_scores),
    ],
    ids=lambda vote: vote.name,
)
def test_a_vote_is_estimated_as_elect_holds_it_over_random_subsets(vote: Vote, k: int) -> None:
    rng = np.random.default_rng(SEED)
    classes, scores = rng.integers(-1, 3, (3, 6)), rng.random((3, 6))
    correct = classes == 1
    estimate = elected_at_k(vote, k, classes, correct, {"last": scores})["last"]
    for pool in range(3):
        held = []
        for _ in range(4000):
            drawn = rng.permutation(6)[:k]
            winner = elect(classes[pool, drawn], vote, scores[pool, drawn])
            held.append(winner is not None and bool(correct[pool, drawn[winner]]))
        assert estimate.accuracy[pool] == pytest.approx(np.mean(held), abs=0.04)
