"""Benchmarks of one's own by YAML alone, in one sweep, apart to the report.

One file of each kind, and each small file of problems that once failed where those lie beside
the checkout. The engines are fakes; configuration, loading, workers, store and views are the
real ones.
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from tests.conftest import SHARED_DATA
from tests.extending.page import ROOT, make_checkpoint, run
from ttsgrid.store import scan

pytestmark = pytest.mark.ray

ROWS = [{"question": f"What is {n} - {n % 4}?", "answer": str(n % 4)} for n in range(3)]
FAKE = (
    *("cluster.dashboard=false", "engine.kind=fake", "engine.cpus=0.4", "engine.memory_gib=0.5"),
    *("prms=[]", "strategies=[cot,majority]", "budgets=[4]"),
)


CASES = SHARED_DATA.parent / "cases"
FOUR = ["5", "4", r"\frac{1}{2}", r"\pi"]
CASE_ANSWERS = {
    "question_answer": FOUR * 3,
    "problem_solution": FOUR * 2,
    "problem_answer": ["33"],
    "capitals": ["33"],
    "level_float": ["2"],
    "level_unknown": ["2", "3"],
    "gzipped": ["2"],
}
CASE_REFUSED = {
    "one_backslash": r"line 1 field 'answer' holds a control character (\f)",
    "latin1": "line 1 is not UTF-8 (byte 0xe9), so probably Latin-1",
}


def case_file(name: str) -> Path:
    return CASES / f"benchmark_{name}.jsonl{'.gz' if name == 'gzipped' else ''}"


@pytest.fixture
def cases() -> Path:
    if not CASES.is_dir():
        pytest.skip("needs ../shared/cases beside the checkout, which is absent")
    return CASES


def _parquet(path: Path) -> None:
    pa.parquet.write_table(pa.Table.from_pylist(ROWS), path)


def _csv(path: Path) -> None:
    pa.csv.write_csv(pa.Table.from_pylist(ROWS), path)


def _lines() -> str:
    return "".join(f"{json.dumps(row)}\n" for row in ROWS)


WRITERS: dict[str, Callable[[Path], object]] = {
    "lines.jsonl": lambda path: path.write_text(_lines()),
    "array.json": lambda path: path.write_text(json.dumps(ROWS)),
    "table.csv": _csv,
    "table.parquet": _parquet,
    "lines.jsonl.gz": lambda path: path.write_bytes(gzip.compress(_lines().encode())),
    "array.json.gz": lambda path: path.write_bytes(gzip.compress(json.dumps(ROWS).encode())),
}


def _gzipped(kind: str, folder: Path) -> None:
    (folder / f"{kind}.gz").write_bytes(gzip.compress((folder / kind).read_bytes()))


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a benchmark for each kind of file, and all of them in one store."""
    folder = tmp_path_factory.mktemp("own")
    make_checkpoint(folder, "policy")
    own = folder / "my_conf" / "benchmark"
    own.mkdir(parents=True)
    for kind, write in WRITERS.items():
        write(own / kind)
    _gzipped("table.csv", own)
    _gzipped("table.parquet", own)
    for kind in (*WRITERS, "table.csv.gz", "table.parquet.gz"):
        name = kind.replace(".", "_")
        # One of them asks in words of its own, and one is judged by another grader.
        asks = "instruction: Box a digit.\n" if kind == "array.json" else ""
        grader = "integer" if kind == "table.csv" else "math"
        yaml = f"name: {name}\npath: {kind}\ngrader: {grader}\n{asks}"
        (own / f"{name}.yaml").write_text(yaml)
    for name in swept_cases():
        (own / f"case_{name}.yaml").write_text(f"name: case_{name}\npath: {case_file(name)}\n")
    policy = "policies=[{name: fake, model: checkpoints/policy, format: qwen}]"
    names = ",".join(sorted(file.stem for file in own.glob("*.yaml")))
    settings = (f"benchmark=[{names}]", "store=results/own", policy, *FAKE)
    run(folder, "sweep", "--config-dir", "my_conf", *settings)
    return folder


