"""Paths into recorded JSON."""

from __future__ import annotations

from typing import Any

import pytest

from ttsgrid.core.errors import ConfigError
from ttsgrid.importer.paths import parse_path, pick, pick_samples

RECORD = {
    "problem": {"id": "p1"},
    "verdicts": [True, False],
    "rewards": [[1.5], [2.5]],
    "traces": [{"steps": [{"text": "a"}, {"text": "b"}]}, {"steps": []}],
    "values": [[0.1, 0.2], [0.3]],
    "one": [["only"]],
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("problem.id", ["p1"]),
        ("verdicts[]", [True, False]),
        ("rewards[][0]", [1.5, 2.5]),
        ("values[][-1]", [0.2, 0.3]),
        ("traces[].steps[].text", [["a", "b"], []]),
        ("traces[].prm?", [None, None]),
        ("nothing?", [None]),
        ("traces[1].steps", [[]]),
        ("problem.name | problem.id", ["p1"]),
        ("answers[] | verdicts[]", [True, False]),
        ("problem.name | problem.title?", [None]),
        ("one.{}.{}", ["only"]),
    ],
)
def test_a_path_gives_one_value_a_sample(path: str, expected: list[Any]) -> None:
    assert pick_samples(RECORD, parse_path(path)) == expected


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("problem.name", "no field 'name' in an object with id"),
        ("problem[]", "needs a list"),
        ("verdicts[5]", r"no element \[5\] in a list of 2"),
        ("traces[].prm", "no field 'prm'"),
        ("verdicts.{}", "needs one element, not 2"),
        ("problem.name | problem.title", "no field 'title'"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(path: str, said: str) -> None:
    with pytest.raises(LookupError, match=said):
        pick(RECORD, parse_path(path))


@pytest.mark.parametrize("path", ["", "[]", "a..b", "a[x]", "a[", ".a", "a?b"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ConfigError, match="is no path"):
        parse_path(path)
