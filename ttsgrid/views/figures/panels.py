"""A grid of small pictures that share their axes, and how a strategy looks in all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import matplotlib as mpl
import polars as pl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import (
    FixedLocator,
    MaxNLocator,
    NullLocator,
    PercentFormatter,
    StrMethodFormatter,
)

from ttsgrid.analysis.frames.competing import is_greedy
from ttsgrid.core.strategies import COT, display_name
from ttsgrid.views.palette import DOTTED, FULL, GREY, INK, PALE, LineStyle, colour_of

PANEL_WIDTH_INCHES, PANEL_HEIGHT_INCHES = 3.1, 2.6
# Text stays text: smaller files that can be searched. A fixed salt and font, since the ids of an
# SVG are random otherwise and the same figure would not give the same file.
SETTINGS = {"svg.fonttype": "none", "svg.hashsalt": "ttsgrid", "font.family": "DejaVu Sans"}


@dataclass(frozen=True)
class Grid:
    """A figure with one panel per (row, column).

    Attributes:
        rows, columns: names of what varies; an empty name is not written.
    """

    figure: Figure
    axes: dict[tuple[str, str], Axes]
    rows: Sequence[str]
    columns: Sequence[str]


@contextmanager
def settings() -> Iterator[None]:
    """Matplotlib's settings for all pictures."""
    with mpl.rc_context(SETTINGS):
        yield


def make_grid(rows: Sequence[str], columns: Sequence[str], title: str) -> Grid:
    """Return an empty grid, columns named above and rows beside."""
    size = 0.6 + PANEL_WIDTH_INCHES * len(columns), 1.3 + PANEL_HEIGHT_INCHES * len(rows)
    figure = Figure(size, layout="constrained")  # not pyplot, which keeps figures alive
    panels = figure.subplots(len(rows), len(columns), squeeze=False, sharex=True, sharey="row")
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold", color=INK)
    axes = {(r, c): panels[i, j] for i, r in enumerate(rows) for j, c in enumerate(columns)}
    for (row, column), panel in axes.items():
        dress(panel)
        if row == rows[0]:
            panel.set_title(column, fontsize=10, color=INK)
        if column == columns[0]:
            panel.set_ylabel(row, fontsize=9.5, color=INK)
    return Grid(figure, axes, rows, columns)


def dress(panel: Axes) -> None:
    """Grid, spines and ticks that stay in the background."""
    panel.grid(which="major", color=PALE, linewidth=0.8)
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)
    panel.spines[["left", "bottom"]].set_color(GREY)
    panel.tick_params(which="both", colors=GREY, labelcolor=INK, labelsize=8)


def over_budgets(grid: Grid, budgets: Sequence[int]) -> None:
    """N on a log scale below, accuracy in percent beside."""
    for panel in grid.axes.values():
        panel.set_xscale("log", base=2)
        panel.xaxis.set_major_locator(FixedLocator(list(budgets)))
        panel.xaxis.set_minor_locator(NullLocator())
        panel.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
        percent_ticks(panel.yaxis)
    for column in grid.columns:
        grid.axes[grid.rows[-1], column].set_xlabel("N", fontsize=9, color=INK)


def percent_ticks(axis: Axis) -> None:
    """Ticks at whole percentages; 97.5 would be written as 98."""
    axis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10]))
    axis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))


def line(
    panel: Axes, points: pl.DataFrame, colour: str, style: LineStyle = FULL, *, band: bool = True
) -> None:
    """Accuracy against N, with its 95 % interval as a band.

    Args:
        panel: where.
        points: columns n, accuracy, low and high.
        colour: of line and band.
        style: matplotlib's name of the line style.
        band: whether to draw the interval.
    """
    ordered = points.sort("n")
    n = ordered["n"]
    (drawn,) = panel.plot(n, ordered["accuracy"], color=colour, marker="o", markersize=3)
    drawn.set(linestyle=style, linewidth=1.6)
    if band:
        panel.fill_between(n, ordered["low"], ordered["high"], color=colour, alpha=0.1, linewidth=0)


def legend(grid: Grid, strategies: Sequence[str], styles: dict[str, str]) -> None:
    """A legend below: one colour per strategy, one style for whatever else differs, CoT."""
    handles = [
        Line2D([], [], color=colour_of(s, strategies), linewidth=2, label=display_name(s))
        for s in strategies
    ]
    handles += [
        Line2D([], [], color=GREY, linestyle=style, linewidth=1.6, label=name)
        for name, style in styles.items()
    ]
    handles.append(Line2D([], [], color=INK, linestyle=DOTTED, linewidth=1, label=COT.at(1)))
    grid.figure.legend(
        handles=handles, loc="outside lower left", ncols=5, frameon=False, fontsize=8.5
    )


def mark_cot(panel: Axes, rows: pl.DataFrame) -> None:
    """The accuracy of CoT as a horizontal line, where it was run."""
    for accuracy in rows.filter(is_greedy())["accuracy"]:
        panel.axhline(accuracy, color=INK, linewidth=1, linestyle=DOTTED)
