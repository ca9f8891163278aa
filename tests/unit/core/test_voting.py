"""Aggregation and votes, on hand-made cases, by property, and on a recorded run."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsgrid.core.errors import ConfigError
from ttsgrid.core.voting import (
    AGGREGATIONS,
    NO_ANSWER,
    VOTES,
    aggregate,
    aggregate_ragged,
    elect,
)

probabilities = st.floats(0.0, 1.0, allow_nan=False)
step_lists = st.lists(st.lists(probabilities, max_size=6), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("how", "expected"), [("min", 0.25), ("last", 0.5), ("avg", 0.5), ("prod", 0.09375)]
)
def test_each_aggregation_reads_the_steps_its_own_way(how: str, expected: float) -> None:
    assert aggregate([0.75, 0.25, 0.5], how) == expected


def test_a_solution_without_steps_has_no_score() -> None:
    with pytest.raises(ValueError, match="without step scores"):
        aggregate([], "min")


def test_an_unknown_aggregation_is_refused() -> None:
    with pytest.raises(ConfigError, match="'median' is not one of: min, last, avg, prod"):
        aggregate([0.5], "median")


@given(step_lists, st.sampled_from(AGGREGATIONS.names))
def test_the_ragged_path_agrees_with_one_solution_at_a_time(
    lists: list[list[float]], how: str
) -> None:
    offsets = np.cumsum([0, *map(len, lists)])
    flat = [score for scores in lists for score in scores]
    functions: dict[str, Callable[[list[float]], float]] = {
        "min": min,
        "last": lambda scores: scores[-1],
        "avg": lambda scores: math.fsum(scores) / len(scores),
        "prod": math.prod,
    }
    by_hand = functions[how]
    expected = [by_hand(scores) if scores else math.nan for scores in lists]
    np.testing.assert_allclose(aggregate_ragged(flat, offsets, how), expected, rtol=1e-12)


def test_votes_can_disagree_on_the_same_pool() -> None:
    classes, scores = [0, 0, 0, 1, 1, 2], [0.1, 0.1, 0.1, 0.4, 0.4, 0.7]
    assert elect(classes, "majority") == 0
    assert elect(classes, "weighted", scores) == 3
    assert elect(classes, "max", scores) == 5


@pytest.mark.parametrize("how", VOTES.names)
def test_a_solution_without_an_answer_never_wins(how: str) -> None:
    assert elect([NO_ANSWER, NO_ANSWER, 0], how, [math.nan, 0.9, 0.1]) == 2
    assert elect([NO_ANSWER, NO_ANSWER], how, [0.9, 0.9]) is None


@pytest.mark.parametrize("how", VOTES.names)
def test_the_answer_seen_first_wins_a_tie(how: str) -> None:
    assert elect([5, 3, 3, 5], how, [0.5, 0.5, 0.5, 0.5]) == 0
    assert elect([3, 5, 5, 3], how, [0.5, 0.5, 0.5, 0.5]) == 0


def test_rounding_does_not_break_a_tie_of_sums() -> None:
    assert 0.1 + 0.2 + 0.3 > 0.3 + 0.2 + 0.1
    classes, scores = [0, 1, 0, 1, 0, 1], [0.3, 0.1, 0.2, 0.2, 0.1, 0.3]
    assert elect(classes, "weighted", scores) == 0


def test_a_solution_without_a_score_stays_and_wins_no_vote_that_needs_one() -> None:
    classes, scores = [0, 1, 1, 1], [0.0, math.nan, math.nan, math.nan]
    assert elect(classes, "majority", scores) == 1
    assert elect(classes, "weighted", scores) == 0
    assert elect(classes, "max", scores) == 0
    assert elect(classes[1:], "weighted", scores[1:]) is None
    # Nor does it lend its weight, whatever that would be, to those of its answer.
    assert elect([0, 1, 1], "weighted", [0.5, 0.4, math.nan]) == 0


def test_a_vote_by_scores_needs_scores() -> None:
    with pytest.raises(ValueError, match="needs a score"):
        elect([0, 1], "max")


@given(st.lists(st.tuples(st.integers(-1, 3), probabilities), min_size=1, max_size=12))
def test_the_weighted_winner_has_the_largest_sum(pool: list[tuple[int, float]]) -> None:
    winner = elect([c for c, _ in pool], "weighted", [s for _, s in pool])
    sums = {c: math.fsum(s for d, s in pool if d == c) for c, _ in pool if c != NO_ANSWER}
    if winner is None:
        assert not sums
    else:
        assert sums[pool[winner][0]] == pytest.approx(max(sums.values()), rel=1e-6)


def _recorded(shared_data: Path) -> list[dict[str, Any]]:
    text = (shared_data / "recorded/qwen25math_math100x8_orm.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def _classes(answers: Sequence[str]) -> list[int]:
    seen: dict[str, int] = {}
    return [seen.setdefault(answer, len(seen)) if answer else NO_ANSWER for answer in answers]


@pytest.mark.parametrize(("how", "expected"), [("majority", 93), ("max", 94), ("weighted", 94)])
def test_the_votes_reproduce_the_recorded_run_of_qwen25math(
    shared_data: Path, how: str, expected: int
) -> None:
    right = 0
    for row in _recorded(shared_data):
        scores = [1 / (1 + math.exp(-reward[0])) for reward in row["pred_score"]]
        winner = elect(_classes(row["pred"]), how, scores)
        right += winner is not None and row["score"][winner]
    assert right == expected
