"""The estimators against brute force written independently, and against recorded runs."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from itertools import combinations, permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttsgrid.analysis.statistics.estimators import (
    best_of_k,
    pass_at_k,
    rank_groups,
    vote_at_k,
    votes_at_k,
)
from ttsgrid.analysis.statistics.subsets import MAX_ENUMERATED
from ttsgrid.core.voting import NO_ANSWER, Bools, Floats, Ints, elect

# Eighths add exactly, so that the tests' own sums tie where they should.
Sample = tuple[int, bool, float]
samples = st.tuples(st.integers(-1, 2), st.booleans(), st.integers(0, 8).map(lambda i: i / 8))
small_pools = st.lists(samples, min_size=1, max_size=5)


def _arrays(pool: list[Sample]) -> tuple[Ints, Bools, Floats]:
    classes = np.array([[c for c, _, _ in pool]])
    correct = np.array([[right and c != NO_ANSWER for c, right, _ in pool]])
    return classes, correct, np.array([[s for _, _, s in pool]])


def _by_every_ordering(pool: list[Sample], k: int, how: str) -> float:
    """Mean outcome of the vote over every subset in every order."""
    outcomes = []
    for ordering in permutations(pool, k):
        winner = elect([c for c, _, _ in ordering], how, [s for _, _, s in ordering])
        outcomes.append(winner is not None and ordering[winner][1])
    return float(np.mean(outcomes))


@given(small_pools, st.data())
def test_best_of_k_is_the_mean_of_the_max_vote_over_all_ordered_subsets(
    pool: list[Sample], data: st.DataObject
) -> None:
    k = data.draw(st.integers(1, len(pool)))
    classes, correct, scores = _arrays(pool)
    estimate = best_of_k(scores, correct, classes, k)
    assert estimate.accuracy[0] == pytest.approx(_by_every_ordering(pool, k, "max"))
    assert estimate.standard_error[0] == 0


@given(small_pools, st.data(), st.sampled_from(["majority", "weighted"]))
def test_vote_at_k_is_the_mean_of_the_vote_over_all_ordered_subsets(
    pool: list[Sample], data: st.DataObject, how: str
) -> None:
    k = data.draw(st.integers(1, len(pool)))
    classes, correct, scores = _arrays(pool)
    estimate = vote_at_k(classes, correct, k, scores if how == "weighted" else None)
    # The first seen of a class speaks for it; over all orders that is the mean of its members.
    assert estimate.accuracy[0] == pytest.approx(_by_every_ordering(pool, k, how))
    assert estimate.standard_error[0] == 0


@given(st.integers(1, 9), st.data())
def test_pass_at_k_counts_the_subsets_that_hold_a_correct_sample(
    n: int, data: st.DataObject
) -> None:
    k, c = data.draw(st.integers(1, n)), data.draw(st.integers(0, n))
    hits = [any(i < c for i in subset) for subset in combinations(range(n), k)]
    assert pass_at_k(np.array([c]), n, k)[0] == pytest.approx(np.mean(hits))


def _random_pools(
    num_pools: int, n: int, num_classes: int, seed: int
) -> tuple[Ints, Bools, Floats]:
    rng = np.random.default_rng(seed)
    classes = rng.integers(-1, num_classes, (num_pools, n))
    return classes, classes == 0, rng.integers(0, 9, (num_pools, n)) / 8


def _over_all_subsets(classes: Ints, weights: Floats, k: int) -> float:
    """Expected correctness (class 0 is right) with ties shared in proportion to members."""
    total = 0.0
    for subset in combinations(range(len(classes)), k):
        members = [i for i in subset if classes[i] != NO_ANSWER]
        sums: dict[int, float] = defaultdict(float)
        for i in members:
            sums[int(classes[i])] += float(weights[i])
        best = max(sums.values(), default=0.0)
        winners = [i for i in members if sums[int(classes[i])] == best]
        total += sum(classes[i] == 0 for i in winners) / len(winners) if winners else 0.0
    return total / math.comb(len(classes), k)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("k", [4, 6, 9])
def test_monte_carlo_votes_are_unbiased_and_know_their_error(k: int, weighted: bool) -> None:
    classes, correct, scores = _random_pools(num_pools=60, n=13, num_classes=4, seed=k)
    assert math.comb(13, k) > MAX_ENUMERATED
    estimate = vote_at_k(classes, correct, k, scores if weighted else None)
    weights = scores if weighted else np.ones_like(scores)
    exact = np.array([_over_all_subsets(c, w, k) for c, w in zip(classes, weights, strict=True)])
    miss, claimed = estimate.accuracy - exact, estimate.standard_error
    assert (claimed > 0).sum() > 30
    assert abs(miss.sum()) < 4 * math.sqrt((claimed**2).sum())
    assert 0.5 < (miss**2).sum() / (claimed**2).sum() < 1.7


def test_the_same_seed_gives_the_same_estimate_and_another_seed_another() -> None:
    classes, correct, scores = _random_pools(num_pools=5, n=32, num_classes=3, seed=0)
    first, again, other = (vote_at_k(classes, correct, 8, scores, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.accuracy, again.accuracy)
    assert (first.accuracy != other.accuracy).any()


def test_weightings_that_share_their_subsets_equal_one_call_each() -> None:
    classes, correct, scores = _random_pools(num_pools=7, n=24, num_classes=5, seed=3)
    weightings = {"min": scores, "avg": 1 - scores}
    for estimator_k in (1, 6, 24):
        together = votes_at_k(classes, correct, estimator_k, weightings)
        for name, weights in weightings.items():
            alone = vote_at_k(classes, correct, estimator_k, weights)
            np.testing.assert_array_equal(together[name].accuracy, alone.accuracy)
            np.testing.assert_array_equal(together[name].standard_error, alone.standard_error)


@settings(max_examples=30)
@given(st.integers(2, 40), st.data())
def test_at_k_one_every_estimator_is_pass_at_one(n: int, data: st.DataObject) -> None:
    classes, correct, scores = _random_pools(3, n, 3, seed=data.draw(st.integers(0, 99)))
    expected = correct.mean(axis=1)
    np.testing.assert_allclose(pass_at_k(correct.sum(axis=1), n, 1), expected)
    np.testing.assert_allclose(best_of_k(scores, correct, classes, 1).accuracy, correct.mean(1))
    np.testing.assert_allclose(vote_at_k(classes, correct, 1, scores).accuracy, expected)


@pytest.mark.parametrize("k", [0, 5])
def test_a_budget_the_pool_cannot_serve_is_refused(k: int) -> None:
    classes, correct, scores = _random_pools(2, 4, 2, seed=0)
    for estimate in (
        lambda: pass_at_k(correct.sum(axis=1), 4, k),
        lambda: best_of_k(scores, correct, classes, k),
        lambda: vote_at_k(classes, correct, k),
    ):
        with pytest.raises(ValueError, match=f"budget {k}"):
            estimate()


def test_a_sample_scored_by_one_aggregation_alone_is_refused() -> None:
    classes, correct = np.array([[0, 1]]), np.array([[True, False]])
    weights = {"min": np.array([[0.5, np.nan]]), "avg": np.array([[0.5, 0.5]])}
    with pytest.raises(ValueError, match="by one aggregation"):
        votes_at_k(classes, correct, 2, weights)


unscored_pools = st.lists(
    st.tuples(st.integers(-1, 2), st.booleans(), st.none() | st.integers(0, 4).map(float)),
    min_size=1,
    max_size=5,
)


@given(unscored_pools, st.data(), st.sampled_from(["max", "weighted", "majority"]))
def test_unscored_samples_stay_in_the_pool_and_win_nothing_that_needs_a_score(
    pool: list[tuple[int, bool, float | None]], data: st.DataObject, how: str
) -> None:
    k = data.draw(st.integers(1, len(pool)))
    classes, correct, _ = _arrays([(c, right, 0.0) for c, right, _ in pool])
    scores = np.array([[np.nan if s is None else s for _, _, s in pool]])
    if how == "max":
        estimate = best_of_k(scores, correct, classes, k)
    else:
        estimate = vote_at_k(classes, correct, k, scores if how == "weighted" else None)
    # Written apart: without a score is without a say, but a subset keeps its size.
    said = [(c if s is not None else NO_ANSWER, r, s or 0.0) for c, r, s in pool]
    heard = [(c, r, s or 0.0) for c, r, s in pool] if how == "majority" else said
    assert estimate.accuracy[0] == pytest.approx(_by_every_ordering(heard, k, how))


def _qwen(shared_data: Path) -> tuple[Ints, Bools, Floats]:
    lines = (shared_data / "recorded/qwen25math_math100x8_orm.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    classes = [[row["pred"].index(answer) for answer in row["pred"]] for row in rows]
    rewards = np.array([row["pred_score"] for row in rows])[..., 0]
    return np.array(classes), np.array([row["score"] for row in rows]), 1 / (1 + np.exp(-rewards))


def test_the_recorded_run_of_qwen25math_is_reproduced(shared_data: Path) -> None:
    classes, correct, scores = _qwen(shared_data)
    num_correct = correct.sum(axis=1)
    assert pass_at_k(num_correct, 8, 1).mean() == pytest.approx(0.910)
    assert pass_at_k(num_correct, 8, 8).mean() == pytest.approx(0.96)
    assert best_of_k(scores, correct, classes, 8).accuracy.mean() == pytest.approx(0.94)
    assert vote_at_k(classes, correct, 8, scores).accuracy.mean() == pytest.approx(0.94)
    # First seen wins gives 93; of its four ties one is right first and two could be: shared
    # out evenly they are worth half a problem less.
    assert vote_at_k(classes, correct, 8).accuracy.mean() == pytest.approx(0.925)


def test_the_recorded_run_of_cruxeval_is_reproduced(shared_data: Path) -> None:
    text = (shared_data / "recorded/cruxeval_codellama7b_800x10_output.json").read_text()
    verdicts = np.array(list(json.loads(text)["raw_scored_generations"].values()))
    assert round(100 * pass_at_k(verdicts.sum(axis=1), 10, 1).mean(), 2) == 34.21
    assert round(100 * pass_at_k(verdicts.sum(axis=1), 10, 5).mean(), 2) == 40.29


@pytest.mark.parametrize("weighted", [False, True])
def test_groups_are_drawn_whole_and_vote_together(weighted: bool) -> None:
    classes, correct, scores = _random_pools(num_pools=6, n=15, num_classes=3, seed=1)
    estimate = vote_at_k(classes, correct, 3, scores if weighted else None, group=3)
    weights = scores if weighted else np.ones_like(scores)
    for p in range(6):
        drawn = [[3 * g + i for g in some for i in range(3)] for some in combinations(range(5), 3)]
        each = [_over_all_subsets(classes[p, d], weights[p, d], 9) for d in drawn]
        assert estimate.accuracy[p] == pytest.approx(np.mean(each))


def test_monte_carlo_over_groups_is_unbiased_and_knows_its_error() -> None:
    classes, correct, _ = _random_pools(num_pools=60, n=26, num_classes=4, seed=8)
    assert math.comb(13, 6) > MAX_ENUMERATED
    estimate = vote_at_k(classes, correct, 6, group=2)
    exact = []
    for p in range(60):
        drawn = [[2 * g + i for g in some for i in (0, 1)] for some in combinations(range(13), 6)]
        elections = classes[p][np.array(drawn)]
        tally = np.stack([(elections == c).sum(axis=1) for c in range(4)])
        winners = tally == tally.max(axis=0)
        exact.append(float(((tally * winners)[0] / (tally * winners).sum(axis=0)).mean()))
    miss, claimed = estimate.accuracy - np.array(exact), estimate.standard_error
    assert abs(miss.sum()) < 4 * math.sqrt((claimed**2).sum())
    assert 0.5 < (miss**2).sum() / (claimed**2).sum() < 1.7


def test_the_best_of_groups_is_the_best_of_their_samples() -> None:
    classes, correct, _ = _random_pools(num_pools=5, n=12, num_classes=3, seed=2)
    scores = np.random.default_rng(5).permuted(np.arange(60.0)).reshape(5, 12)  # no ties
    estimate = rank_groups(scores, correct, classes, group=3).best_of(2)
    for p in range(5):
        each = []
        for some in combinations(range(4), 2):
            members = [3 * g + i for g in some for i in range(3)]
            answered = [m for m in members if classes[p, m] != NO_ANSWER]
            best = max(answered, key=lambda m: float(scores[p, m]), default=None)
            each.append(best is not None and bool(correct[p, best]))
        assert estimate.accuracy[p] == pytest.approx(np.mean(each))
