"""A whole frontier on a terminal: tables, then the answer in a sentence."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from ttsgrid.analysis.frontier import Frontier
from ttsgrid.analysis.study.tables import RULES_TABLE, TABLES
from ttsgrid.views.tables.accuracy import accuracy_table, best_table
from ttsgrid.views.tables.advice import kept_table, prediction_table, recommendation_table
from ttsgrid.views.tables.external import external_table
from ttsgrid.views.tables.run_outcomes import run_outcome_table
from ttsgrid.views.tables.study import study_table
from ttsgrid.views.tables.table import Table
from ttsgrid.views.terminal.render import as_rich, print_table
from ttsgrid.views.words.external import note
from ttsgrid.views.words.footnote import footnote
from ttsgrid.views.words.headline import headline_of
from ttsgrid.views.words.judging import judged_by
from ttsgrid.views.words.rules import rule_sentences
from ttsgrid.views.words.warnings import answer_warnings


def print_frontier(frontier: Frontier, console: Console) -> None:
    """Print the tables and the headline of each benchmark."""
    for benchmark in frontier.benchmarks:
        for table in _tables(frontier, benchmark):
            if table.rows:
                print_table(console, as_rich(table, benchmark))
        headline = Text.assemble((f"{benchmark}: ", "bold"), headline_of(frontier, benchmark))
        console.print(headline, highlight=False)
        for sentence in judged_by(frontier, benchmark):
            console.print(Text(sentence), style="dim", highlight=False)
    if frontier.benchmarks:
        console.print(footnote(frontier.cells), style="dim", highlight=False)
    for benchmark in frontier.benchmarks:
        for warning in answer_warnings(frontier, benchmark):
            console.print(Text(f"Warning: {warning}"), style="yellow", highlight=False)
    for benchmark in frontier.external["benchmark"].unique().sort():
        points = frontier.external.filter(benchmark=benchmark)
        print_table(console, as_rich(external_table(points), f"{benchmark}, published elsewhere"))
    if not frontier.rules.is_empty():
        print_table(console, as_rich(study_table(TABLES[RULES_TABLE], frontier.rules)))
        print_rule_sentences(frontier, console)
    if not frontier.external.is_empty():
        console.print(note(frontier.external), style="dim", highlight=False)


def print_rule_sentences(frontier: Frontier, console: Console) -> None:
    """Print what rules save and lose, policy by policy."""
    for sentence in rule_sentences(frontier.rules):
        console.print(Text(sentence), highlight=False)


def _tables(frontier: Frontier, benchmark: str) -> Iterator[Table]:
    yield accuracy_table(frontier.cells, benchmark)
    yield run_outcome_table(frontier, benchmark)
    yield best_table(frontier, benchmark)
    yield kept_table(frontier, benchmark)
    yield recommendation_table(frontier, benchmark)
    yield prediction_table(frontier, benchmark)
