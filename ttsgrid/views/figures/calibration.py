"""The picture of how far scores are probabilities: share of right steps against score.

One panel per PRM and set. On the diagonal a score is what it says; below it the PRM is too
sure of steps. Bars show how many steps have which score.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ttsgrid.analysis.judging.bench import PrmBench
from ttsgrid.analysis.judging.steps import NUM_BINS
from ttsgrid.views.figures.panels import dress, percent_ticks
from ttsgrid.views.palette import DOTTED, GREY, INK, PALE, series_colour

PANEL_INCHES = 2.9, 2.9
BAR_HEIGHT = 0.25  # of the tallest bar, as a share of the panel


def draw_calibration(bench: PrmBench) -> Figure:
    """Draw one row of panels per PRM, one column per set of solutions."""
    rows = bench.reliability
    prms, sets = (rows[name].unique(maintain_order=True).to_list() for name in ("prm", "data"))
    size = PANEL_INCHES[0] * len(sets) + 0.6, PANEL_INCHES[1] * len(prms) + 0.5
    figure = Figure(size, layout="constrained")
    panels = figure.subplots(len(prms), len(sets), squeeze=False, sharex=True, sharey=True)
    figure.suptitle(
        "Share of right steps against score", x=0.01, ha="left", fontweight="bold", color=INK
    )
    for i, prm in enumerate(prms):
        for j, data in enumerate(sets):
            panel = panels[i, j]
            dress(panel)
            _draw(panel, rows.filter(prm=prm, data=data), series_colour(i))
            _name(panel, bench.summary.filter(prm=prm, data=data).row(0, named=True))
            if i == len(prms) - 1:
                panel.set_xlabel("score of a step", fontsize=9, color=INK)
            if j == 0:
                panel.set_ylabel("right steps", fontsize=9, color=INK)
    return figure


def _draw(panel: Axes, bins: pl.DataFrame, colour: str) -> None:
    panel.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=DOTTED)
    panel.set(xlim=(0, 1), ylim=(0, 1))
    percent_ticks(panel.yaxis)
    if bins.is_empty():
        return
    shares = bins["num_steps"] / bins["num_steps"].max() * BAR_HEIGHT
    panel.bar(bins["score"], shares, width=0.8 / NUM_BINS, color=PALE)
    reach = [bins["right"] - bins["right_low"], bins["right_high"] - bins["right"]]
    panel.errorbar(
        bins["score"], bins["right"], yerr=reach, fmt="o-", color=colour, capsize=2, markersize=4
    )


def _name(panel: Axes, summary: Mapping[str, Any]) -> None:
    error = summary["ece"]
    said = "" if error is None else f"\ncalibration error {100 * error:.1f} %"
    panel.set_title(f"{summary['prm']}, {summary['data']}{said}", fontsize=9, color=INK)
