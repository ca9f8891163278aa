"""The first samples of a file, as a layout reads them."""

from __future__ import annotations

import polars as pl

from ttsgrid.views.tables.entries import NOTHING
from ttsgrid.views.tables.table import Entry, Table

_LONGEST = 60  # characters of a text; its end, where the answer stands, and its beginning


def guessed_table(layout: str, rows: pl.DataFrame) -> Table:
    """Return what a layout makes of a file; `rows` is from `ttsgrid.importer.guess`."""
    return Table(
        f"The first samples, read with the layout {layout}",
        "A dash: the file doesn't say, or the layout doesn't look.",
        tuple(rows.columns),
        len(rows.columns),
        tuple(tuple(_entry(value) for value in row) for row in rows.iter_rows()),
    )


def _entry(value: object) -> Entry:
    if value is None:
        return NOTHING
    if isinstance(value, list):
        return Entry(", ".join(f"{score:.2f}" for score in value))
    text = " ".join(str(value).split())
    half = _LONGEST // 2
    return Entry(text if len(text) <= _LONGEST else f"{text[:half]} ... {text[-half:]}")
