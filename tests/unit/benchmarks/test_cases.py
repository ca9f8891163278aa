"""Small files of problems that people have, each of which once failed: what is right for each."""

from __future__ import annotations

from pathlib import Path

import pytest

from ttsgrid.benchmarks import BenchmarkConfig, MathGrader, load_benchmark
from ttsgrid.core.errors import ConfigError

OWN = BenchmarkConfig("own")


@pytest.fixture
def cases(shared_data: Path) -> Path:
    folder = shared_data.parent / "cases"
    if not folder.is_dir():
        pytest.skip("needs ../shared/cases beside the checkout, which is absent")
    return folder


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        ("question_answer", ["5", "4", r"\frac{1}{2}", r"\pi"] * 3),
        ("problem_solution", ["5", "4", r"\frac{1}{2}", r"\pi"] * 2),
        ("problem_answer", ["33"]),
        ("capitals", ["33"]),
        ("level_float", ["2"]),
        ("level_unknown", ["2", "3"]),
    ],
)
def test_fields_are_found_by_their_usual_names(cases: Path, name: str, answers: list[str]) -> None:
    problems = load_benchmark(OWN, path=cases / f"benchmark_{name}.jsonl")
    assert [problem.answer for problem in problems] == answers
    assert all(MathGrader().is_correct(problem.answer, problem.answer) for problem in problems)


def test_levels_are_optional_and_a_float_is_a_level(cases: Path) -> None:
    unknown = load_benchmark(OWN, path=cases / "benchmark_level_unknown.jsonl")
    assert [problem.level for problem in unknown] == [1, None]
    (whole,) = load_benchmark(OWN, path=cases / "benchmark_level_float.jsonl")
    assert whole.level == 1


def test_a_gzipped_file_is_read(cases: Path) -> None:
    (problem,) = load_benchmark(OWN, path=cases / "benchmark_gzipped.jsonl.gz")
    assert problem.answer == "2"


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("one_backslash", r"line 1 field 'answer' holds a control character (\f)"),
        ("latin1", "line 1 is not UTF-8 (byte 0xe9), so probably Latin-1"),
    ],
)
def test_a_file_that_would_be_graded_wrong_is_refused_with_line_and_cause(
    cases: Path, name: str, complaint: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_benchmark(OWN, path=cases / f"benchmark_{name}.jsonl")
    assert complaint in str(caught.value)


def test_every_case_of_a_benchmark_is_held_here(cases: Path) -> None:
    names = {
        file.name.split(".")[0].removeprefix("benchmark_") for file in cases.glob("benchmark_*")
    }
    assert names == {
        *("question_answer", "problem_solution", "problem_answer", "capitals", "level_float"),
        *("level_unknown", "gzipped", "one_backslash", "latin1"),
    }
