"""A whole frontier on a terminal: tables, then the answer in a sentence."""

from __future__ import annotations

from rich.console import Console

from ttsgrid.analysis.frontier import Frontier
from ttsgrid.views.terminal.external_table import external_table
from ttsgrid.views.terminal.frontier_tables import accuracy_table, best_table, footnote
from ttsgrid.views.terminal.optimism_table import optimism_table
from ttsgrid.views.terminal.prediction_table import quality_table
from ttsgrid.views.words.external import note
from ttsgrid.views.words.headline import headline_of


def print_frontier(frontier: Frontier, console: Console) -> None:
    """Print the tables and the headline of each benchmark."""
    for benchmark in frontier.benchmarks:
        console.print(accuracy_table(frontier.cells, benchmark))
        console.print(best_table(frontier.cells, frontier.best, frontier.curve, benchmark))
        if not frontier.optimism.filter(benchmark=benchmark).is_empty():
            console.print(optimism_table(frontier.optimism, benchmark))
        if not frontier.predicted.quality.filter(benchmark=benchmark).is_empty():
            console.print(quality_table(frontier.predicted.quality, benchmark))
        said = headline_of(frontier, benchmark)
        console.print(f"[bold]{benchmark}:[/bold] {said}", highlight=False)
    if frontier.benchmarks:
        console.print(footnote(frontier.cells), style="dim", highlight=False)
    for benchmark in frontier.external["benchmark"].unique().sort():
        console.print(external_table(frontier.external, benchmark))
    if not frontier.external.is_empty():
        console.print(note(frontier.external), style="dim", highlight=False)
