"""Published accuracies against what they cost: the best point of each policy, by name."""

from __future__ import annotations

from textwrap import fill

import polars as pl
from matplotlib.figure import Figure

from ttsgrid.analysis.frames.competing import competes, is_greedy
from ttsgrid.views.figures.panels import dress, percent_ticks, settings
from ttsgrid.views.figures.placing import PointLabel, place
from ttsgrid.views.palette import COLOURS, GREY, INK
from ttsgrid.views.words.external import title_of_published

SIZE_INCHES, DPI = (9.6, 5.2), 120
TITLE_CHARACTERS = 85
ALONE, SCALED = ("s", COLOURS["orange"], "CoT alone"), ("o", COLOURS["blue"], "with more tries")


def draw_published(points: pl.DataFrame) -> Figure:
    """Draw one benchmark's published points, squares where a policy answers once.

    Args:
        points: of one benchmark, as `external_points` gives them, with a cost in FLOPs or tokens.
    """
    best = points.filter(competes()).sort("accuracy", descending=True).unique("policy")
    with settings():
        figure = Figure(SIZE_INCHES, layout="constrained", dpi=DPI)
        axes = figure.subplots()
        whole = title_of_published(points).replace(" %", "\N{NO-BREAK SPACE}%")
        title = fill(whole, TITLE_CHARACTERS, break_on_hyphens=False)
        axes.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK)
        axes.set_xscale("log")
        labels: list[PointLabel] = []
        for (marker, colour, name), rows in (
            (SCALED, best.filter(~is_greedy())),
            (ALONE, best.filter(is_greedy())),
        ):
            axes.scatter(rows["cost"], rows["accuracy"], marker=marker, color=colour, label=name)
            labels += [
                PointLabel(axes, (cost, accuracy), f"{policy} {accuracy:.0%}", colour)
                for policy, cost, accuracy in rows.select("policy", "cost", "accuracy").iter_rows()
            ]
        dress(axes)
        percent_ticks(axes.yaxis)
        axes.margins(x=0.1, y=0.15)
        axes.set_xlabel(f"{points['cost_is'].item(0)} (log scale)", fontsize=9, color=INK)
        axes.set_ylabel("accuracy, as published", fontsize=9, color=INK)
        axes.legend(loc="lower right", frameon=False, fontsize=9, labelcolor=GREY)
        place(figure, labels, size_pt=8.5)
    return figure
