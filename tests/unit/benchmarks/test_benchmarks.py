"""Loading benchmarks: sources, subsets, identities, and errors that name the setting."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from ttsgrid.benchmarks import (
    BenchmarkConfig,
    FieldNames,
    benchmark_grader,
    grader_for,
    load_benchmark,
    make_grader,
    shipped_benchmark,
)
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.identity import content_id

ROWS = [{"q": f"What is {i} + {i}?", "a": 2 * i} for i in range(20)]
MINE = BenchmarkConfig("mine", fields=FieldNames(question="q", answer="a"))


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


def test_math500_knows_levels_and_subjects_and_changes_no_answer(shared_data: Path) -> None:
    file = shared_data / "problems" / "math500.jsonl"
    problems = load_benchmark("math500", path=file)
    assert {problem.level for problem in problems} == {1, 2, 3, 4, 5}
    assert problems[0].subject == "Precalculus"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(p.question, p.answer) for p in problems] == [(r["problem"], r["answer"]) for r in rows]


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
    identity = {"benchmark": "mine", "question": "What is 0 + 0?", "answer": "0"}
    assert forward[0].id == content_id(identity)


def _csv(path: Path) -> None:
    pl.DataFrame(ROWS).write_csv(path)


def _tsv(path: Path) -> None:
    pl.DataFrame(ROWS).write_csv(path, separator="\t")


def _parquet(path: Path) -> None:
    pl.DataFrame(ROWS).write_parquet(path)


def _array(path: Path) -> None:
    path.write_text(json.dumps(ROWS, indent=2))


def _with_byte_order_mark(path: Path) -> None:
    path.write_text("".join(json.dumps(row) + "\r\n" for row in ROWS), encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("m.csv", _csv),
        ("m.tsv", _tsv),
        ("m.parquet", _parquet),
        ("m.json", _array),
        ("m.jsonl", _with_byte_order_mark),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_every_kind_of_file_gives_the_same_problems(
    tmp_path: Path, name: str, write: Callable[[Path], None], zipped: bool
) -> None:
    expected = load_benchmark(MINE, path=_write(tmp_path / "lines.jsonl", ROWS))
    path = tmp_path / name
    write(path)
    if zipped:
        path.with_name(f"{name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path = path.with_name(f"{name}.gz")
    assert load_benchmark(MINE, path=path) == expected


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([ROWS[0], {"q": "no answer"}], "line 2 has no field 'a'; it has: q"),
        ([ROWS[0], {"q": "", "a": 1}], "line 2 field 'q' must be a non-empty string"),
        ([{"q": "x", "a": None}], "line 1 an answer must be a string or a number"),
        ([{"q": "x", "a": float("nan")}], "line 1 an answer must be a finite number"),
        ([ROWS[0], [1]], "line 2 is no JSON object"),
        ([], "holds no problems"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, rows: list[object], complaint: str) -> None:
    path = _write(tmp_path / "m.jsonl", rows)
    with pytest.raises(ConfigError, match=r"benchmark\.path") as error:
        load_benchmark(MINE, path=path)
    assert complaint in str(error.value)


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("m.csv", "q,a\nx,1\ny\n", "line 3 has another number of columns than line 1"),
        ("m.json", '[{"q": "x", "a": 1}, 2]', "record 2 is no JSON object"),
        (
            "m.json",
            '[{"q": "x", "a": 1},\n {"q": ]',
            "line 2 is no JSON: Expecting value at column 8",
        ),
        ("m.json", '{\n "q": "x"\n}', "line 1 begins an object over several lines; write each on"),
        ("m.json", '{"data": [{"q": "x", "a": 1}]}', "line 1 holds the rows in 'data'; write that"),
        ("m.csv", 'q,a\nx,1\n"y,2\n', "line 3 begins a record that is no CSV"),
        ("m.csv", "q;a\nx;1\n", "line 1 separates columns by semicolons; save it with commas"),
        ("m.xlsx", "PK\x03\x04", "is a ZIP archive or an Excel workbook; unpack it, or save it as"),
        ("m.parquet", "PAR1cut", "is no whole Parquet file"),
        ("m.jsonl", '{"q": "x"\n', "line 1 is no JSON"),
        ("m.jsonl", '{"q": ' + "[" * 100_000, "line 1 nests deeper than any row"),
        ("m.csv", "q,q,a\nx,y,1\n", "line 1 names the column 'q' twice"),
    ],
)
def test_a_file_that_is_not_what_it_seems_is_named_with_its_place(
    tmp_path: Path, name: str, text: str, complaint: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError) as error:
        load_benchmark(MINE, path=tmp_path / name)
    assert f"benchmark.path: {tmp_path / name} {complaint}" in str(error.value)


@pytest.mark.parametrize("end", [b"", b"x" * 40])
def test_a_broken_gzip_is_one_sentence(tmp_path: Path, end: bytes) -> None:
    path = tmp_path / "m.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"q": "x", "a": 1}\n' * 100)[:20] + end)
    with pytest.raises(ConfigError, match=r"benchmark\.path: can't read .*m\.jsonl\.gz"):
        load_benchmark(MINE, path=path)


def test_a_cell_of_a_csv_may_be_long(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(f"q,a\n{'x' * 200_000},1\n")
    (problem,) = load_benchmark(MINE, path=tmp_path / "m.csv")
    assert len(problem.question) == 200_000


def test_settings_that_cannot_work_are_named(tmp_path: Path) -> None:
    path = _write(tmp_path / "m.jsonl", ROWS)
    with pytest.raises(ConfigError, match=r"benchmark\.path: can't read .*absent"):
        load_benchmark(MINE, path=tmp_path / "absent.jsonl")
    with pytest.raises(ConfigError, match=r"benchmark\.path: scibench_chem needs"):
        load_benchmark("scibench_chem")
    with pytest.raises(ConfigError, match=r"benchmark\.num_problems: .* holds 20, not 21"):
        load_benchmark(MINE, path=path, num_problems=21)
    with pytest.raises(ConfigError, match=r"benchmark\.num_problems"):
        load_benchmark(replace(shipped_benchmark("zoo"), num_problems=None))
    with pytest.raises(ConfigError, match=r"benchmark\.num_problems=0 must be above 0"):
        load_benchmark("zoo", num_problems=0)
    with pytest.raises(ConfigError, match=r"benchmark\.path"):
        load_benchmark("zoo", path=path, num_problems=1)
    with pytest.raises(ConfigError, match=r"is not one of: aime24, .*zoo"):
        load_benchmark("maths")
    with pytest.raises(ConfigError, match="line 1 no '####'"):
        load_benchmark("gsm8k", path=_write(path, [{"question": "x", "answer": "5"}]))


def test_a_wrong_grader_or_option_of_it_is_named() -> None:
    with pytest.raises(ConfigError, match=r"benchmark\.grader: 'magic' is not one of: math, inte"):
        grader_for("magic")
    with pytest.raises(ConfigError, match=r"unknown setting benchmark\.grader_options of text\.x"):
        make_grader("text", {"x": 1})
    with pytest.raises(ConfigError, match="of integer"):
        benchmark_grader(replace(shipped_benchmark("zoo"), answer_forms=("boxed",)))
    with pytest.raises(ConfigError, match=r"benchmark\.gold_form: 'hash' is not one of: auto, pl"):
        BenchmarkConfig("mine", gold_form="hash")
