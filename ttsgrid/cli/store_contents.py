"""What a store holds, and which of its units failed, as `python -m ttsgrid.store ls` shows it."""

from __future__ import annotations

import polars as pl
from rich.table import Table as RichTable
from rich.text import Text

from ttsgrid.core.tally import counted
from ttsgrid.store.files import Files
from ttsgrid.store.lease import read_holder
from ttsgrid.store.quarantine import num_set_aside
from ttsgrid.store.read import generated, latest_units, provenance, scan
from ttsgrid.store.schema import SCHEMAS
from ttsgrid.views.terminal.console import Console
from ttsgrid.views.words.control import visible

MOST_SHOWN = 20  # of one cause


def show_contents(console: Console, files: Files) -> None:
    """Print tables, units and who has the store."""
    console.print(_tables(files))
    units = latest_units(files).group_by("kind", "status").len().sort("kind", "status").collect()
    console.print(_units(units))
    held = generated(files)
    answers = scan(files, "solutions").filter(kind="search").select(pl.len()).collect().item()
    # Fewer than the trees' N: by the study's rules a search gives N/M answers.
    found = f"; the trees gave {counted(answers, 'answer')}" if held.num_trees else ""
    console.print(f"{held}{found}", highlight=False)
    if aside := num_set_aside(files):
        where = f"{files.uri}/_quarantine"
        console.print(f"{counted(aside, 'damaged commit')} in {where}", soft_wrap=True)
    if holder := read_holder(files):
        console.print(f"lease: {holder}", soft_wrap=True)


def show_failed(console: Console, files: Files) -> None:
    """Print the units whose latest attempt failed, by cause, the most frequent cause first."""
    failed = (
        latest_units(files)
        .filter(status="failed")
        .with_columns(provenance("log"), provenance("cause"))
    )
    # Sentences of one cause differ in process ids, logs, lengths: a table for each would be many.
    alike = pl.coalesce("cause", pl.col("error").str.replace_all(r"\d+", "0"))
    frame = failed.sort("committed_at").with_columns(alike=alike).collect()
    if frame.is_empty():
        console.print("no unit failed")
        return
    causes = frame.group_by("alike", maintain_order=True).len().sort("len", descending=True)
    for cause in causes["alike"]:
        units = frame.filter(pl.col("alike") == cause)
        console.print(_why(units), soft_wrap=True, markup=False)
        console.print(_failures(units))
        for line in _logs(units):
            console.print(line, soft_wrap=True, markup=False)


def _why(units: pl.DataFrame) -> str:
    """Say why units failed alike: with the sentence of all of them, or of the first."""
    cause, error = units.select("cause", "error").row(0)
    number = counted(units.height, "unit")
    if units["error"].n_unique() == 1:
        return f"{number}: {visible(error)}"
    return f"{number}{f': {cause}' if cause else ''}, for instance: {visible(error)}"


def _failures(units: pl.DataFrame) -> RichTable:
    view = RichTable("unit", "kind", "policy", "PRM", "problem", "host", "attempt")
    for column in view.columns:
        column.overflow = "fold"  # cut short, an id would be of no use
    columns = ("unit_id", "kind", "policy", "prm", "problem_id", "host", "attempt")
    for row in units.head(MOST_SHOWN).select(columns).iter_rows():
        view.add_row(*(Text("" if value is None else visible(str(value))) for value in row))
    if units.height > MOST_SHOWN:
        view.caption = f"and {units.height - MOST_SHOWN:,} more, in table units"
    return view


def _logs(units: pl.DataFrame) -> list[str]:
    """Return where to look, each log in a line: a table's cell would cut its path short."""
    known = units.drop_nulls("log").group_by("host", "log", maintain_order=True).len()
    lines = [
        f"log of {counted(number, 'unit')} on {visible(host or 'an unknown host')}: {visible(log)}"
        for host, log, number in known.head(MOST_SHOWN).iter_rows()
    ]
    more = known.height - MOST_SHOWN
    return lines if more <= 0 else [*lines, f"and {counted(more, 'log')} more, in table units"]


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
