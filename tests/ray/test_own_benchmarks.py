"""Benchmarks of one's own, one file of each kind, by YAML alone: one sweep, apart to the report.

The engines are fakes; configuration, loading, workers, store and views are the real ones.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from tests.extending.page import make_checkpoint, run
from ttsgrid.store import scan

pytestmark = pytest.mark.ray

ROWS = [{"question": f"What is {n} - {n % 4}?", "answer": str(n % 4)} for n in range(3)]
FAKE = (
    *("cluster.dashboard=false", "engine.kind=fake", "engine.cpus=0.4", "engine.memory_gib=0.5"),
    *("prms=[]", "strategies=[cot,majority]", "budgets=[4]"),
)


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
    policy = "policies=[{name: fake, model: checkpoints/policy, format: qwen}]"
    names = ",".join(sorted(file.stem for file in own.glob("*.yaml")))
    settings = (f"benchmark=[{names}]", "store=results/own", policy, *FAKE)
    run(folder, "sweep", "--config-dir", "my_conf", *settings)
    return folder


def kinds() -> list[str]:
    plain = [*WRITERS, "table.csv.gz", "table.parquet.gz"]
    return sorted(kind.replace(".", "_") for kind in plain)


def test_every_kind_of_file_gives_the_same_problems_and_all_their_solutions(swept: Path) -> None:
    problems = scan(swept / "results/own", "problems").collect()
    assert sorted(problems["benchmark"].unique()) == kinds()
    for name in kinds():
        of_one = problems.filter(benchmark=name).sort("index")
        assert of_one.select("question", "answer").to_dicts() == ROWS
    solutions = scan(swept / "results/own", "solutions").collect()
    counts = solutions.group_by("benchmark").agg(pl.len(), pl.col("problem_id").n_unique())
    assert {row[1:] for row in counts.iter_rows()} == {(3 * (1 + 4), 3)}
    assert counts.height == len(kinds())


def test_the_frontier_keeps_them_apart_and_names_each_grader(swept: Path) -> None:
    shown = run(swept, "frontier", "results/own")
    for name in kinds():
        assert f"{name}: " in shown
    assert shown.count("judged by the grader math: the same mathematical value") == 7
    assert shown.count("judged by the grader integer: the same whole number") == 1
    cells = pl.read_parquet(swept / "results/own/frontier/cells.parquet").filter(bin="all")
    assert sorted(cells["benchmark"].unique()) == kinds()
    assert set(cells["num_problems"]) == {3}
    # Also the one that is asked in other words: to people it is one policy.
    assert set(cells["policy"]) == {"fake (fake engine)"}
    graders = pl.read_parquet(swept / "results/own/frontier/graders.parquet")
    assert graders["benchmark"].to_list() == kinds()


def test_the_report_has_a_section_for_each_with_its_grader(swept: Path) -> None:
    run(swept, "report", "results/own")
    page = next((swept / "results/own").glob("**/*.html")).read_text()
    assert page.count("judged by the grader math") == 7
    assert page.count("judged by the grader integer") == 1