def swept_cases() -> list[str]:
    return [*CASE_ANSWERS] if CASES.is_dir() else []


def kinds() -> list[str]:
    plain = [*WRITERS, "table.csv.gz", "table.parquet.gz"]
    return sorted(kind.replace(".", "_") for kind in plain)


def everything() -> list[str]:
    return sorted([*kinds(), *(f"case_{name}" for name in swept_cases())])


def test_every_kind_of_file_gives_the_same_problems_and_all_their_solutions(swept: Path) -> None:
    problems = scan(swept / "results/own", "problems").collect()
    assert sorted(problems["benchmark"].unique()) == everything()
    for name in kinds():
        of_one = problems.filter(benchmark=name).sort("index")
        assert of_one.select("question", "answer").to_dicts() == ROWS
    solutions = scan(swept / "results/own", "solutions").collect()
    solutions = solutions.filter(pl.col("benchmark").is_in(kinds()))
    counts = solutions.group_by("benchmark").agg(pl.len(), pl.col("problem_id").n_unique())
    assert {row[1:] for row in counts.iter_rows()} == {(3 * (1 + 4), 3)}
    assert counts.height == len(kinds())


def test_every_small_file_that_once_failed_is_swept(swept: Path, cases: Path) -> None:
    files = {file.name.split(".")[0].removeprefix("benchmark_") for file in cases.glob("bench*")}
    assert files == {*CASE_ANSWERS, *CASE_REFUSED}
    problems = scan(swept / "results/own", "problems").collect()
    solutions = scan(swept / "results/own", "solutions").collect()
    for name, answers in CASE_ANSWERS.items():
        own = problems.filter(benchmark=f"case_{name}").sort("index")
        assert own["answer"].to_list() == answers
        written = solutions.filter(benchmark=f"case_{name}")
        assert set(written["problem_id"]) == set(own["problem_id"])
        assert written.height == len(answers) * (1 + 4)
    levels = problems.filter(benchmark="case_level_unknown").sort("index")["level"]
    assert levels.to_list() == [1, None]


@pytest.mark.parametrize("name", CASE_REFUSED)
def test_a_file_that_would_be_graded_wrong_is_refused_in_a_sentence(
    swept: Path, cases: Path, name: str
) -> None:
    own = "results/refused"
    told = [f"benchmarks=[{{name: bad, path: {case_file(name)}}}]", "~benchmark", f"store={own}"]
    done = subprocess.run(
        [sys.executable, "-m", "ttsgrid.sweep", *told, *FAKE],
        cwd=swept,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(swept)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stdout + done.stderr
    (sentence,) = re.findall(r"^ttsgrid: (.*)$", done.stdout + done.stderr, re.MULTILINE)
    assert f"benchmark.path: {case_file(name)} {CASE_REFUSED[name]}" in sentence
    assert not (swept / own).exists()


def test_the_frontier_keeps_them_apart_and_names_each_grader(swept: Path) -> None:
    shown = run(swept, "frontier", "results/own")
    for name in everything():
        assert f"{name}: " in shown
    math = shown.count("judged by the grader math: the same mathematical value")
    assert math == 7 + len(swept_cases())
    assert shown.count("judged by the grader integer: the same whole number") == 1
    cells = pl.read_parquet(swept / "results/own/frontier/cells.parquet").filter(bin="all")
    assert sorted(cells["benchmark"].unique()) == everything()
    assert set(cells.filter(pl.col("benchmark").is_in(kinds()))["num_problems"]) == {3}
    # Also the one that is asked in other words: to people it is one policy.
    assert set(cells["policy"]) == {"fake (fake engine)"}
    graders = pl.read_parquet(swept / "results/own/frontier/graders.parquet")
    assert graders["benchmark"].to_list() == everything()


def test_the_report_has_a_section_for_each_with_its_grader(swept: Path) -> None:
    run(swept, "report", "results/own")
    page = next((swept / "results/own").glob("**/*.html")).read_text()
    assert page.count("judged by the grader math") == 7 + len(swept_cases())
    assert page.count("judged by the grader integer") == 1
