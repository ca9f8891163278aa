"""`ttsgrid frontier FIRST SECOND`: two stores on the problems that both hold."""

from __future__ import annotations

import argparse

from ttsgrid.analysis.findings.two_stores import best_of_each, differences, judged
from ttsgrid.core.errors import StoreError
from ttsgrid.views.files.export import write_tables
from ttsgrid.views.tables.two_stores import answer, differences_table
from ttsgrid.views.terminal.console import Console
from ttsgrid.views.terminal.render import as_rich, print_table

NUM_ROWS = 3  # so that answer and table fit a screen of 24 lines; --all prints every cell
NAME = "store_differences"


def compare_two(options: argparse.Namespace) -> None:
    """Print how the second store differs from the first; write all cells where `--out` is given.

    Raises:
        StoreError: they share no problem.
    """
    first, second = (judged(store, options.budgets) for store in (options.store, options.second))
    found, best = differences(first, second), best_of_each(first, second)
    if found.is_empty() and not best:
        raise StoreError(
            f"{options.store} and {options.second} have no problem in common, so nothing can be "
            "compared: sweep the same benchmark into both"
        )
    console = Console()
    console.print(f"First: {options.store}. Second: {options.second}.", highlight=False)
    for sentence in answer(found, best):
        console.print(sentence, highlight=False)
    if not found.is_empty():
        rows = None if options.all else NUM_ROWS
        for benchmark in found["benchmark"].unique().sort():
            table = differences_table(found.filter(benchmark=benchmark), rows)
            print_table(console, as_rich(table, benchmark))
    if not options.all:
        print("Every cell here: the same command with --all; as a file: --out FOLDER")
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        print(f"Every cell: {write_tables({NAME: found}, options.out)[-1]}")
