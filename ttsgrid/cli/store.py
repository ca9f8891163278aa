"""Look at a store: `python -m ttsgrid.store STORE [--compact]`."""

from __future__ import annotations

import argparse
import sys

import polars as pl
from rich.table import Table as RichTable

from ttsgrid.cli.exits import quiet_when_unread
from ttsgrid.core.errors import TtsgridError
from ttsgrid.core.tally import counted
from ttsgrid.store.commit import Store
from ttsgrid.store.files import Files
from ttsgrid.store.lease import read_holder
from ttsgrid.store.location import locate
from ttsgrid.store.read import generated, latest_units, scan
from ttsgrid.store.schema import SCHEMAS
from ttsgrid.views.terminal.console import Console
from ttsgrid.views.words.control import visible


@quiet_when_unread()
def main(arguments: list[str] | None = None) -> int:
    """Print what a store holds; with `--compact` merge its small files first."""
    parser = argparse.ArgumentParser(
        prog="python -m ttsgrid.store", description="Show what a results store holds."
    )
    parser.add_argument("store", help="folder or URI of the store")
    parser.add_argument("--compact", action="store_true", help="merge small files into few first")
    options = parser.parse_args(arguments)
    console = Console()
    try:
        files = locate(options.store)
        if not any(files.sizes(table) for table in SCHEMAS):
            raise TtsgridError(f"there is no store at {files.uri}")
        if options.compact:
            _compact(console, files)
        _show(console, files)
    except TtsgridError as error:
        print(f"error: {visible(str(error))}", file=sys.stderr)
        return 1
    return 0


def _compact(console: Console, files: Files) -> None:
    with Store.open(files, run_id="compact") as store:
        compaction = store.compact()
    console.print(f"merged {compaction.num_merged} commits into {compaction.num_written}")


def _show(console: Console, files: Files) -> None:
    console.print(_tables(files))
    units = latest_units(files).group_by("kind", "status").len().sort("kind", "status").collect()
    console.print(_units(units))
    held = generated(files)
    answers = scan(files, "solutions").filter(kind="search").select(pl.len()).collect().item()
    # Fewer than the trees' N: by the study's rules a search gives N/M answers.
    found = f"; the trees gave {counted(answers, 'answer')}" if held.num_trees else ""
    console.print(f"{held}{found}", highlight=False)
    if holder := read_holder(files):
        console.print(f"lease: {holder}", soft_wrap=True)


def _tables(files: Files) -> RichTable:
    view = RichTable("table", "rows", "files", "MiB", title=files.uri)
    for table in SCHEMAS:
        sizes = files.sizes(table)
        num_rows = scan(files, table).select(pl.len()).collect().item()
        mebibytes = sum(sizes.values()) / 2**20
        view.add_row(table, f"{num_rows:,}", f"{len(sizes):,}", f"{mebibytes:,.2f}")
    return view


def _units(counts: pl.DataFrame) -> RichTable:
    view = RichTable("kind", "status", "units", title="work units")
    for kind, status, number in counts.iter_rows():
        view.add_row(kind, status, f"{number:,}")
    return view


if __name__ == "__main__":
    sys.exit(main())
