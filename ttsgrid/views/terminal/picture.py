"""The frontier as bars of text: what the best accuracy is for each amount of compute.

Bars differ in length alone, so they can be read without colour, in a log and in a mail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from ttsgrid.analysis.findings.selection import pareto
from ttsgrid.analysis.frontier import Frontier
from ttsgrid.core.strategies import strategy_of
from ttsgrid.views.frontier_points import COSTS, cost_of, fewest, frontier_points
from ttsgrid.views.words.numbers import Row, percent, quantity
from ttsgrid.views.words.shortening import in_text

BAR, WIDEST_BAR, NARROWEST_BAR = "█", 40, 8


def picture(
    frontier: Frontier, benchmark: str, width: int, most: int, names: Mapping[str, str]
) -> list[RenderableType]:
    """Return so many stations of the frontier, the cheapest first; none where costs are unknown.

    Args:
        frontier: of the store.
        benchmark: of the frontier's.
        width: of the terminal, in columns.
        most: stations to show.
        names: how policies read where their own names are too long.
    """
    points = frontier_points(frontier.shared).filter(benchmark=benchmark)
    cost = cost_of(points)
    stations = fewest(pareto(points, cost), most)
    if stations.is_empty():
        return []
    said = Text.assemble(("Best accuracy for the compute", "bold"), f" ({COSTS[cost]})")
    if len(said) > width:  # what is counted is worth more than a word
        said = Text.assemble(("Best for the compute", "bold"), f" ({COSTS[cost]})")
    said.truncate(width, overflow="ellipsis")
    rows = list(stations.iter_rows(named=True))
    named = [
        (quantity(row[cost]), in_text(_name(row), names), f"{percent(row['accuracy'])} %")
        for row in rows
    ]
    return [said, _bars(named, [row["accuracy"] for row in rows], width)]


def _bars(
    named: Sequence[tuple[str, str, str]], accuracies: Sequence[float], width: int
) -> RichTable:
    # Two spaces between four columns.
    room = width - sum(max(len(row[i]) for row in named) for i in range(3)) - 6
    longest = min(WIDEST_BAR, room)
    grid = RichTable.grid(padding=(0, 2))
    for justify in ("right", "left", "right", "left"):
        grid.add_column(justify=justify, no_wrap=True)
    for accuracy, (spent, name, share) in zip(accuracies, named, strict=True):
        # At least one block, and none at all where the terminal has no room for bars.
        bar = BAR * max(1, round(longest * accuracy)) if longest >= NARROWEST_BAR else ""
        grid.add_row(spent, name, share, bar)
    return grid


def _name(row: Row) -> str:
    return f"{row['policy']} {strategy_of(row['strategy']).at(row['n'])}"
