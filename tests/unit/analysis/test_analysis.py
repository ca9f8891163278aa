"""A store to tables, files and a sentence, as a person runs it."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from tests.unit.analysis.conftest import by_string
from tests.unit.analysis.synthetic import Policy, Prm, World, write_store
from ttsgrid.analysis.frontier import Frontier, analyse
from ttsgrid.cli.frontier import main
from ttsgrid.core.strategies import BEST_OF_N, COT, MAJORITY, PASS_AT_K
from ttsgrid.views.files.export import write_frontier
from ttsgrid.views.terminal.frontier import print_frontier
from ttsgrid.views.words.headline import headline_of

SMALL = World((Policy("a", 0.5, 10), Policy("b", 2.0, 40)), (Prm("p", 3.0),), 8, 4)


@pytest.fixture(scope="module")
def frontier(store: Path) -> Frontier:
    return analyse(store, by_string)


def _printed(frontier: Frontier, width: int) -> str:
    out = io.StringIO()
    print_frontier(frontier, Console(file=out, width=width), every_table=True)
    return out.getvalue()


def test_the_tables_name_every_policy_strategy_prm_and_bin(frontier: Frontier) -> None:
    text = _printed(frontier, width=140)
    strategies = (entry.display for entry in (COT, MAJORITY, BEST_OF_N, PASS_AT_K))
    for word in ("tiny", "small", "large", *strategies, "sharp"):
        assert word in text
    for heading in ("all problems", "easy", "medium", "hard", "N = 16"):
        assert heading in text
    for heading in ("expected", "in hindsight", "same bin", "What to use"):
        assert heading in text
    assert headline_of(frontier, "made-up") in " ".join(text.split())


def test_on_80_columns_nothing_is_cut_off(frontier: Frontier) -> None:
    assert "…" not in _printed(frontier, width=80)


def test_a_printed_accuracy_is_the_cells(frontier: Frontier) -> None:
    cell = frontier.cells.frame.filter(policy="large", strategy="cot", bin="all")
    table = _printed(frontier, 140).partition("Accuracy by policy")[2]
    line = next(row for row in table.splitlines() if "large" in row)
    assert f"{100 * cell['accuracy'].item():.1f}" in line


def test_the_files_hold_the_tables(frontier: Frontier, tmp_path: Path) -> None:
    written = write_frontier(frontier, tmp_path / "new" / "folder")
    assert all(path.stat().st_size for path in written)
    cells = pl.read_parquet(tmp_path / "new/folder/cells.parquet")
    assert cells.equals(frontier.cells.frame.drop("outcome"))
    assert len(pl.read_csv(tmp_path / "new/folder/cells.csv")) == len(cells)
    kept = pl.read_csv(tmp_path / "new/folder/optimism.csv")
    assert len(kept) == len(frontier.optimism)
    quality = pl.read_csv(tmp_path / "new/folder/difficulty_quality.csv")
    assert set(quality["probe_size"]) == {4}
    names = {path.name for path in written}
    assert {"difficulty.csv", "difficulty.parquet"} <= names
    assert {"recommendation.yaml", "predicted_difficulty.csv", "difficulty_confusion.csv"} <= names
    assert {"frontier.png", "frontier.svg", "headline.txt", "comparisons.csv"} <= names


def test_measured_difficulty_has_each_problems_bin_and_quantile(frontier: Frontier) -> None:
    rows = frontier.difficulty
    assert rows.n_unique(["policy", "problem_id"]) == len(rows) == 3 * 40
    for (policy,), mine in rows.group_by("policy"):
        cell = frontier.cells.frame.filter(policy=policy, strategy="pass@k", n=1)
        counts = dict(cell.select("bin", "num_problems").iter_rows())
        assert dict(mine["bin"].value_counts().iter_rows()) == {
            name: number for name, number in counts.items() if name != "all"
        }
        ends = mine.group_by("quantile").agg(pl.col("pass_rate").min()).sort("quantile")
        assert ends["pass_rate"].is_sorted(descending=True)
        assert mine["quantile"].is_between(1, 5).all()


def test_two_benchmarks_are_reported_apart(tmp_path: Path) -> None:
    write_store(tmp_path, SMALL)
    write_store(tmp_path, replace(SMALL, benchmark="another", problem_prefix="q"))
    frontier = analyse(tmp_path, by_string)
    assert frontier.benchmarks == ["another", "made-up"]
    assert set(frontier.cells.frame.filter(bin="all")["num_problems"]) == {8}
    write_frontier(frontier, tmp_path / "frontier")
    assert "another: Accuracy" in _printed(frontier, 120)


def test_the_command_prints_writes_and_says_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_store(tmp_path, replace(SMALL, benchmark="integer"))
    assert main([str(tmp_path), "--budgets", "1,2,4"]) == 0
    assert str(tmp_path / "frontier") in capsys.readouterr().out
    cells = pl.read_parquet(tmp_path / "frontier/cells.parquet")
    assert cells["n"].unique().sort().to_list() == [1, 2, 4]


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert "no finished solutions" in capsys.readouterr().err


def test_reading_results_needs_no_engine() -> None:
    code = (
        "import sys, ttsgrid.analysis, ttsgrid.cli.frontier;"
        "print({'torch', 'vllm', 'ray', 'transformers', 'matplotlib.pyplot'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
