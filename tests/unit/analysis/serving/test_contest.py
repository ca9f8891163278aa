"""Costs on every axis, and what is chosen within a budget, on stores made up for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.unit.analysis.conftest import by_string
from tests.unit.analysis.serving.test_paths import SEARCHES, as_trace
from tests.unit.analysis.synthetic import GENERATED_TOKENS, Policy, Prm, World, write_store
from tests.unit.analysis.trees import Search, search_commits
from ttsgrid.analysis.replay.rules import rules_from
from ttsgrid.analysis.serving.advice import find_contests
from ttsgrid.analysis.serving.contest import Candidate, Contest
from ttsgrid.analysis.serving.costs import (
    AXES,
    FLOPS,
    LATENCY_SECONDS,
    LATENCY_TOKENS,
    MEMORY,
    MONEY,
)
from ttsgrid.analysis.serving.speeds import Stated
from ttsgrid.core.cell import CellKey
from ttsgrid.core.records import Problem
from ttsgrid.core.voting import Floats, Ints
from ttsgrid.store import Store, scan
from ttsgrid.views.words.serving import axis_sentences, for_less_sentence, name_of, pick_sentence

POLICY, PRM = Policy("small", 0.9, 3_000_000), Prm("sharp", 2.5)
WORLD = World(policies=(POLICY,), prms=(PRM,), num_problems=40, pool_size=16)
PRM_SIZE, TRACE = 2_000_000, "two steps, both from the first"
STATED = Stated({"small": 100.0, "sharp": 1000.0}, {"small": 10.0})


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pool on each problem, and a traced beam search on each but one, which is untraced."""
    path = tmp_path_factory.mktemp("serving") / "store"
    write_store(path, WORLD)
    search = Search("beam", 4)
    with Store.open(path, run_id="searches") as written:
        for i in range(WORLD.num_problems):
            problem = Problem(f"p{i:04}", WORLD.benchmark, i, f"question {i}", "0")
            for commit in search_commits(search, problem, POLICY.identity, PRM.identity, 0.5):
                traced = replace(commit.result, trace=as_trace(SEARCHES[TRACE][0]))
                written.commit([replace(commit, result=traced)])
    return path


@pytest.fixture(scope="module")
def contest(store: Path) -> Contest:
    (found,) = find_contests(store, by_string, 3.6, STATED, rules_from("adaptive,short"))
    return found


def _costs(contest: Contest, strategy: str, n: int) -> dict[str, float | None]:
    found = [c for c in contest.candidates if (c.key.strategy, c.key.n) == (strategy, n)]
    return dict(found[0].costs)


def _lengths(store: Path) -> Ints:
    """Tokens of the pool's solutions as they are stored, one row per problem."""
    stored = scan(store, "solutions").filter(kind="sample")
    units = scan(store, "units").filter(pl.col("temperature") > 0).select("unit_id")
    pool = stored.join(units, on="unit_id").sort("problem_id", "sample").collect()
    return pool["generated_tokens"].to_numpy().reshape(WORLD.num_problems, -1)


def test_a_pool_waits_for_one_chain_and_reads_the_weights_once_for_all(
    contest: Contest, store: Path
) -> None:
    lengths = _lengths(store)
    longest = float(lengths.max(axis=1).mean())
    costs = _costs(contest, "majority", 16)
    assert costs[LATENCY_TOKENS] == pytest.approx(longest)
    # One turn more, in which the question is read.
    assert costs[LATENCY_SECONDS] == pytest.approx((longest + 1) / 100)
    weights = (longest + 1) * 2 * POLICY.num_parameters
    # Each token reads the 20 of the question and those before it in its own sample.
    reads = sum(20 * int(n) + sum(range(int(n))) for n in lengths.flat) / len(lengths)
    assert costs[MEMORY] == pytest.approx(weights + 10 * reads)


def test_a_prm_adds_one_pass_over_its_weights_and_the_time_that_it_reads(contest: Contest) -> None:
    plain, scored = _costs(contest, "majority", 16), _costs(contest, "best_of_n", 16)
    assert scored[LATENCY_TOKENS] == plain[LATENCY_TOKENS]
    assert scored[MEMORY] == pytest.approx(float(plain[MEMORY] or 0) + 2 * PRM_SIZE)
    assert float(scored[LATENCY_SECONDS] or 0) > float(plain[LATENCY_SECONDS] or 0)


