"""Samples that no PRM can score stay in their pools: every cell against brute force.

Leaving them out would flatter whatever is left, most of all where they are not missing at
random: the longest solutions are the wrong ones more often.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.unit.analysis.conftest import by_string
from tests.unit.analysis.synthetic import Policy, Prm, World, write_store
from tests.unit.analysis.trees import Search
from tests.unit.store.rewriting import Rows, rewrite
from ttsgrid.analysis.advice.recommendation import recommendations
from ttsgrid.analysis.cells.cells import Cells, make_cells
from ttsgrid.analysis.cells.outcomes import pool_outcomes
from ttsgrid.analysis.cells.tree_outcomes import search_outcomes
from ttsgrid.analysis.frames.load import load
from ttsgrid.core.voting import aggregate
from ttsgrid.store import scan
from ttsgrid.views.words.coverage import coverage, coverage_sentences

WORLD = World(
    policies=(Policy("small", 0.9, 3_000_000),),
    prms=(Prm("sharp", 2.5),),
    num_problems=12,
    pool_size=8,
    searches=(
        Search("beam", 16, num_problems=12),
        Search("dvts", None, num_trees=3, num_problems=12),
    ),
)
SHARE = 0.2
Row = dict[str, Any]


def _unlucky(rows: pl.DataFrame, how: str) -> set[tuple[str, int]]:
    """A fifth of the solutions as (unit, sample): which ones the PRM can't read."""
    number = round(SHARE * len(rows))
    if how == "random":
        chosen = rows.sample(number, seed=5)
    elif how == "longest":
        chosen = rows.sort("generated_tokens", "unit_id", "sample").tail(number)
    else:  # adversarial: wrong ones alone, whole problems first, so that dropping them helps
        chosen = rows.sort("correct", "problem_id", "unit_id", "sample").head(number)
    return set(chosen.select("unit_id", "sample").iter_rows())


def _unscore(path: Path, table: str, key: str, lost: set[tuple[str, int]], absent: bool) -> None:
    """Take the scores of some rows, or the rows themselves, from a table's files."""

    def change(rows: Rows) -> Rows:
        hit = [(row, (row[key], row["sample"]) in lost) for row in rows]
        return [
            row | {"step_scores": []} if out else row for row, out in hit if not (absent and out)
        ]

    for file in path.glob(f"{table}/*.parquet"):
        rewrite(file, change)


