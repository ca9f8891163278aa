"""Units are named by what determines them; a plan holds each once and serves every cell."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsgrid.core.records import Problem
from ttsgrid.core.units import (
    ModelIdentity,
    SampleBlock,
    SamplingIdentity,
    ScoreBlock,
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


def search(kind: str, *budgets: int, **settings: Any) -> StrategyConfig:  # noqa: ANN401 (fields)
    return StrategyConfig(kind, kind, budgets=budgets, **settings)


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
