"""Search trees in a store can be found, printed and written as a page."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from tests.unit.store.driver import BEAM, POLICY, failed, problem, searched, solution
from tests.unit.strategies.search.written import Book, Table, search
from ttsgrid.cli.trace import main
from ttsgrid.core.errors import StoreError
from ttsgrid.core.records import UnitResult
from ttsgrid.core.search_settings import SearchSettings, preset
from ttsgrid.core.search_trace import SearchTrace
from ttsgrid.store import Commit, Store
from ttsgrid.views.trace import trace_html, trace_page
from ttsgrid.views.trace.find import WantedSearches, find_search, list_searches
from ttsgrid.views.trace.terminal import terminal_tree

VOID = {"meta", "br", "hr"}


def small_search() -> SearchTrace:
    settings = SearchSettings("beam", 4, 2, rules=preset("paper", "beam"))
    book = Book(
        {
            "": ["good\n\n", "fair\n\n", "bad <b>\n\n", "long<cut>"],
            "good\n\n": ["boxed 1<end>", "more\n\n"],
            "fair\n\n": ["boxed 2<end>", "less\n\n"],
        }
    )
    scores = {"good": 0.9, "fair": 0.5, "bad <b>": 0.1, "more": 0.2, "less": 0.3}
    return search(settings, book, Table({**scores, "boxed 1": 0.8, "boxed 2": 0.7})).trace


def store_of(path: Path, trace: SearchTrace) -> Commit:
    """Write a store with one real tree, one search without a trace, one failed pool."""
    held = searched(1)
    answers = (solution(0, scores=(0.9, 0.8)), replace(solution(1), correct=False))
    result = UnitResult(held.unit.id, answers, trace=trace.as_json())
    commit = Commit(held.unit, result, problem(1))
    bare = searched(2)
    without = Commit(bare.unit, replace(bare.result, trace=None), bare.problem)
    with Store.open(path, run_id="r") as store:
        store.write_problems([problem(1), problem(2)])
        store.commit([commit, without, failed(3)])
    return commit


def printed(trace: SearchTrace, correct: tuple[bool, ...] = (), show_pruned: bool = False) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(terminal_tree(trace, correct, show_pruned))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


class Outline(HTMLParser):
    """Checks that tags close in order, and collects text and outside references."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.references += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_a_trace_survives_the_store(tmp_path: Path) -> None:
    trace = small_search()
    commit = store_of(tmp_path, trace)
    found = find_search(tmp_path, commit.unit.id)
    assert found.trace == trace
    assert found.correct == (solution(0).correct, False)


def test_the_tree_shows_what_was_kept_and_counts_what_was_pruned() -> None:
    text = printed(small_search(), (True, False))
    assert "beam search, N = 4, M = 2" in text
    assert re.search(r"● 0\.900 good\n", text)
    assert re.search(r"■ 0\.800 boxed 1 \[1\] right", text)
    assert re.search(r"■ 0\.700 boxed 2 \[2\] wrong", text)
    assert "2 pruned, best 0.100" in text
    assert "bad" not in text


def test_pruned_candidates_are_listed_with_their_reasons_when_asked_for() -> None:
    text = printed(small_search(), show_pruned=True)
    assert re.search(r"· 0\.100 bad <b>\s+3 of 3 by score, 2 kept", text)
    assert re.search(r"·   –   long\s+cut off by a token limit", text)


def test_a_stretch_without_forks_is_drawn_as_a_chain_with_its_ranking_in_words() -> None:
    settings = SearchSettings("beam", 2, 2, ranking="prod")
    book = Book(
        {
            "": ["a\n\n", "b\n\n"],
            "a\n\n": ["c\n\n", "d\n\n"],
            "a\n\nc\n\n": ["e<end>", "f<end>"],
        }
    )
    scores = {"a": 0.01, "b": 0.005, "c": 0.01, "d": 0.005, "e": 0.5, "f": 0.2}
    text = printed(search(settings, book, Table(scores)).trace)
    assert "ranked by the product of step scores (prod)" in text
    assert re.search(r"^● 0\.010 a   1 pruned, best 0\.005$", text, re.MULTILINE)
    # A product that is small and not nought says so.
    assert re.search(r"^● 1e-04 c   1 pruned, best 5e-05$", text, re.MULTILINE)
    assert not set(text) & set("├└")


def test_the_page_is_whole_escaped_and_needs_nothing_from_outside() -> None:
    page = trace_page(small_search(), "a <search>", (True, False))
    outline = Outline()
    outline.feed(page)
    assert outline.open == []
    assert outline.references == []
    text = "".join(outline.text)
    for shown in ("a <search>", "bad <b>", "answer 1: right", "answer 2: wrong", "0.900"):
        assert shown in text
    assert "<b>" not in page
    assert "<script" not in page
    assert "url(" not in page
    assert 'name="viewport"' in page


