"""One budget over all problems, beside a slow plain search for the best plan."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest

from tests.unit.analysis.replay.simulation import Sample, at_once, vote
from tests.unit.analysis.replay.test_against_simulation import batch_of, random_pool
from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.analysis.replay.orders import replayed_levels
from ttsgrid.analysis.replay.outcomes import replayed_outcomes
from ttsgrid.analysis.replay.rules import rules_from
from ttsgrid.analysis.replay.sharing import Levels, shared_budget, sizes_up_to
from ttsgrid.analysis.statistics.crossfit import random_halves
from ttsgrid.core.voting import Floats


def level_of(order: list[Sample]) -> int:
    answers = Counter(s.answer for s in order[:4] if s.answer is not None)
    return max(answers.values(), default=0)


def test_levels_are_those_over_all_orders() -> None:
    rng, size = np.random.default_rng(4), 6
    pools = [random_pool(rng, size) for _ in range(3)]
    levels = replayed_levels(batch_of(pools), size)
    assert levels.sizes == [4, 6]
    for row, pool in enumerate(pools):
        orders = [list(order) for order in permutations(pool)]
        for level in range(5):
            at_level = [order for order in orders if level_of(order) == level]
            share = len(at_level) / len(orders)
            assert levels.share[row, level] == pytest.approx(share, abs=0.01)
            for s, drawn in enumerate(levels.sizes):
                right = sum(vote(order[:drawn]) == 0 for order in at_level) / len(orders)
                assert levels.right[row, level, s] == pytest.approx(right, abs=0.01)
                tokens = sum(x.tokens for order in at_level for x in order[:drawn]) / len(orders)
                assert levels.tokens[row, level, s] == pytest.approx(tokens, abs=0.2)
                # The probe's samples are written side by side, then all the others.
                turns = [(at_once(order[:4]), at_once(order[4:drawn])) for order in at_level]
                path = sum(probe.path + rest.path for probe, rest in turns) / len(orders)
                assert levels.path[row, level, s] == pytest.approx(path, abs=0.2)
                reads = sum(probe.reads + rest.reads for probe, rest in turns) / len(orders)
                assert levels.reads[row, level, s] == pytest.approx(reads, abs=0.6)


def made(num_problems: int, seed: int = 0) -> Levels:
    """Hard problems agree little and gain from more samples; easy ones don't."""
    rng = np.random.default_rng(seed)
    share = rng.dirichlet(np.ones(5), num_problems)
    sizes, gain = [4, 8, 16], rng.uniform(0, 0.1, (num_problems, 5, 3)).cumsum(axis=2)
    right = share[:, :, None] * np.clip(0.3 + gain, 0, 1)
    tokens = share[:, :, None] * np.array(sizes) * 10.0
    return Levels(sizes, share, right, tokens, tokens / 4, tokens * 5, 1000)


def best_plan(levels: Levels, members: Floats, budget: float) -> tuple[int, ...]:
    found: list[tuple[float, float, tuple[int, ...]]] = []
    for plan in product(range(3), repeat=5):
        spent = right = 0.0
        for level, size in enumerate(plan):
            spent += levels.share[members, level].mean() * levels.sizes[size]
            right += levels.right[members, level, size].mean()
        if spent <= budget + 1e-9:
            found.append((right, -spent, plan))
    return max(found)[2]


def test_each_half_is_served_by_the_best_plan_of_the_other() -> None:
    levels, budget = made(12), 9.0
    halves = random_halves(12)
    accuracy, samples, tokens = np.zeros((3, 12))
    for half in halves:
        for serving, members in ((~half, half), (half, ~half)):
            plan = best_plan(levels, members, budget)
            for problem in np.flatnonzero(serving):
                for level, size in enumerate(plan):
                    accuracy[problem] += levels.right[problem, level, size]
                    samples[problem] += levels.share[problem, level] * levels.sizes[size]
                    tokens[problem] += levels.tokens[problem, level, size]
    means = shared_budget(levels, budget)
    np.testing.assert_allclose(means.accuracy, accuracy / len(halves))
    np.testing.assert_allclose(means.num_samples, samples / len(halves))
    np.testing.assert_allclose(means.generated_tokens, tokens / len(halves))


def test_no_problem_has_a_say_in_its_own_plan() -> None:
    levels = made(20, seed=3)
    before = shared_budget(levels, 8.0)
    right = levels.right.copy()
    right[7] = right[7][:, ::-1]  # fewer samples are now better there
    after = shared_budget(replace(levels, right=right), 8.0)
    assert before.num_samples[7] == after.num_samples[7]


def test_sizes_begin_at_the_probe_and_end_at_n() -> None:
    assert sizes_up_to(64) == [4, 8, 16, 32, 64]
    assert sizes_up_to(10) == [4, 8, 10]
    assert sizes_up_to(4) == [4]
    assert sizes_up_to(2) == [2]


def test_the_probe_is_paid_for_and_the_budget_is_kept_about(
    frames: StoreFrames, few_orders: None
) -> None:
    for replay in replayed_outcomes(frames, rules_from("shared=0.5")):
        # Of 16 samples half: beside a vote of 8 on every problem.
        assert replay.fixed.key.n == 8
        assert (replay.num_samples >= 4 - 1e-9).all()
        assert (replay.num_samples <= 16 + 1e-9).all()
        # Samples that gain nothing are not drawn, whatever the budget.
        assert replay.num_samples.mean() <= 9
        assert replay.outcome.spent.policy_generated.mean() == pytest.approx(
            50 * replay.num_samples.mean(), rel=0.05
        )