def test_a_search_waits_for_each_step(contest: Contest) -> None:
    _, tokens, prm_calls, reads = SEARCHES[TRACE]
    costs = _costs(contest, "beam", 4)
    assert costs[LATENCY_TOKENS] == tokens
    generated = 6 + 4 + 5 + 7
    assert costs[MEMORY] == pytest.approx(
        (tokens + 2) * 2 * POLICY.num_parameters
        + 10 * (reads + generated * 20)
        + prm_calls * 2 * PRM_SIZE
    )


def test_a_rule_that_waits_for_each_sample_has_all_of_them_on_its_path(contest: Contest) -> None:
    by_name = {c.key.strategy: c for c in contest.candidates if c.is_rule}
    adaptive = next(c for name, c in by_name.items() if name.startswith("adaptive"))
    short = next(c for name, c in by_name.items() if name.startswith("short"))
    assert float(adaptive.costs[LATENCY_TOKENS] or 0) > GENERATED_TOKENS
    assert 0 < float(short.costs[LATENCY_TOKENS] or 0) < float(adaptive.costs[LATENCY_TOKENS] or 0)
    assert adaptive.costs[FLOPS] is not None


def test_each_axis_has_costs_and_none_but_money_needs_a_price(
    contest: Contest, store: Path
) -> None:
    assert all(contest.by_cost(axis) for axis in AXES)
    (unpriced,) = find_contests(store, by_string)
    assert not unpriced.by_cost(MONEY)
    assert unpriced.by_cost(LATENCY_SECONDS)  # from the greedy solutions' wall time


@pytest.mark.parametrize("axis", AXES)
def test_a_pick_is_affordable_and_a_larger_budget_never_names_a_worse_one(
    contest: Contest, axis: str
) -> None:
    picks = contest.frontier(axis)
    assert picks
    for pick in picks:
        assert float(pick.best.costs[axis] or 0) <= pick.budget
        assert pick.low <= pick.accuracy <= pick.high
        assert pick.accuracy <= pick.best.mean + 0.02
    means = [pick.best.mean for pick in picks]
    assert means == sorted(means)
    assert contest.within(axis, 1e-12) is None


def _made_up(strategy: str, accuracy: Floats, **costs: float) -> Candidate:
    key = CellKey("b", "p", None, strategy, 4)
    return Candidate(key, False, accuracy, {axis: costs.get(axis) for axis in AXES})


def test_what_promises_as_much_for_less_is_named() -> None:
    rng = np.random.default_rng(5)
    steady = _made_up("steady", (np.arange(100) % 10 < 8).astype(float), flops=1.0)
    lucky = [
        _made_up(f"lucky{i}", (rng.random(100) < 0.75).astype(float), flops=2.0) for i in range(60)
    ]
    contest = Contest("b", [steady, *lucky])
    dear = contest.within(FLOPS, 2.0)
    assert dear is not None
    # The best of sixty looks better than it is, and costs twice as much.
    assert dear.best is not steady
    assert dear.best.mean > steady.mean > dear.accuracy
    cheaper = contest.for_less(dear)
    assert cheaper is not None
    assert cheaper.best is steady
    assert contest.for_less(cheaper) is None
    assert for_less_sentence(cheaper).startswith("As much is expected for less: p, ")


def test_where_nothing_is_to_be_gained_none_is_promised() -> None:
    held = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        every = [
            _made_up("majority", (rng.random(100) < 0.5).astype(float), flops=1.0)
            for _ in range(40)
        ]
        pick = Contest("b", every).within(FLOPS, 2.0)
        assert pick is not None
        assert pick.best.mean > 0.55  # the best of 40 looks better than it is
        held.append(pick.low <= 0.5 <= pick.high)
    assert np.mean(held) >= 0.9


def test_the_sentence_says_where_the_winner_changes_with_the_axis() -> None:
    right = np.ones(30)
    wide = _made_up("majority", right, flops=9.0, latency_tokens=1.0)
    deep = _made_up("cot", right, flops=3.0, latency_tokens=8.0)
    changing, unknown = axis_sentences(Contest("b", [wide, deep]))
    assert f"{name_of(deep)} in FLOPs; {name_of(wide)} in latency in tokens" in changing
    assert "The winner changes with what is counted." in changing
    assert "money, latency in seconds and memory traffic" in unknown
    same = next(iter(axis_sentences(Contest("b", [replace(wide, costs=deep.costs)]))))
    assert "does not change" in same


def test_a_pick_is_said_with_its_interval_and_cost(contest: Contest) -> None:
    pick = contest.within(LATENCY_TOKENS, 51.0)
    assert pick is not None
    said = pick_sentence("made-up", pick)
    assert said.startswith("made-up: within 51 tokens of latency per problem use small, ")
    assert "95 % interval; chosen on other problems" in said
