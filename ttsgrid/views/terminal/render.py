"""A table on a terminal: the same figures and words as on the page, set for fixed width.

Words and numbers are never broken: where a terminal is too narrow for them, lines run on
(`print_table`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from ttsgrid.views.tables.table import Entry, Table
from ttsgrid.views.words.shortening import LEAST, shortened

WIDEST = 1000  # columns; rich measures a table against a width and needs one without limit
GAP = 2  # columns between two of a table's own
_TONES = {"good": "green", "bad": "red"}


def as_rich(table: Table, about: str = "") -> RichTable:
    """Return a table for rich to print.

    Args:
        table: what to show.
        about: what it is about, before its title, e.g. the benchmark's name.
    """
    title = f"{about}: {table.title}" if about else table.title
    shown = RichTable(
        title=Text(title),
        caption=Text(table.explanation),
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    for position, heading in enumerate(table.headings):
        names = position < table.num_text_columns
        shown.add_column(
            Text(heading),
            justify="left" if names else "right",
            min_width=_longest_word([heading, *_words_of(table, position)]),
        )
    group = ""
    for row in table.rows:
        if group and row[0].text != group:
            shown.add_section()
        group = row[0].text
        shown.add_row(*(_as_text(entry) for entry in row))
    return shown


def as_compact(table: Table, width: int, gap: int = GAP) -> RichTable:
    """Return a small table without space around it, for a screen that holds more than it.

    Long names are shortened where they would not fit so many columns.

    Args:
        table: what to show.
        width: of the terminal, in columns.
        gap: columns between two of the table's own; one at least.
    """
    table = _narrowed(table, width, gap)
    shown = RichTable(
        title=Text(table.title, style="bold"),
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
        show_edge=False,
        padding=(0, gap - 1),
    )
    # Where even short names are too long, words may stand below one another.
    runs_over = _needs(table, gap) > width
    for position, (heading, needed) in enumerate(zip(table.headings, _widths(table), strict=True)):
        names = position < table.num_text_columns
        words = [row[position].text for row in table.rows] if names else []
        least = _longest_word([heading, *words]) if names and runs_over else needed
        shown.add_column(Text(heading), justify="left" if names else "right", min_width=least)
    for row in table.rows:
        shown.add_row(*(_as_text(entry) for entry in row))
    return shown


def _narrowed(table: Table, width: int, gap: int) -> Table:
    """The table with names just so short that it fits, or as short as they may be."""
    names = [row[i].text for row in table.rows for i in range(table.num_text_columns)]
    narrowest = table
    for most in range(max(map(len, names), default=0), LEAST - 1, -1):
        if _needs(narrowest, gap) <= width:
            break
        shorter = _renamed(table, shortened(set(names), most))
        narrowest = min(narrowest, shorter, key=partial(_needs, gap=gap))
    return narrowest


def _renamed(table: Table, names: Mapping[str, str]) -> Table:
    count = table.num_text_columns
    rows = tuple(
        (*(replace(entry, text=names[entry.text]) for entry in row[:count]), *row[count:])
        for row in table.rows
    )
    return replace(table, rows=rows)


def _needs(table: Table, gap: int) -> int:
    """The characters that a line of it takes."""
    return sum(_widths(table)) + gap * (len(table.headings) - 1)


def _widths(table: Table) -> list[int]:
    """The characters that each column takes."""
    return [
        max(len(text) for text in (heading, *(row[position].text for row in table.rows)))
        for position, heading in enumerate(table.headings)
    ]


def print_table(console: Console, table: RichTable) -> None:
    """Print a table, wider than the terminal where a number would be broken or cut."""
    # rich would otherwise wrap within numbers where the terminal is narrow.
    needed = table.__rich_measure__(console, console.options.update(max_width=WIDEST)).minimum
    console.print(table, width=max(console.width, needed), crop=False)


def _words_of(table: Table, position: int) -> Iterator[str]:
    for row in table.rows:
        yield from (row[position].text, f"({row[position].note})", row[position].detail)


def _longest_word(texts: Iterable[str]) -> int:
    return max((len(word) for text in texts for word in text.split()), default=1)


def _as_text(entry: Entry) -> Text:
    """The entry's text, its note in brackets beside it, its detail on a line below."""
    text = Text(entry.text, style=_TONES.get(entry.tone, ""))
    if entry.note:
        text.append(f" ({entry.note})", style="dim")
    if entry.detail:
        text.append(f"\n{entry.detail}", style="dim")
    return text
