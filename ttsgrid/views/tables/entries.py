"""Entries that several tables share."""

from __future__ import annotations

from ttsgrid.views.tables.table import Entry, Interval
from ttsgrid.views.words.numbers import Row, percent, span

NOTHING = Entry("–")


def accuracy_entry(row: Row, detail: str = "") -> Entry:
    """Return an accuracy with its interval, drawn and in words; `row` has `accuracy` etc."""
    low, middle, high = float(row["low"]), float(row["accuracy"]), float(row["high"])
    bar = Interval(low, middle, high)
    return Entry(percent(middle), span(low, high), detail, interval=bar)
