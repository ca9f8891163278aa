"""Every table is built once; the terminal and the page show the same figures and words."""

from __future__ import annotations

import importlib
import inspect
import io
import pkgutil
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from tests.unit.views.html.made_store import MadeWorld, write_made_store
from ttsgrid.analysis.findings.run_outcomes import RUN_OUTCOME_SCHEMA
from ttsgrid.analysis.findings.two_stores import differences, judged
from ttsgrid.analysis.frontier import Frontier, analyse
from ttsgrid.analysis.judging.ability import Ability
from ttsgrid.analysis.judging.bench import SCORED, judge_prms
from ttsgrid.analysis.serving.costs import AXES
from ttsgrid.analysis.study import TABLES, make_study
from ttsgrid.views import tables as room
from ttsgrid.views.html.page import render_table
from ttsgrid.views.html.runs import run_tables, units_by_kind
from ttsgrid.views.tables.accuracy import accuracy_table, best_table
from ttsgrid.views.tables.advice import expectation_table, prediction_table, recommendation_table
from ttsgrid.views.tables.comparisons import comparison_table
from ttsgrid.views.tables.external import external_table
from ttsgrid.views.tables.guessed import guessed_table
from ttsgrid.views.tables.prm_bench import (
    places_table,
    prm_bench_tables,
    reasons_table,
    summary_table,
)
from ttsgrid.views.tables.recorded import recorded_table
from ttsgrid.views.tables.run_outcomes import run_outcome_table
from ttsgrid.views.tables.searches import search_comparison_table
from ttsgrid.views.tables.serving import axis_table, axis_tables
from ttsgrid.views.tables.study import study_table, study_tables
from ttsgrid.views.tables.table import Entry, Table
from ttsgrid.views.tables.two_stores import differences_table
from ttsgrid.views.tables.verdicts import verdict_table
from ttsgrid.views.terminal.render import as_rich, print_table

WIDE = 2000


class Shown(HTMLParser):
    """The text of a table on the page, words apart; what tells people to scroll is left out."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._about_scrolling = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._about_scrolling = ("class", "more") in attrs

    def handle_data(self, data: str) -> None:
        self.words += [] if self._about_scrolling else data.split()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Frontier]:
    path = tmp_path_factory.mktemp("tables") / "store"
    write_made_store(path, MadeWorld())
    return path, analyse(path)


def _external() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "benchmark": ["zoo"],
            "policy": ["elsewhere-7b"],
            "prm": ["some-prm"],
            "strategy": ["beam"],
            "n": [16],
            "setting": ["beam=4"],
            "accuracy": [0.612],
            "seed_low": [0.6],
            "seed_high": [0.62],
            "cost": [4.2e12],
            "cost_is": ["FLOPs per problem"],
            "on_frontier": [True],
        }
    )


def _run_outcomes(frontier: Frontier, benchmark: str) -> pl.DataFrame:
    policy = frontier.cells.frame["policy"][0]
    counts = [("error", 3), ("passed", 12), ("time-out", 1)]
    rows = [(benchmark, policy, outcome, count) for outcome, count in counts]
    return pl.DataFrame(rows, schema=RUN_OUTCOME_SCHEMA, orient="row")


def _scored() -> pl.DataFrame:
    row: dict[str, object] = {"prm": "judge", "problem": "q", "unscored": None}
    rows: list[dict[str, object]] = [
        {"data": "gsm8k", "id": "1", "first_wrong": 1, "step_scores": [0.9, 0.2]},
        {"data": "gsm8k", "id": "2", "first_wrong": None, "step_scores": [0.8, 0.9]},
        {"data": "math", "id": "3", "first_wrong": 10, "step_scores": [0.9] * 12},
        {"data": "math", "id": "4", "first_wrong": 4, "step_scores": [], "unscored": "no steps"},
        {"data": "math", "id": "5", "first_wrong": None, "step_scores": [0.4]},
    ]
    return pl.DataFrame([row | one for one in rows], schema=SCORED)


def all_tables(store: Path, frontier: Frontier) -> Iterator[tuple[str, Table]]:
    """Every table with the function that built it."""
    (benchmark,) = frontier.benchmarks
    yield "accuracy_table", accuracy_table(frontier.cells, benchmark)
    for build in (
        best_table,
        expectation_table,
        prediction_table,
        recommendation_table,
        comparison_table,
        verdict_table,
        search_comparison_table,
    ):
        yield build.__name__, build(frontier, benchmark)
    for contest in frontier.contests:
        for axis in AXES:
            yield "axis_table", axis_table(contest, axis)
    for shown in axis_tables(frontier.contests, benchmark):
        yield "axis_tables", shown
    ran = replace(frontier, run_outcomes=_run_outcomes(frontier, benchmark))
    yield "run_outcome_table", run_outcome_table(ran, benchmark)
    yield "external_table", external_table(_external())
    figures = pl.DataFrame({"policy": ["m"], "n": [8], "accuracy": [0.914]})
    yield "recorded_table", recorded_table(figures)
    sample = {"problem": "1+1?", "answer": None, "tokens": 7, "scores": [0.5, 0.75]}
    yield "guessed_table", guessed_table("default", pl.DataFrame([sample]))
    yield "differences_table", differences_table(differences(judged(store), judged(store)))
    prms = frontier.prm_quality["prm"].unique()
    abilities = {prm: Ability(prm, 0.7, 0.6, 0.8) for prm in prms}
    study = make_study(store, frontier, abilities=abilities)
    for table in TABLES.values():
        frame = table.build(study)
        if not frame.is_empty():
            yield "study_table", study_table(table, frame)
    for shown in study_tables(study, benchmark):
        yield "study_tables", shown
    for shown in run_tables(store, units_by_kind(store)):
        yield "run_tables", shown
    bench = judge_prms(_scored(), tuning="gsm8k")
    for build_of_bench in (summary_table, places_table, reasons_table):
        yield build_of_bench.__name__, build_of_bench(bench)
    for shown in prm_bench_tables(bench):
        yield "prm_bench_tables", shown


def _words(table: Table) -> list[str]:
    """All that a table says, word by word; brackets around notes are the renderer's."""
    said = [table.title, table.explanation, *table.headings]
    for row in table.rows:
        for entry in row:
            said += [entry.text, entry.note, entry.detail]
    return [word for text in said for word in text.split()]


