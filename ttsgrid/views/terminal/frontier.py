"""A whole frontier on a terminal: the answer first, then, if asked for, every table.

Without tables all of one benchmark fits a screen of 24 lines and 80 columns: two sentences,
the verdicts, one picture.
"""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from ttsgrid.analysis.frontier import Frontier
from ttsgrid.analysis.study.tables import RULES_TABLE, TABLES
from ttsgrid.views.tables.benchmark import benchmark_tables
from ttsgrid.views.tables.external import external_table
from ttsgrid.views.tables.study import study_table
from ttsgrid.views.terminal.first_screen import lines_of, print_answer
from ttsgrid.views.terminal.render import as_rich, print_table
from ttsgrid.views.words.external import note, small_beats_large
from ttsgrid.views.words.footnote import footnote
from ttsgrid.views.words.headline import headline_of
from ttsgrid.views.words.next_buy import next_buy_sentences
from ttsgrid.views.words.order import by_size
from ttsgrid.views.words.rules import in_brief as brief_on_rules
from ttsgrid.views.words.rules import rule_sentences

LINES_ABOUT_RULES = 3
"""What one rule's sentence takes of 80 columns; kept free after a sweep, whatever it comes to."""


def print_frontier(
    frontier: Frontier,
    console: Console,
    *,
    every_table: bool = False,
    every_rule: bool = True,
    lines_after: int = 2,
) -> None:
    """Print the answer of each benchmark; with `every_table` also what it rests on.

    Without `every_rule`, as after a sweep, the first rule of each benchmark has a sentence and
    no table, and who judged the answers is left to the page. What the caller prints after this
    takes `lines_after` of the same screen.
    """
    for benchmark in frontier.benchmarks:
        rules = 0 if every_rule else _lines_about_rules(frontier, benchmark, console)
        print_answer(
            frontier,
            benchmark,
            console,
            briefly=not every_rule,
            other_lines=None if every_table else lines_after + rules,
        )
    if every_table:
        for benchmark in frontier.benchmarks:
            _print_tables(frontier, benchmark, console)
        print_next_buys(frontier, console)
        if frontier.benchmarks:
            console.print(footnote(frontier.cells), style="dim", highlight=False)
    for benchmark in frontier.external["benchmark"].unique().sort():
        points = frontier.external.filter(benchmark=benchmark)
        if said := small_beats_large(points):
            console.print(f"{benchmark}, published elsewhere: {said}", highlight=False)
        print_table(console, as_rich(external_table(points), f"{benchmark}, published elsewhere"))
    if every_rule:
        if not frontier.rules.is_empty():
            print_table(console, as_rich(study_table(TABLES[RULES_TABLE], frontier.rules)))
        print_rule_sentences(frontier, console)
    else:
        for benchmark in frontier.benchmarks:
            if said := _about_rules(frontier, benchmark):
                console.print(Text(said), style="dim", highlight=False)
    if not frontier.external.is_empty():
        console.print(note(frontier.external), style="dim", highlight=False)


def _about_rules(frontier: Frontier, benchmark: str) -> str:
    said = brief_on_rules(frontier.rules.filter(benchmark=benchmark))
    return f"{benchmark}: {said}" if said else ""


def _lines_about_rules(frontier: Frontier, benchmark: str, console: Console) -> int:
    said = _about_rules(frontier, benchmark)
    return max(LINES_ABOUT_RULES, lines_of([Text(said)], console.width))


def print_rule_sentences(frontier: Frontier, console: Console) -> None:
    """Print what rules save and lose, and which of them the store can't answer."""
    for sentence in rule_sentences(frontier.rules):
        console.print(Text(sentence), highlight=False)
    for sentence in frontier.rules_lacking:
        console.print(Text(f"Not replayed: {sentence}"), style="dim", highlight=False)


def print_next_buys(frontier: Frontier, console: Console) -> None:
    """Print what would help each policy most, benchmark by benchmark."""
    for (benchmark,), buys in frontier.next_buys.group_by("benchmark", maintain_order=True):
        policies = by_size(frontier.cells, buys["policy"].to_list())
        for sentence in next_buy_sentences(buys, policies):
            console.print(Text.assemble((f"{benchmark}: ", "bold"), sentence), highlight=False)


def _print_tables(frontier: Frontier, benchmark: str, console: Console) -> None:
    console.print()
    for table in benchmark_tables(frontier, benchmark):
        print_table(console, as_rich(table, benchmark))
    detailed = Text.assemble((f"{benchmark}: ", "bold"), headline_of(frontier, benchmark))
    console.print(detailed, highlight=False)
