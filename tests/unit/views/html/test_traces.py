"""Stored searches on the page: which ones, and that they are whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.views.html.made_store import MadeWorld, write_made_store
from ttsgrid.store import scan
from ttsgrid.views.html import Report, render
from ttsgrid.views.html.traces import MAX_TRACES, traces


def test_a_search_of_the_smallest_policy_is_shown(report: Report) -> None:
    shown, *_ = report.sections[0].traces
    assert "made-s" in shown.title
    assert "beam" in shown.title
    assert shown.fragment in render(report)


def test_several_searches_are_of_different_problems(made_store: Path, report: Report) -> None:
    shown = report.sections[0].traces
    questions = scan(made_store, "problems").select("question").unique().collect()["question"]
    asked = [next(q for q in questions if q in trace.fragment) for trace in shown]
    assert len(set(asked)) == len(shown) == MAX_TRACES


def test_a_problem_that_the_examples_show_comes_first(made_store: Path, report: Report) -> None:
    wanted = [problem.problem_id for problem in report.sections[0].examples]
    questions = dict(scan(made_store, "problems").select("problem_id", "question").collect().rows())
    shown, *_ = traces(made_store, "zoo", wanted)
    assert questions[wanted[0]] in shown.fragment
    other, *_ = traces(made_store, "zoo", wanted[1:])
    assert questions[wanted[1]] in other.fragment


def test_a_trace_too_long_for_a_page_is_left_out(
    made_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ttsgrid.views.html.traces.MAX_CHARACTERS", 100)
    assert traces(made_store, "zoo", []) == ()


def test_a_store_without_searches_has_no_traces(tmp_path: Path) -> None:
    write_made_store(tmp_path / "store", MadeWorld(num_problems=2, pool_size=4, searches=False))
    assert traces(tmp_path / "store", "zoo", []) == ()
