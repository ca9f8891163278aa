"""What counts as an answer of a search, and what never does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from tests.unit.strategies.search.scripted import PROMPT, QUESTION, decode
from tests.unit.strategies.search.written import (
    PRESETS,
    Book,
    Table,
    beam,
    search,
    seeds,
)
from ttsgrid.core.records import FinishReason
from ttsgrid.core.search_settings import SearchSettings
from ttsgrid.core.search_trace import Fate
from ttsgrid.core.units import SamplingIdentity
from ttsgrid.engines.base import Generation, GenerationRequest
from ttsgrid.engines.scoring import ScoredSteps
from ttsgrid.strategies.search.run import run_search
from ttsgrid.strategies.search.session import SearchSession


@PRESETS
def test_a_step_cut_off_is_neither_kept_nor_scored_nor_an_answer(name: str) -> None:
    book = Book({"": ["boxed 7<cut>", "a\n\n"], "a\n\n": ["boxed 8<end>"] * 2})
    table = Table({"a": 0.1, "boxed 8": 0.1})
    outcome = search(beam(name), book, table)
    cut = outcome.trace.steps[0][0]
    assert cut.fate is Fate.PRUNED
    assert cut.score is None
    assert "cut off" in cut.reason
    assert {answer.text for answer in outcome.answers} == {"a\n\nboxed 8"}


@PRESETS
def test_beams_that_only_get_cut_off_end_incomplete_and_without_their_cut_step(name: str) -> None:
    book = Book({"": ["a\n\n", "b\n\n"], "a\n\n": ["boxed 7<cut>"] * 6})
    outcome = search(beam(name), book, Table({"a": 0.9, "b": 0.1}))
    [answer] = outcome.answers
    assert answer.text == "a\n\n"
    assert answer.finish_reason is FinishReason.LENGTH
    assert not answer.complete


def test_a_beam_without_usable_children_is_tried_three_times_with_fresh_seeds_in_paper() -> None:
    book = Book({"": ["a\n\n", "b\n\n"], "a\n\n": ["x<cut>"] * 5 + ["boxed 1<end>"]})
    outcome = search(beam("paper"), book, Table({"a": 0.9, "b": 0.1, "boxed 1": 0.5}))
    assert [answer.complete for answer in outcome.answers] == [True]
    seeds = [request.seed for request in book.requests]
    assert len(seeds) == len(set(seeds)) == 8


@PRESETS
def test_a_blank_step_is_dropped_and_never_scored(name: str) -> None:
    book = Book({"": [" \n\n", "a\n\n"], "a\n\n": ["boxed 1<end>"] * 2})
    table = Table({"a": 0.5, "boxed 1": 0.5})
    outcome = search(beam(name), book, table)
    assert outcome.trace.steps[0][0].reason.startswith("no text")
    assert all(step.strip() for steps in table.asked for step in steps)


@PRESETS
def test_an_end_mark_right_after_a_step_ends_the_solution_with_the_scores_it_has(
    name: str,
) -> None:
    book = Book({"": ["a\n\n", "b\n\n"], "a\n\n": ["<end>", "<end>"]})
    table = Table({"a": 0.9, "b": 0.1})
    outcome = search(beam(name), book, table)
    assert {answer.text for answer in outcome.answers} == {"a\n\n"}
    assert outcome.answers[0].step_scores == (0.9,)
    assert outcome.answers[0].complete
    assert sorted(table.asked) == [("a",), ("b",)]


@PRESETS
def test_a_search_whose_first_steps_are_all_empty_has_no_answers(name: str) -> None:
    outcome = search(beam(name), Book({"": ["<end>"] * 6}), Table({}))
    assert outcome.answers == ()


def test_search_and_learn_answers_are_the_best_that_finished_not_the_first() -> None:
    book = Book(
        {
            "": ["early<end>", "a\n\n"],
            "a\n\n": ["middle<end>", "b\n\n"],
            "a\n\nb\n\n": ["late<end>", "later<end>"],
        }
    )
    scores = {"early": 0.1, "a": 0.5, "middle": 0.2, "b": 0.5, "late": 0.3, "later": 0.9}
    outcome = search(beam("search_and_learn"), book, Table(scores))
    assert [answer.step_scores[-1] for answer in outcome.answers] == [0.9, 0.3]


def test_search_and_learn_repeats_answers_up_to_n_and_paper_gives_one_a_beam() -> None:
    def book() -> Book:
        return Book({"": ["boxed 1<end>", "x<cut>", "boxed 2<end>", "x<cut>"]})

    table = Table({"boxed 1": 0.4, "boxed 2": 0.6})
    repeated = search(beam("search_and_learn", n=4), book(), table)
    assert [answer.text for answer in repeated.answers] == ["boxed 2", "boxed 1"] * 2
    once = search(beam("paper", n=4), book(), table)
    assert [answer.text for answer in once.answers] == ["boxed 2", "boxed 1"]


def test_a_final_answer_before_the_end_mark_ends_a_beam_in_paper_only() -> None:
    def book() -> Book:
        return Book({"": ["boxed 1\n\n", "x<cut>"], "boxed 1\n\n": ["more<end>", "other<end>"]})

    table = Table({"boxed 1": 0.4, "more": 0.6, "other": 0.5})
    assert search(beam("paper"), book(), table).answers[0].steps == ("boxed 1",)
    longer = search(beam("search_and_learn"), book(), table).answers[0]
    assert longer.steps == ("boxed 1", "more")


@PRESETS
def test_unfinished_siblings_of_a_dvts_subtree_are_no_answers(name: str) -> None:
    book = Book({"": ["a\n\n", "boxed 1<end>", "b\n\n", "boxed 2<end>"]})
    table = Table({"a": 0.4, "b": 0.5, "boxed 1": 0.9, "boxed 2": 0.1})
    outcome = search(beam(name, 4, 4, "dvts"), book, table)
    expected = {"paper": ["boxed 1"], "search_and_learn": ["boxed 1", "boxed 2"]}
    assert [answer.text for answer in outcome.answers] == expected[name]
    assert all(answer.complete for answer in outcome.answers)


@PRESETS
def test_beams_open_at_the_last_step_run_to_the_end_or_end_incomplete(name: str) -> None:
    book = Book({"": ["a\n\n" if name == "paper" else "a\n\nboxed 1<end>"] * 2})
    outcome = search(beam(name, depth=1), book, Table({"a": 0.5, "boxed 1": 0.5}))
    assert outcome.answers[0].complete == (name == "search_and_learn")
    assert all((request.stop == ()) == (name != "paper") for request in book.requests)


def test_a_solution_stays_within_max_tokens_and_ends_incomplete_when_they_are_spent() -> None:
    book = Book({"": ["abc\n\n", "b\n\n"], "abc\n\n": ["d\n\n", "ef<cut>"]})
    table = Table({"abc": 0.9, "b": 0.1, "d": 0.9})
    outcome = search(beam("paper"), book, table, max_tokens=8)
    assert [request.max_tokens for request in book.requests] == [8, 8, 3, 3]
    assert outcome.answers[0].text == "abc\n\nd\n\n"
    assert not outcome.answers[0].complete


def test_a_step_stays_within_max_step_tokens() -> None:
    settings = SearchSettings("beam", 2, 2, max_step_tokens=5)
    book = Book({"": ["boxed<end>"] * 2})
    search(settings, book, Table({"boxed": 0.5}))
    assert {request.max_tokens for request in book.requests} == {5}


def test_a_text_that_ends_a_solution_ends_a_search_like_the_end_mark() -> None:
    class Base(Book):
        async def generate(self, request: GenerationRequest) -> Generation:
            assert request.stop == ("\n\n", "Q:")
            written = await super().generate(request)
            return replace(written, stopped_by=written.stopped_by or "Q:")

    session = SearchSession(
        settings=beam("paper"),
        engine=Base({"": ["a\n\n"] * 2, "a\n\n": ["boxed<end>"] * 2}),
        scorer=Table({"a": 0.5, "boxed": 0.5}),
        question=QUESTION,
        prompt_ids=PROMPT,
        decode=decode,
        is_final=None,
        sampling=SamplingIdentity(0.7, 1.0, 100, 0),
        seed_of=seeds,
        stop=("Q:",),
    )
    answers = asyncio.run(run_search(session)).answers
    assert answers[0].complete
    assert answers[0].steps == ("a", "boxed")


def test_a_model_of_outcomes_guides_a_search_by_what_is_written_so_far() -> None:
    class Outcomes(Table):
        async def score(self, question: str, steps: Sequence[str]) -> ScoredSteps:
            per_step = await super().score(question, steps)
            return replace(per_step, scores=per_step.scores[-1:], whole=True)

    book = Book({"": ["a\n\n", "b\n\n"], "a\n\n": ["boxed 1<end>", "boxed 2<end>"]})
    table = Outcomes({"a": 0.9, "b": 0.1, "boxed 1": 0.3, "boxed 2": 0.6})
    outcome = search(beam("search_and_learn"), book, table)
    assert [answer.text for answer in outcome.answers] == ["a\n\nboxed 2", "a\n\nboxed 1"]
    assert [answer.step_scores for answer in outcome.answers] == [(0.6,), (0.3,)]


def test_where_steps_are_lines_a_blank_one_belongs_to_the_next() -> None:
    """Code has blank lines; a branch must not end at one."""
    settings = replace(beam("search_and_learn"), step_separator="\n")
    book = Book({"": ["a\n", "b\n"], "a\n": ["\n"] * 2, "a\n\n": ["boxed 1<end>", "boxed 2<end>"]})
    table = Table({"a": 0.9, "b": 0.1, "boxed 1": 0.5, "boxed 2": 0.4})
    outcome = search(settings, book, table)
    assert [answer.text for answer in outcome.answers] == ["a\n\nboxed 1", "a\n\nboxed 2"]
    assert [answer.steps for answer in outcome.answers] == [("a", "boxed 1"), ("a", "boxed 2")]
    assert [answer.num_tokens for answer in outcome.answers] == [len("a\n\nboxed 1") + 1] * 2


def test_more_blank_lines_than_code_has_are_a_step_of_nothing() -> None:
    settings = replace(beam("search_and_learn"), step_separator="\n")
    blank = {"a" + "\n" * count: ["\n"] * 2 for count in range(1, 9)}
    book = Book({"": ["a\n", "b\n"], **blank})
    outcome = search(settings, book, Table({"a": 0.9, "b": 0.1}))
    assert not any(answer.complete for answer in outcome.answers)
