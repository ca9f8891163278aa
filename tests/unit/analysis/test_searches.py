"""Searches as cells: their votes against the raw rows, their costs against the units."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.unit.analysis.conftest import by_string
from tests.unit.analysis.synthetic import Policy, Prm, World, write_store
from tests.unit.analysis.trees import STEP_SAMPLING, Search
from ttsgrid.analysis.cells.cells import Cells, make_cells
from ttsgrid.analysis.cells.outcomes import pool_outcomes
from ttsgrid.analysis.cells.tree_outcomes import search_outcomes
from ttsgrid.analysis.frames.load import StoreFrames, load
from ttsgrid.core.errors import StoreError
from ttsgrid.core.identity import Canonical
from ttsgrid.core.records import Problem, UnitResult
from ttsgrid.core.search_settings import SearchSettings
from ttsgrid.core.units import SearchTree
from ttsgrid.core.voting import NO_ANSWER, aggregate
from ttsgrid.store import Commit, Store, scan

SEARCHED = 25  # of 40 problems
WORLD = World(
    policies=(Policy("small", 0.9, 3_000_000), Policy("large", 2.5, 12_000_000)),
    prms=(Prm("sharp", 2.5),),
    searches=(
        Search("beam", 4, num_problems=SEARCHED),
        Search("beam", 16, num_problems=SEARCHED),
        Search("dvts", None, num_trees=4, num_problems=SEARCHED),
    ),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("searched") / "store"
    write_store(path, WORLD)
    return path


def _load(path: Path) -> tuple[StoreFrames, Cells]:
    frames = load(path, by_string)
    return frames, make_cells(frames, chain(pool_outcomes(frames), search_outcomes(frames)))


@pytest.fixture(scope="module")
def frames(store: Path) -> StoreFrames:
    return _load(store)[0]


@pytest.fixture(scope="module")
def cells(store: Path) -> Cells:
    return _load(store)[1]


def _cell(cells: Cells, **key: object) -> dict[str, Any]:
    return cells.frame.filter(bin="all", **key).row(0, named=True)


def _answers(store: Path, strategy: str, n: int | None) -> dict[str, list[pl.DataFrame]]:
    """The answers of each tree of each problem, for policy `small`."""
    wanted = pl.col("budget").is_null() if n is None else pl.col("budget") == n
    rows = scan(store, "solutions").filter(wanted, policy="small", strategy=strategy).collect()
    trees = rows.sort("problem_id", "unit_id", "sample").partition_by("unit_id")
    found: dict[str, list[pl.DataFrame]] = {}
    for tree in trees:
        found.setdefault(tree["problem_id"][0], []).append(tree)
    return found


def _elected(trees: Sequence[pl.DataFrame], how: str, aggregation: str) -> float:
    """Expected verdict of the vote, ties shared among members, written apart."""
    rows = [row for tree in trees for row in tree.iter_rows(named=True) if row["answer"]]
    if not rows:
        return 0.0
    scores = [aggregate(row["step_scores"], aggregation) for row in rows]
    if how == "max":
        best = [row for row, s in zip(rows, scores, strict=True) if s == max(scores)]
        return float(np.mean([row["correct"] for row in best]))
    weights = scores if how == "weighted" else [1.0] * len(rows)
    sums: dict[str, float] = {}
    for row, weight in zip(rows, weights, strict=True):
        sums[row["answer"]] = sums.get(row["answer"], 0.0) + weight
    most = max(sums.values())
    winners = [row for row in rows if sums[row["answer"]] > most * (1 - 1e-9)]
    return float(np.mean([row["correct"] for row in winners]))


VOTES = [("majority", None), ("max", "min"), ("weighted", "last"), ("weighted", "avg")]


@pytest.mark.parametrize(("vote", "aggregation"), VOTES)
@pytest.mark.parametrize("n", [4, 16])
def test_a_beam_search_scores_the_vote_over_its_own_answers(
    store: Path, cells: Cells, n: int, vote: str, aggregation: str | None
) -> None:
    each = [
        _elected(trees, vote, aggregation or "min") for trees in _answers(store, "beam", n).values()
    ]
    key = {"n": n, "vote": vote, "aggregation": aggregation}
    wanted = {name: value for name, value in key.items() if value is not None}
    cell = _cell(cells, policy="small", strategy="beam", **wanted)
    assert cell["num_problems"] == len(each) == SEARCHED
    assert cell["accuracy"] == pytest.approx(np.mean(each))


@pytest.mark.parametrize(("vote", "aggregation"), VOTES)
@pytest.mark.parametrize("n", [4, 16])
def test_dvts_at_n_is_the_mean_over_all_subsets_of_its_subtrees(
    store: Path, cells: Cells, n: int, vote: str, aggregation: str | None
) -> None:
    each = [
        np.mean(
            [_elected(some, vote, aggregation or "min") for some in combinations(trees, n // 4)]
        )
        for trees in _answers(store, "dvts", None).values()
    ]
    key = {"n": n, "vote": vote, "aggregation": aggregation}
    wanted = {name: value for name, value in key.items() if value is not None}
    cell = _cell(cells, policy="small", strategy="dvts", **wanted)
    assert cell["accuracy"] == pytest.approx(np.mean(each))
    assert cell["standard_error_mc"] == 0


PRICED = {
    "policy_prompt_tokens": "policy_lone_prompt_tokens",
    "policy_cached_tokens": "policy_lone_cached_tokens",
    "policy_generated_tokens": "policy_lone_generated_tokens",
    "prm_tokens": "prm_lone_prompt_tokens",
    "prm_cached_tokens": "prm_lone_cached_tokens",
}


@pytest.mark.parametrize("n", [4, 16])
def test_a_beam_search_costs_what_its_units_cost_alone_to_the_token(
    store: Path, cells: Cells, n: int
) -> None:
    mine = scan(store, "units").filter(policy="small", strategy="beam", budget=n).collect()
    cell = _cell(cells, policy="small", strategy="beam", n=n)
    for column, priced in PRICED.items():
        assert cell[column] * SEARCHED == pytest.approx(mine[priced].sum(), abs=1e-6)
    assert cell["seconds"] * SEARCHED == pytest.approx(mine["seconds"].sum())
    computed = mine["policy_lone_prompt_tokens"] - mine["policy_lone_cached_tokens"]
    prm = mine["prm_lone_prompt_tokens"] - mine["prm_lone_cached_tokens"]
    policy_flops = 2 * 3_000_000 * (computed + mine["policy_lone_generated_tokens"]).sum()
    assert cell["flops_policy"] * SEARCHED == pytest.approx(policy_flops)
    assert cell["flops_prm"] * SEARCHED == pytest.approx(2 * 2_000_000 * prm.sum())


@pytest.mark.parametrize("n", [4, 8, 16])
def test_subtrees_together_cost_less_than_each_alone_by_what_they_share(
    store: Path, frames: StoreFrames, n: int
) -> None:
    asked = make_cells(frames, search_outcomes(frames, [n]))
    cell = _cell(asked, policy="small", strategy="dvts", n=n)
    subtrees = scan(store, "units").filter(policy="small", strategy="dvts").collect()
    totals = dict.fromkeys(PRICED, 0.0)
    for trees in subtrees.partition_by("problem_id"):
        draws = list(combinations(trees.to_dicts(), n // 4))
        for some in draws:
            parts = {
                key: tokens
                for tree in some
                for key, tokens in zip(
                    tree["prm_prefix_keys"], tree["prm_prefix_tokens"], strict=True
                )
            }
            alone = {name: sum(tree[column] for tree in some) for name, column in PRICED.items()}
            # The question's one whole block is computed by the first subtree alone.
            alone["policy_cached_tokens"] += (len(some) - 1) * 16
            alone["prm_cached_tokens"] = alone["prm_tokens"] - sum(parts.values())
            for name, tokens in alone.items():
                totals[name] += tokens / len(draws)
    for name, total in totals.items():
        assert cell[name] * SEARCHED == pytest.approx(total)


def test_a_search_is_the_same_policy_as_the_pool_sampled_alike(frames: StoreFrames) -> None:
    assert set(frames.searches["policy"]) == {"small", "large"}
    assert set(frames.searches["strategy"]) == {"beam", "dvts"}


def test_variants_of_a_search_are_told_apart_by_what_differs(tmp_path: Path) -> None:
    searches = (
        Search("beam", 4, num_problems=3),
        Search("beam", 4, num_problems=3, preset="search_and_learn"),
    )
    write_store(tmp_path, World(WORLD.policies[:1], WORLD.prms, 3, 4, searches=searches))
    labels = set(load(tmp_path, by_string).searches["strategy"])
    assert labels == {"beam (preset=paper)", "beam (preset=search_and_learn)"}


def test_a_tree_without_answers_is_wrong_and_not_missing(frames: StoreFrames) -> None:
    search = frames.searches.filter(strategy="beam", budget=4, policy="small")["search"].item()
    first = frames.trees.filter(search=search)["tree"][0]
    blank = frames.answers.with_columns(
        answer_class=pl.when(pl.col("tree") == first)
        .then(NO_ANSWER)
        .otherwise(pl.col("answer_class"))
        .cast(pl.Int32)
    )
    for answers in (blank, frames.answers.filter(pl.col("tree") != first)):
        changed = StoreFrames(**{**vars(frames), "answers": answers})
        outcome = next(o for o in search_outcomes(changed, [4]) if o.key.policy == "small")
        assert (~np.isnan(outcome.accuracy)).sum() == SEARCHED
        assert outcome.accuracy[0] == 0


class Odd(SearchTree):
    """A search of somebody else's that says neither N nor its share of it."""

    @property
    def budget(self) -> None:
        return None

    @property
    def params(self) -> dict[str, Canonical]:
        return {}


def test_a_search_that_does_not_say_its_share_of_n_is_refused(tmp_path: Path) -> None:
    problem, policy, prm = Problem("p", "b", 0, "?", "0"), WORLD.policies[0], WORLD.prms[0]
    settings = SearchSettings("rebase", 4)
    unit = Odd(problem.id, policy.identity, prm.identity, STEP_SAMPLING, settings)
    with Store.open(tmp_path, run_id="test") as opened:
        opened.write_problems([problem])
        opened.commit([Commit(unit, UnitResult(unit.id), problem)])
    with pytest.raises(StoreError, match="beam_width"):
        load(tmp_path, by_string)
