"""Each rule beside a slow simulation of it, order by order: answers, samples and tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from itertools import permutations, product

import numpy as np
import pytest

from tests.unit.analysis.replay import simulation
from tests.unit.analysis.replay.simulation import Outcome, Sample, Waited
from ttsgrid.analysis.cells.pools import PoolBatch
from ttsgrid.analysis.replay.means import Means
from ttsgrid.analysis.replay.ordered import NOBODY, Draws, OrderedPools
from ttsgrid.analysis.replay.orders import Side, replayed, replayed_sides
from ttsgrid.analysis.replay.rules import RULES, rules_from
from ttsgrid.core.voting import NO_ANSWER

Simulated = Callable[[list[Sample]], Outcome]
SIMULATED: dict[str, Simulated] = {
    "adaptive": lambda order: simulation.adaptive(order, 0.95),
    "adaptive=0.6": lambda order: simulation.adaptive(order, 0.6),
    "adaptive=0.8": lambda order: simulation.adaptive(order, 0.8),
    "adaptive=0.999": lambda order: simulation.adaptive(order, 0.999),
    "dirichlet": lambda order: simulation.dirichlet(order, 0.95),
    "dirichlet=0.6": lambda order: simulation.dirichlet(order, 0.6),
    "dirichlet=0.8": lambda order: simulation.dirichlet(order, 0.8),
    "agreeing": lambda order: simulation.agreeing(order, 5),
    "agreeing=1": lambda order: simulation.agreeing(order, 1),
    "agreeing=3": lambda order: simulation.agreeing(order, 3),
    "agreeing=99": lambda order: simulation.agreeing(order, 99),
    "first_to_finish": lambda order: simulation.shortest(order, 1),
    "short": lambda order: simulation.shortest(order, 3),
    "short=2": lambda order: simulation.shortest(order, 2),
    "short=99": lambda order: simulation.shortest(order, 99),
}
SCORED: dict[str, Simulated] = {
    "threshold=0.4": lambda order: simulation.threshold(order, 0.4),
    "threshold=0.8": lambda order: simulation.threshold(order, 0.8),
    "threshold=9": lambda order: simulation.threshold(order, 9),
}
OF_TWO: dict[str, Callable[[list[Sample], list[Sample]], Outcome]] = {
    "ensemble": lambda order, its: simulation.ensemble(order, its, 0.5),
    "ensemble=0.125": lambda order, its: simulation.ensemble(order, its, 0.125),
    "ensemble=0.99": lambda order, its: simulation.ensemble(order, its, 0.99),
    "cascade": lambda order, its: simulation.cascade(order, its, 1.0),
    "cascade=0.75": lambda order, its: simulation.cascade(order, its, 0.75),
    "cascade=0.5": lambda order, its: simulation.cascade(order, its, 0.5),
    "scored_cascade=0.6": lambda order, its: simulation.scored_cascade(order, its, 0.6),
    "scored_cascade=9": lambda order, its: simulation.scored_cascade(order, its, 9),
}
ELSEWHERE = {"shared", "study"}  # more than one problem's pools: their own test files


def random_pool(rng: np.random.Generator, size: int) -> list[Sample]:
    """Few answers and few lengths, so that there are ties; some samples have no answer."""
    num_answers, blank = int(rng.integers(1, 5)), rng.random() / 2
    pool = []
    for _ in range(size):
        answer = None if rng.random() < blank else int(rng.integers(num_answers))
        score = None if rng.random() < 0.1 else float(rng.integers(0, 6)) / 5
        pool.append(Sample(answer, answer == 0, int(rng.integers(0, 8)), score))
    return pool


def ordered(orders: list[list[Sample]]) -> OrderedPools:
    classes = [[NO_ANSWER if s.answer is None else s.answer for s in order] for order in orders]
    tokens = [[s.tokens for s in order] for order in orders]
    scores = [[np.nan if s.score is None else s.score for s in order] for order in orders]
    return OrderedPools(np.array(classes).T, np.array(tokens).T, np.array(scores).T)


def batch_of(pools: list[list[Sample]]) -> PoolBatch:
    together = ordered(pools)
    correct = np.array([[s.correct for s in pool] for pool in pools])
    problems = np.arange(len(pools))
    scores = {"last": together.scores.T}
    return PoolBatch(problems, together.classes.T, correct, scores, together.tokens.T)


def test_every_rule_of_the_catalogue_is_simulated() -> None:
    # Other tests add rules of their own.
    shipped = {
        rule.name
        for rule in RULES
        if rule.replay is not None and rule.replay.__module__.startswith("ttsgrid.")
    }
    assert shipped
    simulated = {label.partition("=")[0] for label in (*SIMULATED, *SCORED, *OF_TWO)}
    assert simulated | ELSEWHERE == shipped | ELSEWHERE


def waited(draws: Draws) -> list[Waited]:
    columns = draws.path_tokens, draws.turns, draws.context_reads
    return [Waited(*row) for row in zip(*(c.tolist() for c in columns), strict=True)]


@pytest.mark.parametrize("label", [*SIMULATED, *SCORED])
def test_a_rule_does_in_every_order_what_its_simulation_does(label: str) -> None:
    (rule,) = rules_from(label)
    rng = np.random.default_rng(18)
    for size in (1, 2, 3, 7, 16, 40):
        orders = [random_pool(rng, size) for _ in range(60)]
        replay = rule.replay(ordered(orders))
        expected = [(SIMULATED | SCORED)[label](order) for order in orders]
        answers = [
            None if winner == NOBODY else order[winner].answer
            for winner, order in zip(replay.winners, orders, strict=True)
        ]
        assert answers == [outcome.answer for outcome in expected]
        assert replay.num_samples.tolist() == [outcome.num_samples for outcome in expected]
        assert replay.generated_tokens.tolist() == [outcome.tokens for outcome in expected]
        assert waited(replay) == [outcome.waited for outcome in expected]
        scored = replay.num_scored.tolist() or [0] * len(orders)
        assert scored == [outcome.num_scored for outcome in expected]


@pytest.mark.parametrize("label", OF_TWO)
def test_a_rule_of_two_policies_does_in_every_order_what_its_simulation_does(label: str) -> None:
    (rule,) = rules_from(label)
    rng = np.random.default_rng(19)
    for size in (2, 3, 5, 16):
        orders, its = ([random_pool(rng, size) for _ in range(60)] for _ in range(2))
        replay = rule.replay(replace(ordered(orders), smaller=ordered(its)))
        expected = [OF_TWO[label](*both) for both in zip(orders, its, strict=True)]
        answers = [
            None if winner == NOBODY else [*order, *other][winner].answer
            for winner, order, other in zip(replay.winners, orders, its, strict=True)
        ]
        smaller = replay.smaller
        assert smaller is not None
        assert answers == [outcome.answer for outcome in expected]
        assert replay.num_samples.tolist() == [outcome.num_samples for outcome in expected]
        assert replay.generated_tokens.tolist() == [outcome.tokens for outcome in expected]
        assert smaller.num_samples.tolist() == [outcome.smaller_samples for outcome in expected]
        assert smaller.generated_tokens.tolist() == [o.smaller_tokens for o in expected]
        assert waited(replay) == [outcome.waited for outcome in expected]
        assert waited(smaller) == [outcome.smaller_waited for outcome in expected]
        scored = smaller.num_scored.tolist() or [0] * len(orders)
        assert scored == [outcome.num_scored for outcome in expected]


@pytest.mark.parametrize("label", SIMULATED)
def test_means_over_random_orders_are_those_over_all_orders(label: str) -> None:
    rng = np.random.default_rng(7)
    pools, drawn = [random_pool(rng, 6) for _ in range(4)], 5
    (means,) = replayed(batch_of(pools), rules_from(label), drawn)
    for row, pool in enumerate(pools):
        # Every order of six samples is as likely as any other.
        done = [SIMULATED[label](list(order)[:drawn]) for order in permutations(pool)]
        # By construction answer 0 is the right one.
        accuracy = np.mean([outcome.answer == 0 for outcome in done])
        assert abs(means.accuracy[row] - accuracy) <= 4 * means.standard_error[row] + 1e-12
        samples = np.mean([outcome.num_samples for outcome in done])
        tokens = np.mean([outcome.tokens for outcome in done])
        # Thousands of orders, enough for the accuracy: the least mean here is 0.8 tokens a pool.
        assert means.num_samples[row] == pytest.approx(samples, rel=0.03)
        assert means.generated_tokens[row] == pytest.approx(tokens, rel=0.03, abs=0.03)
        latency = np.mean([outcome.latency for outcome in done])
        assert means.latency_tokens[row] == pytest.approx(latency, rel=0.03, abs=0.03)


@pytest.mark.parametrize("label", ["threshold=0.6", "ensemble=0.25", "cascade=0.75"])
def test_means_with_scores_or_two_policies_are_those_over_all_orders(label: str) -> None:
    rng, size = np.random.default_rng(8), 5
    pools, its = ([random_pool(rng, size) for _ in range(3)] for _ in range(2))
    growth = np.tile(np.array([0.0, 30.0, 40.0, 45.0, 48.0, 50.0]), (3, 1))
    (rule,) = rules_from(label)
    two = rule.rule.needs.two
    smaller = Side(batch_of(its)) if two else None
    side = Side(batch_of(pools)) if two else Side(batch_of(pools), "last", growth)
    (means,) = replayed_sides(side, [rule], size, smaller)
    for row, (pool, other) in enumerate(zip(pools, its, strict=True)):
        if two:
            simulate = {"ensemble": simulation.ensemble, "cascade": simulation.cascade}
            play = simulate[rule.rule.name]
            # The order of one pool says nothing of that of the other.
            both = product(permutations(pool), permutations(other))
            done = [play(list(order), list(its_order), rule.value) for order, its_order in both]
        else:
            done = [simulation.threshold(list(order), rule.value) for order in permutations(pool)]
            scoring = np.mean([growth[row, outcome.num_scored] for outcome in done])
            assert means.prm_computed[row] == pytest.approx(scoring, rel=0.01)
        accuracy = np.mean([outcome.answer == 0 for outcome in done])
        assert abs(means.accuracy[row] - accuracy) <= 4 * means.standard_error[row] + 1e-12
        samples = np.mean([outcome.num_samples for outcome in done])
        assert means.num_samples[row] == pytest.approx(samples, rel=0.03)
        latency = np.mean([outcome.latency for outcome in done])
        assert means.latency_tokens[row] == pytest.approx(latency, rel=0.03)


def test_results_do_not_depend_on_the_stored_order(few_orders: None) -> None:
    rng = np.random.default_rng(3)
    pools, its = ([random_pool(rng, 16) for _ in range(30)] for _ in range(2))
    labels = (*SIMULATED, *SCORED, *OF_TWO)
    rules = [rule for label in labels for rule in rules_from(label)]

    def results() -> list[Means]:
        shuffled = [
            [[pool[i] for i in rng.permutation(16)] for pool in one] for one in (pools, its)
        ]
        side, smaller = (Side(batch_of(one), "last", np.ones((30, 17))) for one in shuffled)
        return replayed_sides(side, rules, 16, smaller)

    for one, other in zip(results(), results(), strict=True):
        for column in fields(Means):
            np.testing.assert_array_equal(getattr(one, column.name), getattr(other, column.name))


def test_the_stated_monte_carlo_error_is_the_error() -> None:
    """Over many problems with one pool each, errors are independent draws of one law."""
    rng = np.random.default_rng(11)
    pool = random_pool(rng, 12)
    while not 0 < sum(s.correct for s in pool) < 12:
        pool = random_pool(rng, 12)
    batch = batch_of([pool] * 2000)
    (means,) = replayed(batch, rules_from("adaptive=0.8"), 8)
    seen = means.accuracy.std(ddof=1)
    assert means.standard_error.mean() == pytest.approx(seen, rel=0.1)
    # Over all problems of a cell: below a tenth of a point, whatever the pools.
    assert np.sqrt((means.standard_error**2).sum()) / 2000 < 0.001


def test_a_confidence_of_095_stops_after_four_equal_answers_and_a_lower_one_after_fewer() -> None:
    same = [[Sample(0, True, 1)] * 20]
    drawn = {
        label: int(rules_from(label)[0].replay(ordered(same)).num_samples[0])
        for label in ("adaptive", "adaptive=0.7", "adaptive=0.8", "adaptive=0.9")
    }
    # After j equal answers the posterior is 1 - 2 ** -(j + 1).
    assert drawn == {"adaptive": 4, "adaptive=0.7": 1, "adaptive=0.8": 2, "adaptive=0.9": 3}
