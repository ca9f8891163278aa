"""A table as plain frozen data: built once, shown by the terminal and by the page alike.

Numbers are text already, rounded once, in one place (`ttsgrid.views.words.numbers`), so a
reader finds the same figures and the same words wherever a table is shown.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """A share of problems with its 95 % interval, all in [0, 1], to be drawn as a bar."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class Entry:
    """One entry of a table.

    Attributes:
        text: the main text.
        note: smaller, beside it, e.g. an interval.
        detail: smaller, under it, e.g. a choice.
        tone: `good`, `bad` or empty; never the only carrier of a meaning.
        interval: drawn under the text where there is one.
    """

    text: str
    note: str = ""
    detail: str = ""
    tone: str = ""
    interval: Interval | None = None


@dataclass(frozen=True)
class Table:
    """A table with a caption; each row's first entry is its heading.

    Attributes:
        title: its caption.
        explanation: how to read it, under the caption.
        headings: one per column.
        num_text_columns: how many columns, from the left, hold names, not numbers.
        rows: each has as many entries as there are headings.
    """

    title: str
    explanation: str
    headings: tuple[str, ...]
    num_text_columns: int
    rows: tuple[tuple[Entry, ...], ...]
