"""Every table of cells says how many samples no PRM could score, and of how many problems."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from tests.unit.analysis.conftest import by_string
from tests.unit.analysis.synthetic import Policy, Prm, World, write_store
from tests.unit.analysis.trees import Search
from tests.unit.store.rewriting import Rows, rewrite
from ttsgrid.analysis.frontier import Frontier, analyse
from ttsgrid.analysis.study import TABLES, make_study
from ttsgrid.views.html.pictures import picture
from ttsgrid.views.tables.benchmark import benchmark_tables
from ttsgrid.views.tables.study import study_table
from ttsgrid.views.tables.table import Table

BENCHMARK = "made-up"
WORLD = World(
    policies=(Policy("small", 0.9, 3_000_000), Policy("large", 2.5, 12_000_000)),
    prms=(Prm("sharp", 2.5),),
    num_problems=40,
    pool_size=32,
    searches=(Search("beam", 16, num_problems=36, lift=0.1),),
)
SAYING_NOTHING_OF_CELLS = {"How well difficulty is predicted"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Searches on fewer problems than pools, and every fourth solution of a pool unscored."""
    path = tmp_path_factory.mktemp("missing") / "store"
    write_store(path, WORLD)
    for file in path.glob("scores/*.parquet"):
        rewrite(file, _unscore_every_fourth)
    return path


def _unscore_every_fourth(rows: Rows) -> Rows:
    return [row | {"step_scores": []} if row["sample"] % 4 == 3 else row for row in rows]


@pytest.fixture(scope="module")
def frontier(store: Path) -> Frontier:
    return analyse(store, by_string)


def _words(table: Table) -> str:
    entries = [entry for row in table.rows for entry in row]
    return " ".join(f"{entry.text} {entry.note} {entry.detail}" for entry in entries)


def test_every_table_of_cells_says_what_is_unscored(frontier: Frontier) -> None:
    tables = [t for t in benchmark_tables(frontier, BENCHMARK) if t.rows]
    titles = {table.title for table in tables}
    assert len(titles - SAYING_NOTHING_OF_CELLS) == 6
    for table in tables:
        assert ("samples unscored" in _words(table)) == (
            table.title not in SAYING_NOTHING_OF_CELLS
        ), table.title


def test_every_table_of_the_study_says_it_too(store: Path, frontier: Frontier) -> None:
    study = make_study(store, frontier)
    of_cells = {
        "small-vs-large",
        "cot-majority-optimal",
        "costs",
        "pareto",
        "search-vs-best-of-n",
        "search-gain-by-policy",
        "fixed-rule",
        "prm-quality",
        "votes",
        "preferred-lengths",
    }
    assert of_cells <= TABLES.keys()
    for name in of_cells:
        frame = TABLES[name].build(study)
        assert frame["num_unscored"].sum() > 0 or name == "pareto", name
        assert frame["num_problems"].is_not_null().all(), name
    shown = study_table(TABLES["costs"], TABLES["costs"].build(study))
    assert "unscored" in shown.headings


def test_an_accuracy_of_zero_is_a_figure_and_no_unscored_sample_is_none() -> None:
    frame = pl.DataFrame(
        {
            "policy": ["small"],
            "num_unscored": [0],
            "accuracy_min_max": [0.0],
            "accuracy_min_max_low": [0.0],
            "accuracy_min_max_high": [0.56],
            "accuracy_last_max": [None],
        },
        schema_overrides={"accuracy_last_max": pl.Float64},
    )
    shown = study_table(TABLES["votes"], frame)
    assert shown.headings == ("policy", "min-max")
    assert "0.0 0 to 56" in _words(shown)


def test_the_picture_names_it_with_each_point(frontier: Frontier) -> None:
    labels = picture(frontier.shared, BENCHMARK).points.columns["label"]
    assert any("samples unscored" in str(label) for label in labels)


def test_what_ran_on_fewer_problems_is_marked_where_it_is_compared(frontier: Frontier) -> None:
    fewer = replace(
        frontier,
        comparisons=frontier.comparisons.with_columns(num_problems=pl.lit(36, pl.Int64)),
        optimism=frontier.optimism.with_columns(num_problems=pl.lit(36, pl.Int64)),
    )
    tables = {table.title: _words(table) for table in benchmark_tables(fewer, BENCHMARK)}
    compared = next(words for title, words in tables.items() if title.startswith("Small with"))
    kept = next(words for title, words in tables.items() if title.startswith("The compute-optimal"))
    assert "on 36 of 40 problems" in compared
    assert "on 36 of 40 problems" in kept
