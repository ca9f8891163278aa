"""A search that outgrows what its PRM or its policy reads: branches end there, cut off."""

from __future__ import annotations

from collections.abc import Sequence

from tests.unit.strategies.search.scripted import PROMPT
from tests.unit.strategies.search.written import (
    PRESETS,
    Book,
    Table,
    beam,
    search,
)
from ttsgrid.core.records import FinishReason, Usage
from ttsgrid.core.search_settings import SearchSettings
from ttsgrid.core.search_trace import Fate
from ttsgrid.engines.scoring import ScoredSteps


class ShortSighted(Table):
    """Reads at most two steps."""

    async def score(self, question: str, steps: Sequence[str]) -> ScoredSteps:
        if len(steps) > 2:
            return ScoredSteps((), Usage(), unscored="9 tokens, the PRM reads 8")
        return await super().score(question, steps)


@PRESETS
def test_a_branch_that_outgrows_the_prm_ends_cut_off_and_the_others_go_on(name: str) -> None:
    book = Book(
        {
            "": ["a\n\n", "b\n\n"],
            "a\n\n": ["c\n\n"] * 2,
            "b\n\n": ["boxed 1<end>"] * 2,
            "a\n\nc\n\n": ["boxed 2<end>"] * 9,
        }
    )
    prm = ShortSighted({"a": 0.9, "b": 0.8, "c": 0.9, "boxed 1": 0.1})
    outcome = search(beam(name, 2, 1), book, prm)
    outgrown = [c for step in outcome.trace.steps for c in step if "the PRM reads 8" in c.reason]
    assert outgrown
    assert {c.fate for c in outgrown} == {Fate.PRUNED}
    assert {c.score for c in outgrown} == {None}
    complete = {answer.text for answer in outcome.answers if answer.complete}
    assert complete == {"b\n\nboxed 1"}
    # The branch itself is recorded as far as the PRM could follow.
    cut_off = {answer.text for answer in outcome.answers if not answer.complete}
    assert cut_off == ({"a\n\nc\n\n"} if name == "paper" else set())


def test_a_lookahead_that_outgrows_the_prm_looks_as_far_as_the_prm_can_read() -> None:
    settings = SearchSettings("lookahead", 2, 2, max_steps=4, lookahead_steps=3)
    book = Book(
        {
            "": ["a\n\n", "boxed<end>"],
            "a\n\n": ["b\n\n", "boxed 1<end>", "boxed 2<end>"],
            "a\n\nb\n\n": ["c\n\n"],
            "a\n\nb\n\nc\n\n": ["d\n\n"],
        }
    )
    prm = ShortSighted({"a": 0.1, "b": 0.9, "boxed": 0.5, "boxed 1": 0.5, "boxed 2": 0.4})
    first = search(settings, book, prm).trace.steps[0][0]
    assert ("a", "b") in prm.asked
    assert (first.score, first.step_scores) == (0.9, (0.1,))


def test_a_branch_that_fills_the_policys_context_is_cut_off() -> None:
    book = Book({"": ["abc\n\n", "b\n\n"], "abc\n\n": ["boxed<end>"] * 2})
    book.max_input_tokens = len(PROMPT) + 4
    outcome = search(beam("paper"), book, Table({"abc": 0.9, "b": 0.1}))
    assert [request.max_tokens for request in book.requests] == [5, 5]
    assert not outcome.answers[0].complete


@PRESETS
def test_a_prompt_that_fills_the_policys_context_is_one_answer_without_a_step(name: str) -> None:
    book = Book({})
    book.max_input_tokens = len(PROMPT) - 1
    outcome = search(beam(name), book, Table({}))
    [answer] = outcome.answers
    assert (answer.text, answer.steps, answer.complete) == ("", (), False)
    assert answer.finish_reason is FinishReason.PROMPT_TOO_LONG
    assert outcome.price.policy == outcome.policy_usage == Usage()
    assert outcome.price.question_tokens == 0
    assert not book.requests
