"""Lookahead, REBASE and the step-level greedy: what each adds to beam search."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.strategies.search.reference import paper
from tests.unit.strategies.search.scripted import Script
from tests.unit.strategies.search.test_against_reference import play, played, seeds
from tests.unit.strategies.search.written import Book, Table, search
from ttsgrid.core.search_settings import SearchSettings, preset
from ttsgrid.core.search_trace import Fate
from ttsgrid.core.strategies import STRATEGIES
from ttsgrid.strategies.search.rebase import shares

NUM_SCRIPTS = 100

SEARCHES = [entry.name for entry in STRATEGIES if entry.is_search]


def kin(kind: str, n: int, m: int = 4, **changes: int) -> SearchSettings:
    return SearchSettings(kind, n, m, rules=preset("paper", kind), **changes)  # type: ignore[arg-type]


def test_lookahead_ranks_a_step_by_what_follows_it() -> None:
    book = Book(
        {
            "": ["trap\n\n", "good\n\n"],
            "trap\n\n": ["bad\n\n"],
            "good\n\n": ["fine\n\n", "boxed 1<end>", "boxed 1<end>"],
        }
    )
    table = Table({"trap": 0.9, "bad": 0.1, "good": 0.5, "fine": 0.8, "boxed 1": 0.7})
    outcome = search(kin("lookahead", 2, 2, lookahead_steps=1), book, table)
    trap, good = outcome.trace.steps[0]
    assert (trap.score, trap.fate) == (0.1, Fate.PRUNED)
    assert (good.score, good.fate) == (0.8, Fate.KEPT)
    assert good.step_scores == (0.5,)
    assert outcome.answers[0].text == "good\n\nboxed 1"
    assert outcome.answers[0].step_scores == (0.5, 0.7)


def test_lookahead_rolls_greedily_and_counts_what_it_costs() -> None:
    book = Book({"": ["a\n\n", "boxed<end>"], "a\n\n": ["b\n\n"], "a\n\nb\n\n": ["c<end>"]})
    table = Table({"a": 0.1, "b": 0.1, "c": 0.1, "boxed": 0.9})
    outcome = search(kin("lookahead", 2, 2, lookahead_steps=5), book, table)
    assert sorted(request.temperature for request in book.requests) == [0.0, 0.0, 0.7, 0.7]
    assert ("a", "b", "c") in table.asked
    assert outcome.policy_usage.generated_tokens == len("a\n\nb\n\nc") + 1 + len("boxed") + 1


def test_lookahead_leaves_a_rolled_step_out_that_was_cut_off() -> None:
    book = Book({"": ["a\n\n", "boxed<end>"], "a\n\n": ["b<cut>"]})
    table = Table({"a": 0.1, "boxed": 0.9})
    search(kin("lookahead", 2, 2, lookahead_steps=2), book, table)
    assert sorted(table.asked) == [("a",), ("boxed",)]


def test_step_level_best_of_m_follows_one_beam_as_a_dvts_subtree_of_its_width_does() -> None:
    for number in range(NUM_SCRIPTS):
        script = Script.random(number)
        outcome, _ = play(kin("step_best_of_m", 6, 6, max_steps=5), script)
        assert played(outcome).answers == paper(script, 6, 6, 5, seeds, "last").answers
        assert all(
            sum(c.fate is not Fate.PRUNED for c in step) <= 1 for step in outcome.trace.steps
        )


def test_rebase_shares_out_by_softmax_rounding_up_from_the_best() -> None:
    # By hand: exp(0.9/0.2) = 90.0, exp(0.5/0.2) = 12.2, exp(0.1/0.2) = 1.6, of 16 places:
    # 16 * 90.0/103.9 = 13.9 -> 14; 2 * 12.2/13.8 = 1.8 -> 2; nothing is left.
    assert shares([0.9, 0.5, 0.1], 16, 0.2) == [14, 2, 0]
    assert shares([0.5, 0.5, 0.5, 0.5], 8, 0.2) == [2, 2, 2, 2]
    assert shares([], 8, 0.2) == []
    assert shares([0.5], -1, 0.2) == [0]


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=30),
    st.integers(1, 300),
    st.sampled_from([0.001, 0.2, 10.0]),
)
def test_rebase_gives_out_every_place_and_never_more_to_a_worse_node(
    scores: list[float], num_places: int, temperature: float
) -> None:
    ordered = sorted(scores, reverse=True)
    counts = shares(ordered, num_places, temperature)
    assert sum(counts) == num_places
    assert all(count >= 0 for count in counts)
    weights = [math.exp((score - ordered[0]) / temperature) for score in ordered]
    assert counts[0] == math.ceil(num_places * weights[0] / math.fsum(weights) - 1e-9)


def test_what_finishes_in_rebase_takes_its_place_out_for_good() -> None:
    for number in range(NUM_SCRIPTS):
        outcome, _ = play(kin("rebase", 12, max_steps=6), Script.random(number))
        places = 12
        for step in outcome.trace.steps:
            assert len(step) == places
            places -= sum(c.fate is Fate.FINISHED or c.score is None for c in step)
        ended = [c.id for step in outcome.trace.steps for c in step if c.fate is Fate.FINISHED]
        assert sorted(a.candidate for a in outcome.answers if a.complete) == sorted(ended)
        scores = [answer.step_scores[-1] for answer in outcome.answers if answer.complete]
        assert scores == sorted(scores, reverse=True)


def test_rebase_expands_good_nodes_more_than_bad_ones() -> None:
    book = Book(
        {
            "": ["good\n\n", "bad\n\n", "boxed<end>", "x<cut>"],
            "good\n\n": ["boxed<end>"] * 2,
        }
    )
    outcome = search(kin("rebase", 4), book, Table({"good": 0.9, "bad": 0.1, "boxed": 0.5}))
    assert [c.reason for c in outcome.trace.steps[0]][:2] == [
        "2 of 2 places by score",
        "0 of 2 places by score",
    ]
    assert len(outcome.answers) == 3


@pytest.mark.parametrize("kind", SEARCHES)
def test_every_kind_gives_the_same_search_again(kind: str) -> None:
    changes = {"lookahead_steps": 1} if kind == "lookahead" else {}
    settings = kin(kind, 4, 4, max_steps=4, **changes)
    first, _ = play(settings, Script.random(7))
    second, _ = play(settings, Script.random(7))
    assert first == second
