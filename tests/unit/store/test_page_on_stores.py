"""docs/stores.md: its lines run as they stand, and give what our own reader gives."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from tests.unit.analysis.synthetic import Policy, World, write_store
from ttsgrid.cli.main import main
from ttsgrid.store import BenchmarkRecord, Store, scan

PAGE = Path(__file__).resolve().parents[3] / "docs" / "stores.md"
STORE = "results/zoo"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reader")
    write_store(path / STORE, World(num_problems=10))
    describe(path / STORE)
    return path


def describe(path: Path) -> None:
    with Store.open(path, run_id="describe") as store:
        store.write_benchmark(BenchmarkRecord("made-up", "text"))


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def python_lines() -> Iterator[tuple[str, str]]:
    for block in blocks("python"):
        name = next(name for name in ("pandas", "duckdb") if f"import {name}" in block)
        yield name, block


@pytest.mark.parametrize(("library", "lines"), list(python_lines()))
def test_lines_for_other_tools_run_as_they_stand(
    library: str,
    lines: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip(library)
    monkeypatch.chdir(folder)
    exec(compile(lines, str(PAGE), "exec"), {})
    printed = capsys.readouterr().out
    assert any(name in printed for name in ("tiny", "sharp"))


def test_pandas_and_duckdb_read_the_rows_that_scan_gives(folder: Path) -> None:
    pandas, duckdb = pytest.importorskip("pandas"), pytest.importorskip("duckdb")
    for table in ("solutions", "scores", "units", "problems"):
        expected = scan(folder / STORE, table).collect()
        assert len(pandas.read_parquet(folder / STORE / table)) == expected.height
        query = f"SELECT count(*) FROM '{folder / STORE / table}/*.parquet'"
        assert duckdb.sql(query).fetchall() == [(expected.height,)]
    mean = scan(folder / STORE, "solutions").select(pl.col("correct").mean()).collect().item()
    read = pandas.read_parquet(folder / STORE / "solutions")
    assert read["correct"].mean() == pytest.approx(mean)


def test_the_commands_run_as_they_stand(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for name, number in (("monday", 1), ("tuesday", 2)):
        # Some problems of both; other policies, since two runs with one seed couldn't be merged.
        policy = Policy(f"of-{name}", 0.9, 3_000_000)
        world = World(policies=(policy,), num_problems=3, seed=number, pool_size=4)
        write_store(folder / "results" / name, world)
        describe(folder / "results" / name)
    typed = [
        line.removeprefix("$ ttsgrid ")
        for block in blocks("console")
        for line in block.splitlines()
    ]
    assert len(typed) >= 2
    for line in typed:
        assert main(shlex.split(line.removeprefix("$ ttsgrid "))) == 0, line
