"""Look at searches: `python -m ttsgrid.trace STORE [UNIT] [--html FILE] [--all]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import polars as pl
from rich.box import SIMPLE_HEAD
from rich.table import Table as RichTable

from ttsgrid.cli.exits import command
from ttsgrid.cli.options import Parser
from ttsgrid.core.errors import TtsgridError
from ttsgrid.views.terminal.console import Console
from ttsgrid.views.terminal.render import print_table
from ttsgrid.views.trace.find import (
    FoundSearch,
    WantedSearches,
    find_search,
    list_searches,
)
from ttsgrid.views.trace.page import trace_page
from ttsgrid.views.trace.terminal import terminal_tree

SHORT_ID = 12
LISTED = 50  # a default sweep has 3,600 search trees


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Print a search as a tree, or list the searches of a store."""
    parser = _parser()
    options = parser.parse_args(arguments)
    wanted = _wanted(options)
    if options.unit is not None and wanted != WantedSearches():
        parser.error("UNIT names one search already: leave out --policy and the like")
    unit = options.unit or _only_one(options, wanted)
    if options.html and not unit:
        parser.error("--html needs one search: name its UNIT, or what only one search is")
    console = Console()
    if unit is None:
        _print_list(console, options.store, wanted, options.all)
    else:
        _show(console, find_search(options.store, unit), options)
    return 0


def _parser() -> Parser:
    parser = Parser(
        prog="ttsgrid trace",
        description="Look at the search trees of a results store. Options narrow the list; "
        "where one search is left, it is shown.",
    )
    parser.add_argument("store", help="folder or URI of the store")
    parser.add_argument(
        "unit", nargs="?", help="first characters of a search's id; none: list them"
    )
    parser.add_argument("--policy", help="only searches of this policy")
    parser.add_argument("--prm", help="only searches that this PRM guided")
    parser.add_argument("--strategy", help="only searches of this strategy, e.g. beam")
    parser.add_argument("--n", type=int, dest="budget", help="only trees of this N")
    parser.add_argument("--benchmark", help="only searches of this benchmark's problems")
    parser.add_argument("--problem", type=int, help="its number in the benchmark, from 0")
    verdict = parser.add_mutually_exclusive_group()
    verdict.add_argument("--wrong", action="store_true", help="only those with no right answer")
    verdict.add_argument("--right", action="store_true", help="only those with a right answer")
    parser.add_argument("--html", type=Path, help="write the tree to this file as well")
    parser.add_argument(
        "--all", action="store_true", help="print every pruned candidate, every row"
    )
    return parser


def _wanted(options: argparse.Namespace) -> WantedSearches:
    return WantedSearches(
        options.benchmark,
        options.policy,
        options.prm,
        options.strategy,
        options.budget,
        options.problem,
        right=True if options.right else False if options.wrong else None,
    )


def _only_one(options: argparse.Namespace, wanted: WantedSearches) -> str | None:
    """The id of the one search that is wanted; None where there are several."""
    if wanted == WantedSearches():
        return None
    searches = list_searches(options.store, wanted)
    return searches["unit_id"][0] if len(searches) == 1 else None


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


def _print_list(console: Console, store: str, wanted: WantedSearches, show_all: bool) -> None:
    searches = list_searches(store, wanted)
    if searches.is_empty():
        raise TtsgridError(f"{store} holds no searches; sweep with a search such as beam first")
    shown = searches if show_all else searches.head(LISTED)
    print_table(console, _listed(shown, with_benchmark=searches["benchmark"].n_unique() > 1))
    more = f"{len(shown):,} of {len(searches):,} searches; --all lists the others. "
    rest = more if len(shown) < len(searches) else ""
    unit = shown["unit_id"][0][:SHORT_ID]
    console.print(
        f"{rest}Narrow them with --policy, --strategy, --problem, --wrong; "
        f"look at one with: ttsgrid trace {store} {unit}",
        highlight=False,
        soft_wrap=True,
    )


def _listed(searches: pl.DataFrame, *, with_benchmark: bool) -> RichTable:
    """One row per search; ids, for copying, and counts are never shortened."""
    view = RichTable(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True)
    names = ["benchmark"] if with_benchmark else []
    view.add_column("unit", min_width=SHORT_ID)
    for name in (*names, "strategy", "policy", "PRM"):
        view.add_column(name, overflow="fold")
    for name in ("N", "problem", "right"):
        view.add_column(name, justify="right", no_wrap=True)
    for row in searches.iter_rows(named=True):
        right = f"{row['correct']} of {row['answers']}" if row["status"] == "done" else "failed"
        cells = [row[name] for name in (*names, "strategy", "policy", "prm", "budget", "problem")]
        texts = ["" if cell is None else str(cell) for cell in cells]
        view.add_row(row["unit_id"][:SHORT_ID], *texts, right)
    return view


if __name__ == "__main__":
    sys.exit(main())
