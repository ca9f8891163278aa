"""Critical paths, with the figures of ten searches worked out by hand."""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import pytest

from ttsgrid.analysis.serving.paths import path_of_trace, pool_reads
from ttsgrid.analysis.statistics.estimators import longest_of
from ttsgrid.core.search_trace import Fate, SearchTrace, TracedCandidate

Step = tuple[tuple[int | None, int, bool], ...]
"""Candidates of a step: parent, tokens, whether scored; ids count from 0 over all steps."""

# (the trace, tokens on the path, PRM calls, keys and values read), by hand:
# a step waits for its longest candidate; a chunk of L after c tokens reads c L + L (L - 1) / 2.
SEARCHES: dict[str, tuple[tuple[Step, ...], int, int, float]] = {
    # 6; one call; 0+1+...+5 = 15
    "one step, one candidate": ((((None, 6, True),),), 6, 1, 15),
    # max(6, 4) = 6; 15 + 6
    "one step of two": ((((None, 6, True), (None, 4, True)),), 6, 1, 21),
    # 6 + max(5, 7) = 13; 15 + 6 + (6*5 + 10) + (6*7 + 21)
    "two steps, both from the first": (
        (((None, 6, True), (None, 4, True)), ((0, 5, True), (0, 7, True))),
        13,
        2,
        124,
    ),
    # 6 + 3 = 9: the longer sibling of the first step is waited for, though it is pruned;
    # 15 + 1 + (2*3 + 3)
    "what is pruned is waited for": (
        (((None, 6, True), (None, 2, True)), ((1, 3, True),)),
        9,
        2,
        25,
    ),
    # 3 + 3 + 3 = 9; 3 + (9 + 3) + (18 + 3)
    "a chain of three": ((((None, 3, True),), ((0, 3, True),), ((1, 3, True),)), 9, 3, 36),
    # 8 + 2 = 10; the last step is not scored; 28 + (16 + 1)
    "a last step without a score": ((((None, 8, True),), ((0, 2, False),)), 10, 1, 45),
    # 4 + 5 = 9; one of two scored is a call; 6 + 1 + (20 + 10)
    "a step scored in part": (
        (((None, 4, True), (None, 2, False)), ((0, 5, True),)),
        9,
        2,
        37,
    ),
    # max(1, 9) + max(9, 1) = 18, more than any chain (10); 0 + 36 + (9 + 36) + (9 + 0)
    "the longest of each step are of different chains": (
        (((None, 1, True), (None, 9, True)), ((0, 9, True), (1, 1, True))),
        18,
        2,
        90,
    ),
    # a candidate of no tokens adds nothing; 7 + 0; 21
    "an empty step": ((((None, 7, True),), ((0, 0, False),)), 7, 1, 21),
    # 5 + 4 + 6 = 15; 10 + 3 + (20 + 6) + (12 + 6) + (9*6 + 15) + (7*2 + 1)
    "three steps of two": (
        (
            ((None, 5, True), (None, 3, True)),
            ((0, 4, True), (1, 4, True)),
            ((2, 6, True), (3, 2, True)),
        ),
        15,
        3,
        141,
    ),
}


def as_trace(steps: tuple[Step, ...], **settings: int) -> str:
    """Write a search as the searches themselves do."""
    numbers = iter(range(100))
    traced = tuple(tuple(_candidate(next(numbers), *one) for one in step) for step in steps)
    return SearchTrace("q", {"kind": "beam", **settings}, traced, ()).as_json()


def _candidate(number: int, parent: int | None, tokens: int, scored: bool) -> TracedCandidate:
    scores = (0.5,) if scored else ()
    score = 0.5 if scored else None
    return TracedCandidate(number, parent, "text", score, scores, tokens, 1, Fate.KEPT, "why")


@pytest.mark.parametrize("name", SEARCHES)
def test_the_path_of_a_search_is_as_worked_out_by_hand(name: str) -> None:
    steps, tokens, prm_calls, reads = SEARCHES[name]
    path = path_of_trace(as_trace(steps))
    assert path is not None
    assert (path.tokens, path.prm_calls, path.context_reads) == (tokens, prm_calls, reads)
    assert path.turns == len(steps)


def test_there_are_ten_of_them() -> None:
    assert len(SEARCHES) == 10


def test_a_search_that_looked_ahead_has_no_path_since_its_rollouts_are_not_traced() -> None:
    assert path_of_trace(as_trace(SEARCHES["one step of two"][0], lookahead_steps=1)) is None


def test_a_trace_of_no_steps_takes_nothing() -> None:
    path = path_of_trace(json.dumps({"settings": {}, "steps": []}))
    assert path is not None
    assert (path.tokens, path.prm_calls, path.generated) == (0, 0, 0)


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_the_longest_of_k_is_the_mean_over_all_subsets(k: int) -> None:
    lengths = np.array([[7, 2, 9, 9, 4], [1, 1, 1, 1, 30]])
    every = [[max(row[list(subset)]) for subset in combinations(range(5), k)] for row in lengths]
    assert longest_of(lengths, k) == pytest.approx(np.mean(every, axis=1))


def test_what_samples_read_grows_with_the_square_of_their_length() -> None:
    # 0 + 1 + 2 = 3 of three tokens, 0 + 1 = 1 of two: one of either reads 2 on average.
    assert pool_reads(np.array([[3, 2]]), 1) == pytest.approx([2.0])
    assert pool_reads(np.array([[3, 2]]), 2) == pytest.approx([4.0])
