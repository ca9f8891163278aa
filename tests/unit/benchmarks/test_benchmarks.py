"""Loading benchmarks: fields, subsets, identities, and errors that name the setting."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from ttsgrid.benchmarks import BenchmarkSpec, grader_for, load_benchmark
from ttsgrid.core.errors import ConfigError

ROWS = [{"q": f"What is {i} + {i}?", "a": 2 * i} for i in range(20)]
MINE = BenchmarkSpec("mine", question_field="q", answer_field="a")


def _write(path: Path, rows: Sequence[object]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    return path


@pytest.mark.parametrize(
    ("name", "file", "count", "first_answer"),
    [
        ("math500", "math500.jsonl", 500, r"\left( 3, \frac{\pi}{2} \right)"),
        ("aime24", "aime24.jsonl", 30, "204"),
        ("amc23", "amc23.jsonl", 40, "27"),
        ("gsm8k", "gsm8k_test.jsonl", 1319, "18"),
    ],
)
def test_known_benchmarks_load_whole_and_accept_their_own_gold_answers(
    shared_data: Path, name: str, file: str, count: int, first_answer: str
) -> None:
    problems = load_benchmark(name, path=shared_data / "problems" / file)
    assert len(problems) == len({problem.id for problem in problems}) == count
    assert problems[0].answer == first_answer
    grader = grader_for(name)
    assert all(grader.is_correct(p.answer, p.answer) for p in problems)


def test_math500_knows_levels_and_subjects(shared_data: Path) -> None:
    problems = load_benchmark("math500", path=shared_data / "problems" / "math500.jsonl")
    assert {problem.level for problem in problems} == {1, 2, 3, 4, 5}
    assert problems[0].subject == "Precalculus"


def test_the_zoo_needs_no_file_and_grows_by_appending() -> None:
    small, large = (load_benchmark("zoo", num_problems=n) for n in (7, 20))
    assert large[:7] == small
    assert {problem.level for problem in large} == {1, 2, 3, 4, 5}
    assert load_benchmark("zoo", num_problems=7, seed=1) != small


def test_without_a_seed_the_first_problems_of_the_file_are_taken(tmp_path: Path) -> None:
    problems = load_benchmark(MINE, path=_write(tmp_path / "m.jsonl", ROWS), num_problems=3)
    assert [problem.answer for problem in problems] == ["0", "2", "4"]


def test_a_seeded_subset_is_the_beginning_of_a_larger_one(tmp_path: Path) -> None:
    path = _write(tmp_path / "m.jsonl", ROWS)
    small = load_benchmark(MINE, path=path, num_problems=5, seed=3)
    assert load_benchmark(MINE, path=path, num_problems=12, seed=3)[:5] == small
    assert [p.index for p in load_benchmark(MINE, path=path, seed=3)] != list(range(20))


def test_a_problem_keeps_its_id_wherever_it_stands_and_loads_once(tmp_path: Path) -> None:
    forward = load_benchmark(MINE, path=_write(tmp_path / "a.jsonl", ROWS))
    doubled = load_benchmark(MINE, path=_write(tmp_path / "b.jsonl", [*ROWS[::-1], *ROWS]))
    assert {p.id for p in forward} == {p.id for p in doubled}
    assert len(doubled) == len(forward)
    assert doubled[0].question == ROWS[-1]["q"]


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([ROWS[0], {"q": "no answer"}], "line 2 has no field 'a'; it has: q"),
        ([ROWS[0], {"q": "", "a": 1}], "line 2: field 'q' must be a non-empty string"),
        ([{"q": "x", "a": None}], "line 1: an answer must be a string or a number"),
        ([ROWS[0], [1]], "line 2 is no JSON object"),
        ([], "holds no problems"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, rows: list[object], complaint: str) -> None:
    path = _write(tmp_path / "m.jsonl", rows)
    with pytest.raises(ConfigError, match=r"benchmark\.path") as error:
        load_benchmark(MINE, path=path)
    assert complaint in str(error.value)


def test_settings_that_cannot_work_are_named(tmp_path: Path) -> None:
    path = _write(tmp_path / "m.jsonl", ROWS)
    with pytest.raises(ConfigError, match=r"benchmark\.path: can't read .*absent"):
        load_benchmark(MINE, path=tmp_path / "absent.jsonl")
    with pytest.raises(ConfigError, match=r"benchmark\.path: gsm8k needs"):
        load_benchmark("gsm8k")
    with pytest.raises(ConfigError, match=r"benchmark\.num_problems: .* holds 20, not 21"):
        load_benchmark(MINE, path=path, num_problems=21)
    with pytest.raises(ConfigError, match=r"benchmark\.num_problems"):
        load_benchmark("zoo")
    with pytest.raises(ConfigError, match=r"benchmark\.path"):
        load_benchmark("zoo", path=path, num_problems=1)
    with pytest.raises(ConfigError, match=r"is not one of: zoo, math500"):
        load_benchmark("maths")
    with pytest.raises(ConfigError, match=r"benchmark\.grader: .*choices: math, integer"):
        grader_for("magic")
    path.write_text('{"q": "x"\n')
    with pytest.raises(ConfigError, match="line 1 is no JSON"):
        load_benchmark(MINE, path=path)
    with pytest.raises(ConfigError, match="line 1: no '####'"):
        load_benchmark("gsm8k", path=_write(path, [{"question": "x", "answer": "5"}]))
