"""What rules cost when they are served, beside a plain simulation of whole stores' samples."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.unit.analysis.conftest import by_string
from tests.unit.analysis.replay.simulation import (
    Sample,
    Waited,
    at_once,
    cascade,
    ensemble,
    in_turn,
    shortest,
)
from tests.unit.analysis.synthetic import PROMPT_TOKENS, Policy, Prm, World, write_store
from ttsgrid.analysis.cells.costs import make_meter
from ttsgrid.analysis.frames.load import load
from ttsgrid.analysis.replay.rules import rules_from
from ttsgrid.analysis.replay.table import replayed_rules
from ttsgrid.analysis.serving.advice import find_contests
from ttsgrid.analysis.serving.contest import Candidate, Contest
from ttsgrid.analysis.serving.costs import LATENCY_SECONDS, LATENCY_TOKENS, MEMORY
from ttsgrid.analysis.serving.speeds import Stated
from ttsgrid.core.errors import ConfigError
from ttsgrid.store import scan
from ttsgrid.views.words.serving import name_of

SMALL, LARGE = Policy("small", 0.9, 1_000), Policy("large", 2.0, 5_000)
WORLD = World((SMALL, LARGE), (Prm("sharp", 2.5),), num_problems=30, pool_size=8)
SECONDS = {"small": 1 / 300, "large": 1 / 100}
STATED = Stated({name: 1 / each for name, each in SECONDS.items()}, {"small": 3.0, "large": 7.0})
RULES = "short=2,first_to_finish,cascade=0.75,ensemble,shared=0.6,adaptive,threshold=chosen"
NUM_ORDERS = 300


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("served") / "store"
    write_store(path, WORLD)
    return path


@pytest.fixture(scope="module")
def contest(store: Path) -> Contest:
    (found,) = find_contests(store, by_string, None, STATED, rules_from(RULES))
    return found


@pytest.fixture(scope="module")
def pools(store: Path) -> dict[str, list[list[Sample]]]:
    """Of each policy the samples of each problem, as they are stored."""
    units = scan(store, "units").filter(pl.col("temperature") > 0).select("unit_id")
    stored = scan(store, "solutions").filter(kind="sample").join(units, on="unit_id")
    rows = stored.sort("problem_id", "sample").select(
        "policy", "problem_id", "answer", "correct", "generated_tokens"
    )
    found: dict[str, dict[str, list[Sample]]] = {}
    for policy, problem, answer, correct, tokens in rows.collect().iter_rows():
        held = found.setdefault(policy, {}).setdefault(problem, [])
        held.append(Sample(None if answer is None else hash(answer), correct, tokens))
    return {policy: list(by_problem.values()) for policy, by_problem in found.items()}


def candidate(contest: Contest, rule: str) -> Candidate:
    (found,) = (
        one for one in contest.candidates if (one.key.policy, one.key.strategy) == ("large", rule)
    )
    return found


def memory(policy: Policy, waited: Waited, generated: int) -> float:
    """Weights of two bytes, read by each token on the path and once a turn; then the cache."""
    weights = 2 * policy.num_parameters * (waited.path + waited.turns)
    kv_bytes = {"small": 3.0, "large": 7.0}[policy.name]
    return weights + kv_bytes * (waited.reads + generated * PROMPT_TOKENS)


def seconds(policy: Policy, waited: Waited) -> float:
    return SECONDS[policy.name] * (waited.path + waited.turns)


@pytest.mark.parametrize(("rule", "finished"), [("short=2", 2), ("first_to_finish", 1)])
def test_chains_side_by_side_wait_until_enough_have_ended(
    rule: str, finished: int, contest: Contest, pools: dict[str, list[list[Sample]]]
) -> None:
    # Any order has the same lengths.
    done = [shortest(pool, finished) for pool in pools["large"]]
    costs = candidate(contest, rule).costs
    assert costs[LATENCY_TOKENS] == pytest.approx(np.mean([one.latency for one in done]))
    assert costs[LATENCY_SECONDS] == pytest.approx(
        np.mean([seconds(LARGE, o.waited) for o in done])
    )
    reads = [memory(LARGE, one.waited, one.tokens) for one in done]
    assert costs[MEMORY] == pytest.approx(np.mean(reads))


@pytest.mark.parametrize(("rule", "value"), [("cascade=0.75", 0.75), ("ensemble=0.5", 0.5)])
def test_a_cascade_waits_for_both_policies_and_an_ensemble_for_the_longest_chain(
    rule: str, value: float, contest: Contest, pools: dict[str, list[list[Sample]]]
) -> None:
    rng = np.random.default_rng(0)
    play = cascade if rule.startswith("cascade") else ensemble
    latencies, waits, reads = [], [], []
    for pool, other in zip(pools["large"], pools["small"], strict=True):
        for _ in range(NUM_ORDERS):
            order, its = ([one[i] for i in rng.permutation(8)] for one in (pool, other))
            done = play(order, its, value)
            latencies.append(done.latency)
            waits.append(seconds(LARGE, done.waited) + seconds(SMALL, done.smaller_waited))
            large = memory(LARGE, done.waited, done.tokens)
            reads.append(large + memory(SMALL, done.smaller_waited, done.smaller_tokens))
    costs = candidate(contest, rule).costs
    assert costs[LATENCY_TOKENS] == pytest.approx(np.mean(latencies), rel=0.02)
    assert costs[MEMORY] == pytest.approx(np.mean(reads), rel=0.02)
    if play is cascade:
        assert costs[LATENCY_SECONDS] == pytest.approx(np.mean(waits), rel=0.02)
    else:
        # Whichever policy ends last is waited for: means of each don't say how long.
        assert costs[LATENCY_SECONDS] is None


def test_a_shared_budget_waits_for_the_probe_and_then_for_the_rest(
    contest: Contest, pools: dict[str, list[list[Sample]]]
) -> None:
    costs = candidate(contest, "shared=0.6").costs
    probe = np.mean([np.mean([s.tokens for s in pool]) for pool in pools["large"]])
    longest = np.mean([at_once(pool).path for pool in pools["large"]])
    assert probe < float(costs[LATENCY_TOKENS] or 0) < 2 * longest
    alone = np.mean([in_turn(pool).path for pool in pools["large"]])
    assert float(costs[MEMORY] or 0) < 2 * LARGE.num_parameters * alone


def test_the_table_sets_each_rules_latency_beside_its_cells(
    store: Path, pools: dict[str, list[list[Sample]]]
) -> None:
    frames = load(store, by_string)
    rules = rules_from("short=2,adaptive,ensemble,shared=0.5")
    table = replayed_rules(frames, make_meter(frames), rules).filter(policy="large")
    by_rule = {row["rule"]: row for row in table.iter_rows(named=True)}
    longest = np.mean([at_once(pool).path for pool in pools["large"]])
    short = np.mean([shortest(pool, 2).latency for pool in pools["large"]])
    assert by_rule["short=2"]["latency_tokens"] == pytest.approx(short)
    assert by_rule["short=2"]["latency_share"] == pytest.approx(short / longest)
    one_by_one = by_rule["adaptive=0.95"]
    assert one_by_one["latency_tokens"] == pytest.approx(one_by_one["generated_tokens"])
    assert one_by_one["latency_share"] > 1 > one_by_one["generated_share"]
    # Beside a vote of half as many, whose longest is the mean over all halves.
    halves = [
        np.mean([at_once(half).path for half in combinations(pool, 4)]) for pool in pools["large"]
    ]
    shared = by_rule["shared=0.5"]
    assert shared["fixed"] == "majority-4"
    expected = shared["latency_tokens"] / np.mean(halves)
    assert shared["latency_share"] == pytest.approx(expected)


def test_lengths_that_a_store_does_not_state_are_no_latency_of_zero(tmp_path: Path) -> None:
    write_store(tmp_path, replace(WORLD, num_problems=4))
    frames = load(tmp_path, by_string)
    solutions = frames.solutions.with_columns(generated_tokens=pl.col("generated_tokens") * 0)
    unknown = replace(frames, solutions=solutions)
    table = replayed_rules(unknown, make_meter(unknown), rules_from("adaptive,ensemble"))
    assert not table.is_empty()
    assert table["latency_tokens"].null_count() == len(table)
    assert table["latency_share"].null_count() == len(table)


def test_a_rule_is_named_with_all_that_it_asks(contest: Contest) -> None:
    assert (
        name_of(candidate(contest, "cascade=0.75")) == "small and large, cascade=0.75 of at most 8"
    )
    chosen = name_of(candidate(contest, "threshold=chosen"))
    assert chosen.startswith("large, threshold=chosen of at most 8 (mostly threshold=")
    assert chosen.endswith("PRM sharp)")


@pytest.mark.parametrize("stated", [Stated({"smal": 3.0}), Stated({}, {"smal": 3.0})])
def test_what_is_stated_of_a_model_that_the_store_lacks_is_refused(
    stated: Stated, store: Path
) -> None:
    with pytest.raises(ConfigError, match=r"--(tokens-per-second|kv-bytes): 'smal' is"):
        find_contests(store, by_string, None, stated)