def _on_the_terminal(table: Table) -> list[str]:
    out = io.StringIO()
    print_table(Console(file=out, width=WIDE), as_rich(table))
    return out.getvalue().split()


def _on_the_page(table: Table) -> list[str]:
    shown = Shown()
    shown.feed(render_table(table, "id"))
    return shown.words


def _bare(words: list[str]) -> list[str]:
    return sorted(word.strip("()") for word in words if word.strip("()─ "))


def test_both_renderers_show_every_word_and_figure_of_every_table(
    made: tuple[Path, Frontier],
) -> None:
    num_tables = 0
    for name, table in all_tables(*made):
        expected = _bare(_words(table))
        assert _bare(_on_the_terminal(table)) == expected, name
        assert _bare(_on_the_page(table)) == expected, name
        num_tables += 1
    assert num_tables > 15


def test_every_function_that_builds_a_table_is_rendered_here(made: tuple[Path, Frontier]) -> None:
    builders = {
        name
        for module in pkgutil.iter_modules(room.__path__, f"{room.__name__}.")
        for name, function in inspect.getmembers(
            importlib.import_module(module.name), inspect.isfunction
        )
        if not name.startswith("_")
        and "Table" in str(inspect.signature(function).return_annotation)
        if function.__module__ == module.name
    }
    # `benchmark_tables` only puts the others in order.
    assert builders - {"benchmark_tables"} <= {name for name, _ in all_tables(*made)}


def test_a_figure_that_one_renderer_lost_would_be_seen() -> None:
    table = Table("T", "", ("who", "what"), 1, ((Entry("a"), Entry("61.3", "55–70", "on 12")),))
    lost = Table("T", "", ("who", "what"), 1, ((Entry("a"), Entry("61.3")),))
    assert _bare(_on_the_terminal(lost)) != _bare(_words(table))


def test_a_terminal_shows_text_as_text() -> None:
    table = Table("T", "[red]", ("who",), 1, ((Entry("[bold]x[/bold]", "[1,2]"),),))
    assert "[bold]x[/bold]" in " ".join(_on_the_terminal(table))
    assert "[red]" in " ".join(_on_the_terminal(table))
