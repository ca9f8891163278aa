"""What to hold against the figures that the authors of an imported run gave."""

from __future__ import annotations

import polars as pl

from ttsgrid.views.tables.entries import NOTHING
from ttsgrid.views.tables.table import Entry, Table


def recorded_table(figures: pl.DataFrame) -> Table:
    """Return the pools' figures; `figures` is from `ttsgrid.importer.figures`."""
    names = [name for name in figures.columns if figures[name].dtype == pl.String]
    columns = [*names, *(name for name in figures.columns if name not in names)]
    return Table(
        "The store's pools, whole and in recorded order",
        "Accuracy as a run's authors count it: one vote over all samples of a problem.",
        tuple(columns),
        len(names),
        tuple(
            tuple(_entry(name, row[name]) for name in columns)
            for row in figures.iter_rows(named=True)
        ),
    )


def _entry(name: str, value: object) -> Entry:
    if value is None:
        return NOTHING
    if name == "accuracy" and isinstance(value, float):
        return Entry(f"{100 * value:.2f} %")
    return Entry(str(value))
