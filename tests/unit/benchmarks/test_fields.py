r"""Fields found by their usual names, golds in all their forms, and what is refused.

Each file here stands for a kind that people have: the field names of data sets on the hub,
levels that say nothing, encodings and escapes that went wrong on the way.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ttsgrid.benchmarks import BenchmarkConfig, FieldNames, load_benchmark
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.records import Problem

MINE = BenchmarkConfig("mine")


def load_one(tmp_path: Path, row: dict[str, object], spec: BenchmarkConfig = MINE) -> Problem:
    path = tmp_path / "one.jsonl"
    path.write_text(json.dumps(row) + "\n")
    return load_benchmark(spec, path=path)[0]


@pytest.mark.parametrize(
    ("row", "question", "answer"),
    [
        ({"question": "2+3?", "answer": r"\frac{1}{2}"}, "2+3?", r"\frac{1}{2}"),
        ({"problem": "2+3?", "solution": r"We get \boxed{5}"}, "2+3?", "5"),
        ({"id": 60, "problem": "x?", "solution": "...", "answer": "33", "url": "u"}, "x?", "33"),
        ({"ID": "II-4", "Problem": "x?", "Solution": "...", "Answer": 33}, "x?", "33"),
        ({"prompt": "x?", "target": 4.0}, "x?", "4"),
        ({"Input": "x?", "Final_Answer": "a"}, "x?", "a"),
        ({"problem": "x?", "solution": 27.0, "extracted_groundtruth": 27.0}, "x?", "27"),
        ({"question": "x?", "answer": "3 + 4 = 7\n#### 1,007"}, "x?", "1007"),
        ({"question": "x?", "answer": r"so \boxed{1} and then $\boxed{\frac{1}{2}}$"}, "x?",
         r"\frac{1}{2}"),
    ],
)  # fmt: skip
def test_usual_names_are_found_and_golds_taken_from_their_marks(
    tmp_path: Path, row: dict[str, object], question: str, answer: str
) -> None:
    problem = load_one(tmp_path, row)
    assert (problem.question, problem.answer) == (question, answer)
    assert problem.level is None


def test_named_fields_go_before_usual_ones(tmp_path: Path) -> None:
    row: dict[str, object] = {
        "question": "short",
        "problem_text": "long",
        "answer": "1",
        "answer_number": "2",
    }
    names = FieldNames(question="problem_text", answer="answer_number")
    problem = load_one(tmp_path, row, BenchmarkConfig("mine", fields=names))
    assert (problem.question, problem.answer) == ("long", "2")


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({"question": "a", "problem": "b", "answer": "1"}, "has question and problem; say which"),
        ({"question": "a", "text": "1"}, "has no field for the answer; name it in benchmark.fie"),
        ({"question": "a", "solution": "it is five"}, r"no \boxed{} with the final answer"),
    ],
)
def test_what_could_be_meant_in_several_ways_is_refused(
    tmp_path: Path, row: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ConfigError) as error:
        load_one(tmp_path, row)
    assert complaint in str(error.value)


@pytest.mark.parametrize(
    ("value", "level"),
    [(2, 2), (1.0, 1), ("3", 3), ("Level 4", 4), ("level 5", 5), ("Level ?", None), ("hard", None),
     (None, None), (1.5, None), (True, None)],
)  # fmt: skip
def test_a_level_is_a_number_or_unknown(tmp_path: Path, value: object, level: int | None) -> None:
    row = {"problem": "1+1?", "answer": "2", "level": value, "subject": "Algebra"}
    problem = load_one(tmp_path, row)
    assert problem.level == level
    assert problem.subject == "Algebra"


@pytest.mark.parametrize(
    ("written", "shown"),
    [(r'"\frac{1}{2}"', r"\f"), (r'"\theta"', r"\t"), (r'"\beta"', r"\b"), (r'"\times 3"', r"\t"),
     (r'"2 \neq 3"', r"\n"), (r'"\rho"', r"\r"), (r'"\u001fx"', r"\x1f")],
)  # fmt: skip
def test_a_backslash_that_json_took_for_an_escape_is_refused_with_line_and_cause(
    tmp_path: Path, written: str, shown: str
) -> None:
    path = tmp_path / "mine.jsonl"
    good = '{"problem": "1+1?", "answer": "2"}\n'
    path.write_text(good + '{"problem": "Half?", "answer": ' + written + "}\n")
    with pytest.raises(ConfigError) as error:
        load_benchmark(MINE, path=path)
    assert f"{path} line 2 field 'answer' holds a control character ({shown})" in str(error.value)


def test_tabs_and_newlines_of_ordinary_text_stay(tmp_path: Path) -> None:
    question = "A table:\n\tx\ty\n\ttwo\tthree\nnot all\r\nright?"
    assert load_one(tmp_path, {"question": question, "answer": "1\n2"}).question == question


@pytest.mark.parametrize(
    ("encoding", "named"),
    [("latin-1", "Latin-1"), ("cp1252", "Windows-1252"), ("utf-16", "UTF-16")],
)
def test_another_encoding_is_named_with_its_line(tmp_path: Path, encoding: str, named: str) -> None:
    path = tmp_path / "mine.jsonl"
    lines = ['{"problem": "1+1?", "answer": "2"}', '{"problem": "Café?", "answer": "2"}']
    path.write_text("\n".join(lines), encoding=encoding)
    with pytest.raises(ConfigError) as error:
        load_benchmark(MINE, path=path)
    line = 1 if encoding == "utf-16" else 2
    assert f"{path} line {line} is" in str(error.value)
    assert named in str(error.value)
    assert "iconv" in str(error.value)
