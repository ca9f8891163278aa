"""Look at searches: `python -m ttsgrid.trace STORE [UNIT] [--html FILE] [--all]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.table import Column
from rich.table import Table as RichTable

from ttsgrid.cli.exits import command
from ttsgrid.cli.options import Parser
from ttsgrid.core.errors import TtsgridError
from ttsgrid.views.terminal.console import Console
from ttsgrid.views.terminal.render import print_table
from ttsgrid.views.trace.find import FoundSearch, find_search, list_searches
from ttsgrid.views.trace.page import trace_page
from ttsgrid.views.trace.terminal import terminal_tree

SHORT_ID = 12
LISTED = 50  # a default sweep has 3,600 search trees


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Print a search as a tree, or list the searches of a store."""
    parser = Parser(
        prog="ttsgrid trace", description="Look at the search trees of a results store."
    )
    parser.add_argument("store", help="folder or URI of the store")
    parser.add_argument(
        "unit", nargs="?", help="first characters of a search's id; none: list them"
    )
    parser.add_argument("--html", type=Path, help="write the tree to this file as well")
    parser.add_argument(
        "--all", action="store_true", help="print every pruned candidate, every row"
    )
    options = parser.parse_args(arguments)
    if options.html and not options.unit:
        parser.error("--html needs UNIT: say which search to write")
    console = Console()
    if options.unit is None:
        _print_list(console, options.store, options.all)
    else:
        _show(console, find_search(options.store, options.unit), options)
    return 0


def _show(console: Console, search: FoundSearch, options: argparse.Namespace) -> None:
    console.print(search.title, soft_wrap=True)
    console.print(terminal_tree(search.trace, search.correct, show_pruned=options.all))
    for place, outcome in enumerate(search.outcomes, start=1):
        if outcome:
            console.print(f"[{place}] tests: {outcome}", markup=False, highlight=False)
    if options.html:
        page = trace_page(search.trace, search.title, search.correct, search.outcomes)
        options.html.write_text(page, "utf-8")
        print(f"Tree: {options.html}")


def _print_list(console: Console, store: str, show_all: bool) -> None:
    searches = list_searches(store)
    if searches.is_empty():
        raise TtsgridError(f"{store} holds no searches; sweep with a search such as beam first")
    unit = Column("unit", min_width=SHORT_ID)  # ids are for copying: never shortened further
    view = RichTable(unit, *searches.columns[1:-2], Column("right answers", no_wrap=True))
    shown = searches if show_all else searches.head(LISTED)
    for unit_id, *cells, num_answers, num_correct in shown.iter_rows():
        texts = ["" if cell is None else str(cell) for cell in cells]
        view.add_row(unit_id[:SHORT_ID], *texts, f"{num_correct} of {num_answers}")
    print_table(console, view)
    if len(shown) < len(searches):
        print(f"{len(shown):,} of {len(searches):,} searches; --all lists the others")


if __name__ == "__main__":
    sys.exit(main())
