"""Answers that are plain text."""

from __future__ import annotations

from ttsgrid.benchmarks import grader_for


def test_only_the_same_spelling_is_the_same_answer() -> None:
    grader = grader_for("text")
    assert grader.group(["'a'", " 'a' ", '"a"', "1/2", "0.5"]) == [0, 0, 1, 2, 3]
    assert grader.is_correct(" 'a'", "'a'")
    assert not grader.is_correct('"a"', "'a'")


def test_an_empty_answer_is_no_answer_and_never_right() -> None:
    grader = grader_for("text")
    assert grader.extract(" \n") is None
    assert grader.extract(" 42\n") == "42"
    assert not grader.is_correct("", "")