@pytest.fixture(scope="module", params=["random", "longest", "adversarial", "absent"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("unscored") / "store"
    write_store(path, WORLD)
    absent = request.param == "absent"
    how = "adversarial" if absent else request.param
    solutions = scan(path, "solutions").filter(pl.col("temperature") > 0).collect()
    pools = solutions.filter(kind="sample")
    _unscore(path, "scores", "block_id", _unlucky(pools, how), absent)
    found = solutions.filter(kind="search")
    _unscore(path, "solutions", "unit_id", _unlucky(found, how), absent=False)
    return path


@pytest.fixture(scope="module")
def cells(store: Path) -> Cells:
    frames = load(store, by_string)
    outcomes = chain(pool_outcomes(frames, [1, 3, 8]), search_outcomes(frames))
    return make_cells(frames, outcomes)


def _verdict(members: list[Row], vote: str, aggregation: str) -> float:
    """The vote of some samples; those without a score are heard in a majority alone."""
    voters = [m for m in members if m["answer"]]
    if vote != "majority":
        voters = [m for m in voters if m["step_scores"]]
    if not voters:
        return 0.0
    one = [1.0] * len(voters)
    scores = (
        one if vote == "majority" else [aggregate(m["step_scores"], aggregation) for m in voters]
    )
    if vote == "max":
        best = [m["correct"] for m, s in zip(voters, scores, strict=True) if s == max(scores)]
        return float(np.mean(best))
    sums: dict[str, float] = defaultdict(float)
    for member, score in zip(voters, scores, strict=True):
        sums[member["answer"]] += score
    most = max(sums.values())
    winners = [m for m in voters if sums[m["answer"]] >= most * (1 - 1e-9)]
    return float(np.mean([m["correct"] for m in winners]))


def _groups(store: Path, cell: Row) -> tuple[list[list[list[Row]]], int]:
    """For each problem, the groups that are drawn (samples, or trees), and how many."""
    solutions = scan(store, "solutions").filter(pl.col("temperature") > 0).collect()
    if cell["strategy"] in ("majority", "best_of_n"):
        pools = solutions.filter(kind="sample").drop("step_scores")
        scores = scan(store, "scores").select("sample", "step_scores", unit_id="block_id").collect()
        rows = pools.join(scores, on=["unit_id", "sample"], how="left")
        grouped, drawn = rows.with_columns(group=pl.col("sample")), cell["n"]
    else:
        rows = solutions.filter(strategy=cell["strategy"])
        grouped = rows.with_columns(group=pl.col("unit_id"))
        drawn = 1 if cell["strategy"] == "beam" else cell["n"] // 4
    every = [
        [part.to_dicts() for part in problem.partition_by("group")]
        for problem in grouped.partition_by("problem_id")
    ]
    return every, drawn


def _reference(store: Path, cell: Row) -> float:
    problems, drawn = _groups(store, cell)
    vote = cell["vote"] or "majority"
    means = []
    for groups in problems:
        every = (list(chain(*some)) for some in combinations(groups, drawn))
        means.append(np.mean([_verdict(m, vote, cell["aggregation"] or "min") for m in every]))
    return float(np.mean(means))


def test_every_cell_equals_brute_force_that_keeps_unscored_samples(
    store: Path, cells: Cells
) -> None:
    overall = cells.frame.filter(~pl.col("strategy").is_in(["cot", "pass@k"]), bin="all")
    assert set(overall["strategy"]) == {"majority", "best_of_n", "beam", "dvts"}
    for cell in overall.iter_rows(named=True):
        assert cell["standard_error_mc"] == 0
        assert cell["num_problems"] == WORLD.num_problems
        assert cell["accuracy"] == pytest.approx(_reference(store, cell)), cell


def test_cells_that_need_scores_count_the_samples_without_one(store: Path, cells: Cells) -> None:
    overall = cells.frame.filter(bin="all")
    scored = overall.filter(strategy="best_of_n")
    assert set(scored["num_unscored"]) == {round(SHARE * 12 * 8)}
    assert set(overall.filter(pl.col("aggregation").is_null())["num_unscored"]) == {0}
    searched = overall.filter(pl.col("strategy").is_in(["beam", "dvts"]), vote="max")
    empty = scan(store, "solutions").filter(pl.col("step_scores").list.len() == 0, kind="search")
    by_strategy = dict(empty.group_by("strategy").len().collect().iter_rows())
    for strategy, n, found in searched.select("strategy", "n", "num_unscored").iter_rows():
        assert found == by_strategy.get(strategy, 0), (strategy, n)
    bins = cells.frame.filter(pl.col("bin") != "all", strategy="best_of_n")
    per_cell = bins.group_by("n", "aggregation", "vote").agg(pl.col("num_unscored").sum())
    assert set(per_cell["num_unscored"]) == {round(SHARE * 12 * 8)}


def test_whoever_shows_a_cell_can_say_what_it_lacks(cells: Cells) -> None:
    row = cells.frame.filter(bin="all", strategy="best_of_n", n=3).row(0, named=True)
    assert coverage(row) == "19 samples unscored"
    said = " ".join(coverage_sentences(cells, WORLD.benchmark))
    assert "sharp could not score some samples" in said
    rules = [rule for one in recommendations(cells, []) for rule in one.rules]
    guided = [rule for rule in rules if rule.strategy == "best_of_n" and rule.bin == "all"]
    assert all(rule.num_unscored == 19 for rule in guided)