def test_control_characters_of_a_solution_are_spelled_out_on_the_page() -> None:
    trace = small_search()
    first, *others = trace.steps[0]
    hostile = replace(first, text="\x1b[2J \u202e")
    page = trace_page(
        replace(trace, question="\x07", steps=((hostile, *others), *trace.steps[1:])), "\x1b"
    )
    assert not set(page) & set("\x1b\x07\u202e")
    assert "\\x1b[2J \\u202e" in page


def test_the_fragment_styles_nothing_but_itself() -> None:
    fragment = trace_html(small_search())
    style = fragment.split("<style>")[1].split("</style>")[0]
    selectors = re.findall(r"(?:^|\})\s*([^{}]+)\{", style)
    assert selectors
    assert all(
        s.strip().startswith(".ttsgrid-trace") for rule in selectors for s in rule.split(",")
    )
    assert "answer 1</span>" in fragment


def test_an_answer_that_was_cut_off_is_shown_as_unfinished() -> None:
    settings = SearchSettings("beam", 2, 2, max_steps=1)
    trace = search(settings, Book({"": ["a\n\n", "b\n\n"]}), Table({"a": 0.5, "b": 0.1})).trace
    assert "0.500 a [1] unfinished" in printed(trace, (False,))
    assert "answer 1: unfinished" in trace_html(trace)


def test_searches_are_listed_with_their_right_answers(tmp_path: Path) -> None:
    commit = store_of(tmp_path, small_search())
    listed = list_searches(tmp_path)
    assert len(listed) == 2
    row = listed.filter(unit_id=commit.unit.id).row(0, named=True)
    assert (row["answers"], row["correct"], row["problem"]) == (2, int(solution(0).correct), 1)


def test_options_narrow_the_list_and_what_fits_nothing_names_what_there_is(tmp_path: Path) -> None:
    commit = store_of(tmp_path, small_search())
    alone = WantedSearches(policy=POLICY.name, strategy=BEAM.kind, problem=1)
    assert list(list_searches(tmp_path, alone)["unit_id"]) == [commit.unit.id]
    right = list_searches(tmp_path, WantedSearches(right=True))
    assert right.height
    assert right["correct"].min()
    with pytest.raises(StoreError, match=r"--policy: no such search has 'x'; there is: \w+"):
        list_searches(tmp_path, WantedSearches(policy="x"))
    with pytest.raises(StoreError, match=r"--n: no such search has 77"):
        list_searches(tmp_path, WantedSearches(budget=77))


def test_the_command_shows_the_one_search_that_is_left_and_lists_several_within_80_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    store_of(tmp_path / "store", small_search())
    assert main([str(tmp_path / "store"), "--problem", "1"]) == 0
    assert "boxed 1" in capsys.readouterr().out
    assert main([str(tmp_path / "store")]) == 0
    table, _, _ = capsys.readouterr().out.partition("Narrow")
    assert max(map(len, table.splitlines())) <= 80
    assert main([str(tmp_path / "store"), "--problem", "77"]) == 2
    assert "there is: 1, 2" in capsys.readouterr().err


def test_a_prefix_finds_a_search_and_anything_else_is_an_error_that_says_why(
    tmp_path: Path,
) -> None:
    commit = store_of(tmp_path, small_search())
    assert find_search(tmp_path, commit.unit.id[:8]).unit_id == commit.unit.id
    with pytest.raises(StoreError, match="must begin one search's id; it begins: none"):
        find_search(tmp_path, "zzz")
    with pytest.raises(StoreError, match=r"it begins: [0-9a-f]+, [0-9a-f]+"):
        find_search(tmp_path, "")
    with pytest.raises(StoreError, match="without keeping its trace"):
        find_search(tmp_path, searched(2).unit.id)


def test_the_command_prints_a_tree_and_writes_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commit = store_of(tmp_path / "store", small_search())
    file = tmp_path / "tree.html"
    assert main([str(tmp_path / "store"), commit.unit.id[:10], "--html", str(file)]) == 0
    assert "boxed 1" in capsys.readouterr().out
    assert file.read_text("utf-8").startswith("<!doctype html>")
    assert main([str(tmp_path / "store")]) == 0
    assert commit.unit.id[:12] in capsys.readouterr().out
    assert main([str(tmp_path / "store"), "zzz"]) == 2
    assert "ttsgrid: UNIT='zzz'" in capsys.readouterr().err
