"""Searches as units: named by what determines them, shared by the cells that they serve."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.grid.test_units_and_plan import (
    BLOCK,
    IDENTITIES,
    POLICIES,
    PRMS,
    SAMPLING,
    grid,
    models,
    plan,
    problems,
    search,
    strategies,
)
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.search_settings import SearchSettings, preset
from ttsgrid.core.tally import Tally
from ttsgrid.core.units import (
    SampleBlock,
    ScoreBlock,
    SearchTree,
)
from ttsgrid.core.voting import AGGREGATIONS, scored_votes
from ttsgrid.grid.config import (
    BenchmarkConfig,
)
from ttsgrid.grid.plan import (
    Plan,
    make_plan,
)

TREE = SearchTree(
    "problem",
    IDENTITIES["small"],
    IDENTITIES["prm-a"],
    SAMPLING,
    SearchSettings("beam", 8),
)
SUBTREE = replace(TREE, settings=SearchSettings("dvts", 4), subtree=0)


def trees(made: Plan) -> list[SearchTree]:
    return [unit for unit in made.units if isinstance(unit, SearchTree)]


@pytest.mark.parametrize(
    "other",
    [
        replace(TREE, problem_id="another"),
        replace(TREE, policy=IDENTITIES["large"]),
        replace(TREE, prm=IDENTITIES["prm-b"]),
        replace(TREE, sampling=replace(SAMPLING, temperature=0.8)),
        replace(TREE, sampling=replace(SAMPLING, seed=1)),
        replace(TREE, settings=replace(TREE.settings, budget=16)),
        replace(TREE, settings=replace(TREE.settings, beam_width=2)),
        replace(TREE, settings=replace(TREE.settings, max_steps=39)),
        replace(TREE, settings=replace(TREE.settings, max_step_tokens=99)),
        replace(TREE, settings=replace(TREE.settings, rules=preset("search_and_learn", "beam"))),
    ],
)
def test_whatever_determines_a_search_is_in_its_identity(other: SearchTree) -> None:
    assert other.family != TREE.family
    assert other.id != TREE.id


def test_subtrees_share_their_run_and_no_budget_but_have_their_own_ids() -> None:
    other = replace(SUBTREE, subtree=1)
    assert other.family == SUBTREE.family
    assert other.id != SUBTREE.id
    assert (SUBTREE.budget, TREE.budget) == (None, 8)
    assert (SUBTREE.params["subtree"], "subtree" in TREE.params) == (0, False)


def test_a_beam_search_is_a_tree_a_problem_policy_prm_and_budget() -> None:
    made = plan(2, strategies=(search("beam", 4, 16),))
    assert len(made.units) == 2 * len(POLICIES) * len(PRMS) * 2
    assert {tree.budget for tree in trees(made)} == {4, 16}
    assert all(tree.sampling.temperature > 0 for tree in trees(made))
    assert made.planned == made.naive == Tally(0, 2 * 3 * 2 * 2)


def test_dvts_subtrees_of_the_largest_budget_serve_every_budget() -> None:
    made = plan(1, strategies=(search("dvts", 4, 16, 64),), policies=models(("small",)))
    for prm in PRMS:
        mine = [tree for tree in trees(made) if tree.prm.name == prm]
        assert [tree.subtree for tree in mine] == list(range(16))
        assert {tree.settings.budget for tree in mine} == {4}
    assert made.planned == Tally(0, 2 * 16)
    assert made.naive == Tally(0, 2 * (1 + 4 + 16))


def test_a_dvts_run_that_grows_keeps_its_subtrees() -> None:
    held = {unit.id for unit in plan(2, strategies=(search("dvts", 4, 16),)).units}
    grown = make_plan(grid(strategies=(search("dvts", 32),)), problems(2), IDENTITIES, held)
    assert held < {unit.id for unit in grown.units}
    assert len(grown.missing) == len(grown.units) - len(held)


def test_a_search_may_run_on_fewer_problems_than_the_pool() -> None:
    few = search("beam", 4, num_problems=2)
    made = plan(5, strategies=(*strategies("majority"), few), policies=models(("small",)))
    assert {tree.problem_id for tree in trees(made)} == {"p0", "p1"}
    assert len({u.problem_id for u in made.units if isinstance(u, SampleBlock)}) == 5
    assert made.naive == Tally(5 * (1 + 4 + 16 + 64), 2 * len(PRMS))


def test_a_benchmark_limits_searches_that_set_no_limit_of_their_own() -> None:
    benchmark = BenchmarkConfig("zoo", search_problems=3)
    more = search("dvts", 4, num_problems=4)
    both = (*strategies("majority"), search("beam", 4), more)
    made = plan(5, strategies=both, policies=models(("small",)), benchmarks=(benchmark,))
    by_kind = {
        kind: {tree.problem_id for tree in trees(made) if tree.strategy == kind}
        for kind in ("beam", "dvts")
    }
    assert by_kind == {"beam": {"p0", "p1", "p2"}, "dvts": {"p0", "p1", "p2", "p3"}}
    assert made.naive == Tally(5 * (1 + 4 + 16 + 64), (3 + 4) * len(PRMS))


def test_strategies_that_ask_for_the_same_search_share_it() -> None:
    again = replace(search("beam", 4, 8), name="beam-again")
    made = plan(1, strategies=(search("beam", 4, 16), again), policies=models(("small",)))
    assert sorted(tree.settings.budget for tree in trees(made)) == [4, 4, 8, 8, 16, 16]


def test_searches_have_a_cell_for_each_aggregation_and_vote_as_best_of_n_has() -> None:
    made = plan(1, strategies=(search("beam", 4, 16),))
    cells = len(PRMS) * len(AGGREGATIONS.names) * len(scored_votes())
    # And the vote of its answers without their scores.
    assert len(made.cells) == len(POLICIES) * 2 * (cells + len(PRMS))


def test_a_greedy_search_keeps_one_beam_at_every_budget() -> None:
    made = plan(1, strategies=(search("step_best_of_m", 2, 8),))
    assert {(t.settings.budget, t.settings.num_beams) for t in trees(made)} == {(2, 1), (8, 1)}


@pytest.mark.parametrize("kind", ["beam", "dvts"])
@pytest.mark.parametrize(("budget", "why"), [(2, "below beam_width"), (6, "no multiple")])
def test_an_impossible_budget_is_refused_when_planned(kind: str, budget: int, why: str) -> None:
    with pytest.raises(ConfigError, match=rf"strategies: {kind}: budget N={budget} is {why}"):
        plan(1, strategies=(search(kind, budget, 8),))


def test_keeping_traces_or_not_repeats_no_search() -> None:
    with_trace, without = (
        plan(1, strategies=(search("beam", 4, keep_traces=keep),)) for keep in (True, False)
    )
    assert {unit.id for unit in with_trace.units} == {unit.id for unit in without.units}


def test_a_search_runs_beside_its_policy_and_needs_its_prm_there() -> None:
    assert TREE.runs_on.name == "small"
    assert [model.name for model in TREE.models] == ["small", "prm-a"]
    assert [model.name for model in ScoreBlock(BLOCK, IDENTITIES["prm-a"]).models] == ["prm-a"]
    assert [model.name for model in BLOCK.models] == ["small"]
