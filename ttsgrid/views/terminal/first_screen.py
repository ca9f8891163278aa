"""The answer of one benchmark, laid out so that it fits a screen of 24 lines.

Names are written whole where that fits. Else they are shortened, then the picture loses bars,
then the table rows: what is said in sentences stays.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from ttsgrid.analysis.frontier import Frontier
from ttsgrid.views.tables.verdicts import MOST_ROWS, verdict_table
from ttsgrid.views.terminal.picture import picture
from ttsgrid.views.terminal.render import as_compact, print_table
from ttsgrid.views.words.brief import in_brief
from ttsgrid.views.words.coverage import coverage_sentences
from ttsgrid.views.words.judging import judged_by
from ttsgrid.views.words.shortening import in_text, legend, shortened
from ttsgrid.views.words.warnings import answer_warnings

SCREEN_LINES = 24


@dataclass(frozen=True)
class Layout:
    """How much of an answer is shown.

    Attributes:
        name_length: characters of a model's name; None: all of them.
        num_rows: of the table of verdicts.
        num_bars: of the picture.
    """

    name_length: int | None = None
    num_rows: int = MOST_ROWS
    num_bars: int = 3


# The first that fits is taken, the last where none does.
_NAMES = (None, 32, 24, 20, 16)
LAYOUTS = (
    *(Layout(length) for length in _NAMES),
    *(Layout(20, num_bars=number) for number in (2, 0)),
    *(Layout(16, number, 0) for number in range(MOST_ROWS, 0, -1)),
    *(Layout(12, number, 0) for number in (3, 2, 1)),
)


def print_answer(
    frontier: Frontier, benchmark: str, console: Console, *, briefly: bool, other_lines: int | None
) -> None:
    """Print two sentences, the verdicts and the picture.

    Args:
        frontier: of the store.
        benchmark: of the frontier's.
        console: to print to.
        briefly: leave who judged the answers to the page.
        other_lines: of the screen, which what follows takes; None: all names and rows are shown,
            however many lines that makes.
    """
    for layout in LAYOUTS:
        parts = list(_parts(frontier, benchmark, console.width, layout, briefly=briefly))
        if other_lines is None or lines_of(parts, console.width) <= SCREEN_LINES - other_lines:
            break
    _print_parts(parts, console)


def lines_of(parts: Sequence[RenderableType], width: int) -> int:
    """Return how many lines of a terminal something takes; longer ones run on below."""
    scratch = Console(file=io.StringIO(), width=width)
    with scratch.capture() as taken:
        _print_parts(parts, scratch)
    return sum(max(1, ceil(cell_len(line.rstrip()) / width)) for line in taken.get().splitlines())


def _print_parts(parts: Sequence[RenderableType], console: Console) -> None:
    for part in parts:
        if isinstance(part, RichTable):
            print_table(console, part)
        else:
            console.print(part, highlight=False)


def _parts(
    frontier: Frontier, benchmark: str, width: int, layout: Layout, *, briefly: bool
) -> Iterator[RenderableType]:
    names = _names(frontier, layout.name_length)
    said = in_text(" ".join(in_brief(frontier, benchmark)), names)
    yield Text.assemble((f"{benchmark}: ", "bold"), said)
    for warning in answer_warnings(frontier, benchmark):
        yield Text(f"Warning: {warning}", style="yellow")
    verdicts = verdict_table(frontier, benchmark, layout.num_rows)
    if verdicts.rows:
        yield as_compact(verdicts, width)
        yield Text(verdicts.explanation, style="dim")
    if layout.num_bars:
        yield from picture(frontier, benchmark, width, layout.num_bars, names)
    judged = () if briefly else judged_by(frontier, benchmark)
    for sentence in (*coverage_sentences(frontier.cells, benchmark), *judged):
        yield Text(sentence, style="dim")
    if meant := legend(names):
        yield Text(meant, style="dim")


def _names(frontier: Frontier, most: int | None) -> Mapping[str, str]:
    """How policies and PRMs read; as they are called where there is no limit."""
    found = {
        str(name)
        for column in ("policy", "prm")
        for name in frontier.cells.frame[column].drop_nulls().unique()
    }
    return {} if most is None else shortened(sorted(found), most)
