"""Units are named by what determines them; a plan holds each once and serves every cell."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsgrid.core.errors import ConfigError
from ttsgrid.core.records import Problem
from ttsgrid.core.search_settings import SearchSettings, preset
from ttsgrid.core.tally import Tally
from ttsgrid.core.units import (
    ModelIdentity,
    SampleBlock,
    SamplingIdentity,
    ScoreBlock,
    SearchTree,
    pool_blocks,
)
from ttsgrid.core.voting import AGGREGATIONS, scored_votes
from ttsgrid.grid.budgets import budgets_of
from ttsgrid.grid.config import (
    BenchmarkConfig,
    ClusterConfig,
    EngineConfig,
    GridConfig,
    ModelConfig,
    SamplingConfig,
    StrategyConfig,
)
from ttsgrid.grid.plan import (
    Plan,
    make_plan,
)

POLICIES, PRMS = ("small", "medium", "large"), ("prm-a", "prm-b")
IDENTITIES = {
    name: ModelIdentity(name, f"path/{name}", f"hash-{name}", "zoo") for name in POLICIES + PRMS
}
SAMPLING = SamplingIdentity(0.7, 1.0, 160, 0)
BLOCK = SampleBlock("problem", IDENTITIES["small"], SAMPLING, 4, 8)


def models(names: tuple[str, ...]) -> tuple[ModelConfig, ...]:
    return tuple(ModelConfig(name, f"path/{name}", "zoo") for name in names)


def strategies(*kinds: str) -> tuple[StrategyConfig, ...]:
    return tuple(StrategyConfig(kind, kind) for kind in kinds)


def grid(**changes: Any) -> GridConfig:  # noqa: ANN401 (fields of GridConfig)
    base = GridConfig(
        benchmarks=(BenchmarkConfig("zoo"),),
        policies=models(POLICIES),
        prms=models(PRMS),
        strategies=strategies("cot", "majority", "best_of_n"),
        budgets=(1, 4, 16, 64),
        engine=EngineConfig(),
        cluster=ClusterConfig(),
        store="store",
    )
    return replace(base, **changes)


def problems(count: int) -> tuple[Problem, ...]:
    return tuple(Problem(f"p{i}", "zoo", i, f"question {i}", str(i)) for i in range(count))


def plan(count: int = 2, **changes: Any) -> Plan:  # noqa: ANN401 (fields of GridConfig)
    return make_plan(grid(**changes), problems(count), IDENTITIES)


def test_a_model_keeps_its_identity_when_renamed_or_moved_but_not_when_changed() -> None:
    model = IDENTITIES["small"]
    assert replace(model, name="other", model="elsewhere").id == model.id
    assert replace(model, revision="retrained").id != model.id
    assert replace(model, format="qwen").id != model.id


@pytest.mark.parametrize(
    "other",
    [
        replace(BLOCK, problem_id="another"),
        replace(BLOCK, policy=IDENTITIES["large"]),
        replace(BLOCK, sampling=replace(SAMPLING, temperature=0.8)),
        replace(BLOCK, sampling=replace(SAMPLING, top_p=0.9)),
        replace(BLOCK, sampling=replace(SAMPLING, max_tokens=161)),
        replace(BLOCK, sampling=replace(SAMPLING, seed=1)),
    ],
)
def test_whatever_determines_a_pool_is_in_its_family(other: SampleBlock) -> None:
    assert other.family != BLOCK.family
    assert other.id != BLOCK.id


def test_blocks_of_a_pool_share_the_family_and_have_their_own_ids() -> None:
    later = replace(BLOCK, start=8, stop=16)
    assert later.family == BLOCK.family
    assert later.id != BLOCK.id


def test_score_blocks_of_a_pool_share_a_family_for_each_prm() -> None:
    score = ScoreBlock(BLOCK, IDENTITIES["prm-a"])
    later = replace(score, block=replace(BLOCK, start=8, stop=16))
    by_other = replace(score, prm=IDENTITIES["prm-b"])
    assert later.family == score.family
    assert by_other.family != score.family
    assert len({score.id, later.id, by_other.id, BLOCK.id}) == 4


@given(st.integers(1, 5000))
def test_blocks_hold_a_pool_without_gap_or_overlap(size: int) -> None:
    blocks = pool_blocks(size)
    assert blocks[0][0] == 0
    assert blocks[-1][0] < size <= blocks[-1][1]
    assert all(one[1] == other[0] for one, other in pairwise(blocks))
    assert all(start < stop for start, stop in blocks)


@given(st.integers(0, 10))
def test_a_pool_that_ends_at_a_border_has_no_sample_too_many(power: int) -> None:
    assert pool_blocks(4 * 2**power)[-1][1] == 4 * 2**power


def test_an_empty_pool_has_no_blocks() -> None:
    assert pool_blocks(0) == ()


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_a_pool_of_any_size_that_grows_keeps_its_blocks(size: int, more: int) -> None:
    smaller, larger = pool_blocks(size), pool_blocks(size + more)
    assert larger[: len(smaller)] == smaller


@given(st.integers(1, 300), st.integers(0, 300))
def test_a_larger_budget_generates_only_the_samples_that_are_missing(first: int, more: int) -> None:
    held = plan(1, budgets=(first,), policies=models(("small",)))
    ids = {unit.id for unit in held.units}
    both = (first, first + more) if more else (first,)
    grown = make_plan(grid(budgets=both, policies=models(("small",))), problems(1), IDENTITIES, ids)
    assert (
        held.planned.num_solutions + grown.to_generate.num_solutions == grown.planned.num_solutions
    )


def test_the_default_grid_generates_a_quarter_of_what_runs_a_cell_would() -> None:
    made = plan(100)
    assert made.planned.num_solutions == 19_500
    assert made.naive.num_solutions == 76_800
    assert made.to_generate.num_solutions == 19_500


def test_no_unit_is_planned_twice() -> None:
    ids = [unit.id for unit in plan().units]
    assert len(set(ids)) == len(ids)


def test_each_prm_scores_each_sampled_block_once_and_the_greedy_sample_never() -> None:
    made = plan()
    sampled = [u for u in made.units if isinstance(u, SampleBlock) and not u.sampling.greedy]
    scored = [(u.block.id, u.prm.name) for u in made.units if isinstance(u, ScoreBlock)]
    assert sorted(scored) == sorted((block.id, prm) for block in sampled for prm in PRMS)


def test_a_block_comes_before_its_scores() -> None:
    seen: set[str] = set()
    for unit in plan().units:
        assert not isinstance(unit, ScoreBlock) or unit.block.id in seen
        seen.add(unit.id)


def test_cot_alone_is_one_greedy_sample_a_problem() -> None:
    made = plan(3, strategies=strategies("cot"), prms=(), policies=models(("small",)))
    assert [(u.start, u.stop) for u in made.units if isinstance(u, SampleBlock)] == [(0, 1)] * 3
    assert all(isinstance(u, SampleBlock) and u.sampling.greedy for u in made.units)
    assert [cell.n for cell in made.cells] == [1]


def test_majority_alone_scores_nothing() -> None:
    made = plan(strategies=strategies("majority"))
    assert {kind for kind, _ in made.units.by_model()} == {"sample"}


def test_a_smaller_best_of_n_scores_only_the_blocks_it_reads() -> None:
    narrow = StrategyConfig("best_of_n", "best_of_n", budgets=(1, 8))
    made = plan(1, strategies=(*strategies("majority"), narrow), policies=models(("small",)))
    scores = [u for u in made.units if isinstance(u, ScoreBlock) and u.prm.name == "prm-a"]
    assert [(u.block.start, u.block.stop) for u in scores] == [(0, 4), (4, 8)]
    assert made.planned.num_solutions == 64


def test_cells_are_every_point_of_the_grid_once() -> None:
    cells = plan().cells
    best_of_n = len(PRMS) * len(AGGREGATIONS.names) * len(scored_votes())
    assert len(cells) == len(POLICIES) * (1 + 4 + 4 * best_of_n)
    assert len(set(cells)) == len(cells)


def test_a_strategy_reports_at_its_own_budgets_where_it_has_them() -> None:
    own = StrategyConfig("majority", "majority", budgets=(2,))
    assert budgets_of(grid(), own) == (2,)
    assert budgets_of(grid(), replace(own, budgets=None)) == (1, 4, 16, 64)
    assert budgets_of(grid(), StrategyConfig("cot", "cot")) == (1,)


def test_what_the_store_holds_is_not_run_again() -> None:
    whole = plan()
    held = {unit.id for unit in whole.units[::2]}
    rest = make_plan(grid(), problems(2), IDENTITIES, held)
    assert rest.units == whole.units
    assert rest.missing == whole.units[1::2]
    assert rest.to_generate.num_solutions == sum(unit.num_solutions for unit in whole.units[1::2])


def test_a_grown_grid_runs_only_what_is_new() -> None:
    held = {unit.id for unit in plan(2, budgets=(1, 4, 16), prms=models(("prm-a",))).units}
    grown = make_plan(grid(), problems(2), IDENTITIES, held)
    assert held < {unit.id for unit in grown.units}
    assert grown.to_generate.num_solutions == 2 * len(POLICIES) * (64 - 16)


def test_renaming_a_model_repeats_nothing_and_another_seed_repeats_all_samples() -> None:
    held = {unit.id for unit in plan().units}
    renamed = {key: replace(value, name=f"my-{key}") for key, value in IDENTITIES.items()}
    assert make_plan(grid(), problems(2), renamed, held).missing == ()
    reseeded = make_plan(grid(seed=(1,)), problems(2), IDENTITIES, held)
    assert reseeded.missing == reseeded.units


def test_each_policy_samples_with_its_own_settings_and_greedily_for_cot() -> None:
    hot = replace(models(("small",))[0], sampling=SamplingConfig(0.9, 0.8, 77))
    blocks = [u for u in plan(1, policies=(hot,)).units if isinstance(u, SampleBlock)]
    greedy = [block.sampling for block in blocks if block.sampling.greedy]
    assert greedy == [SamplingIdentity(0.0, 1.0, 77, 0)]
    assert {b.sampling for b in blocks} == {greedy[0], SamplingIdentity(0.9, 0.8, 77, 0)}


def test_units_are_counted_by_the_model_that_runs_them() -> None:
    made = plan(2)
    blocks = len(pool_blocks(64))
    expected = {("sample", policy): 2 * (blocks + 1) for policy in POLICIES}
    expected |= {("score", prm): 2 * len(POLICIES) * blocks for prm in PRMS}
    assert {key: of.num_units for key, of in made.units.by_model().items()} == expected
    assert ScoreBlock(BLOCK, IDENTITIES["prm-a"]).runs_on.name == "prm-a"


TREE = SearchTree(
    "problem",
    IDENTITIES["small"],
    IDENTITIES["prm-a"],
    SAMPLING,
    SearchSettings("beam", 8),
)
SUBTREE = replace(TREE, settings=SearchSettings("dvts", 4), subtree=0)


def search(kind: str, *budgets: int, **settings: Any) -> StrategyConfig:  # noqa: ANN401 (fields)
    return StrategyConfig(kind, kind, budgets=budgets, **settings)


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


def test_a_policy_without_greedy_cot_answers_once_by_sampling() -> None:
    long = tuple(
        replace(model, sampling=SamplingConfig(0.6, 0.95, 32768, greedy_cot=False))
        for model in models(POLICIES[:1])
    )
    alone = plan(1, policies=long, strategies=strategies("cot"), budgets=(1, 4))
    [block] = alone.units
    assert isinstance(block, SampleBlock)
    assert (block.start, block.sampling.temperature, block.sampling.max_tokens) == (0, 0.6, 32768)
    pooled = plan(1, policies=long, strategies=strategies("cot", "majority"), budgets=(1, 4))
    assert [unit.id for unit in pooled.units] == [block.id]


def test_a_plan_takes_memory_for_what_differs_and_not_for_each_unit() -> None:
    of_all = (*strategies("cot", "best_of_n"), search("beam", 4, 16, 64), search("dvts", 64))
    asked, many = grid(strategies=of_all), problems(400)
    tracemalloc.start()
    made = make_plan(asked, many, IDENTITIES, held={"another store's"})
    num_units = len(made.missing)
    assert made.to_generate == made.planned
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # 60,000 units of 300 bytes and more each, were they all there at once.
    assert num_units > 60_000
    assert peak < 10 * num_units


def test_units_are_the_same_each_time_they_are_made() -> None:
    made = plan(3, strategies=(*strategies("cot", "best_of_n"), search("dvts", 16)))
    assert list(made.units) == list(made.units)
    assert made.units[-1] == list(made.units)[-1]
    assert made.units[3:7] == tuple(made.units)[3:7]
    assert made.units != list(made.units)[1:]
