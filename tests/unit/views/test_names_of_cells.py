"""A cell has one short name, and one in words that a reader without the field's terms follows."""

from __future__ import annotations

import pytest

from ttsgrid.core.strategies import STRATEGIES
from ttsgrid.core.voting import AGGREGATIONS, VOTES
from ttsgrid.views.words.cells import describe, in_words, short_name, votings_explained
from ttsgrid.views.words.numbers import Row

ALONE: Row = {"prm": None, "aggregation": None, "vote": None}
DVTS: Row = {"strategy": "dvts", "n": 16, "prm": "p", "aggregation": "prod", "vote": "weighted"}


@pytest.mark.parametrize(
    ("cell", "name", "words"),
    [
        ({**ALONE, "strategy": "cot", "n": 1}, "CoT", "CoT"),
        ({**ALONE, "strategy": "majority", "n": 1}, "one sample", "one sample"),
        ({**ALONE, "strategy": "majority", "n": 16}, "majority-16", "majority vote, 16 samples"),
        (
            DVTS,
            "DVTS-16 (prod-weighted, PRM p)",
            "DVTS, 16 beams, answers weighted by the product of step scores from p",
        ),
        (
            {**DVTS, "strategy": "best_of_n", "n": 4, "vote": "max", "aggregation": "min"},
            "best-of-4 (min-max, PRM p)",
            "best-of-N, 4 samples, the answer whose lowest step score from p is highest",
        ),
        (
            {**DVTS, "aggregation": None, "vote": "majority"},
            "DVTS-16 (majority, PRM p)",
            "DVTS, 16 beams, guided by p, the most frequent answer",
        ),
    ],
)
def test_cells_have_a_short_name_and_one_in_words(cell: Row, name: str, words: str) -> None:
    assert describe(cell) == name
    assert in_words(cell) == words


def test_a_name_in_a_table_leaves_out_what_stands_beside_it() -> None:
    assert short_name(DVTS) == "DVTS (prod-weighted)"


def test_a_vote_or_score_that_nobody_added_still_has_words() -> None:
    foreign = {**DVTS, "aggregation": "median", "vote": "borda"}
    assert describe(foreign) == "DVTS-16 (median-borda, PRM p)"
    assert in_words(foreign) == (
        "DVTS, 16 beams, the vote borda over the median of step scores from p"
    )


def test_every_way_to_score_and_vote_is_explained_once() -> None:
    said = votings_explained()
    for entry in (*AGGREGATIONS, *(vote for vote in VOTES if vote.needs_scores)):
        assert said.count(f"{entry.display}") >= 1


def test_no_short_name_is_an_identifier() -> None:
    """`best_of_n` and `dvts` are for stores; people read best-of-N and DVTS."""
    for entry in STRATEGIES:
        if entry.is_search and entry.display.isupper():
            assert entry.at(4).startswith(entry.display)
