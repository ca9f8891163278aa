"""The picture of TTS performance against PRM ability: Figure 6 of arXiv 2502.06703."""

from __future__ import annotations

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ttsgrid.analysis.study.ability import ability
from ttsgrid.analysis.study.summary import Study
from ttsgrid.views.figures.panels import dress, percent_ticks
from ttsgrid.views.palette import DASHED, INK, MARKERS, series_colour

AREA, PER_TENFOLD = 40.0, 90.0  # of marks, in square points


def draw_ability(study: Study, benchmark: str) -> Figure:
    """Accuracy of compute-optimal TTS against F1, one colour per policy; marks grow with the PRM.

    Raises:
        ConfigError: no ability is known of any PRM of the store.
    """
    rows = ability(study).filter(benchmark=benchmark)
    figure = Figure((6.4, 4.4), layout="constrained")
    axes = figure.subplots()
    dress(axes)
    axes.margins(0.12, 0.12)
    rows = rows.with_columns(area=_areas(rows["num_parameters"]))
    for i, policy in enumerate(rows["policy"].unique(maintain_order=True)):
        _draw_policy(axes, rows.filter(policy=policy), i)
    for prm in rows["prm"].unique(maintain_order=True):
        highest = rows.filter(prm=prm).sort("high").row(-1, named=True)
        top = (highest["f1"], highest["high"])
        axes.annotate(
            prm, top, (0, 5), textcoords="offset points", ha="center", fontsize=8.5, color=INK
        )
    percent_ticks(axes.xaxis)
    percent_ticks(axes.yaxis)
    axes.set_xlabel("PRM ability: F1 of first-error detection", fontsize=9.5, color=INK)
    axes.set_ylabel("accuracy of compute-optimal TTS", fontsize=9.5, color=INK)
    axes.set_title(
        f"{benchmark}: TTS against PRM ability", loc="left", fontweight="bold", fontsize=12
    )
    if not rows.is_empty():
        handles = [
            _handle(name, i) for i, name in enumerate(rows["policy"].unique(maintain_order=True))
        ]
        axes.legend(
            handles=handles, title="policy", frameon=False, fontsize=8.5, title_fontsize=8.5
        )
    return figure


def _handle(policy: str, index: int) -> Line2D:
    # Of one size: those of the marks themselves would have the size of a policy's first PRM.
    marker, colour = MARKERS[index % len(MARKERS)], series_colour(index)
    return Line2D([], [], linestyle="", marker=marker, color=colour, label=policy)


def _draw_policy(axes: Axes, rows: pl.DataFrame, index: int) -> None:
    colour, marker = series_colour(index), MARKERS[index % len(MARKERS)]
    known = rows.with_columns(
        left=pl.col("f1") - pl.coalesce("f1_low", "f1"),
        right=pl.coalesce("f1_high", "f1") - pl.col("f1"),
        down=pl.col("accuracy") - pl.col("low"),
        up=pl.col("high") - pl.col("accuracy"),
    )
    axes.errorbar(
        known["f1"],
        known["accuracy"],
        xerr=[known["left"], known["right"]],
        yerr=[known["down"], known["up"]],
        fmt="none",
        ecolor=colour,
        elinewidth=1,
        capsize=2,
        alpha=0.6,
    )
    axes.scatter(
        known["f1"],
        known["accuracy"],
        s=known["area"],
        color=colour,
        marker=marker,
        zorder=3,
    )
    slope, intercept = rows["fit_slope"][0], rows["fit_intercept"][0]
    if slope is not None:
        reach = rows.filter(pl.col("f1") > 0)["f1"].to_numpy()
        x = np.linspace(reach.min(), reach.max(), 100)
        axes.plot(x, slope * np.log(x) + intercept, color=colour, linestyle=DASHED, linewidth=1)


def _areas(sizes: pl.Series) -> pl.Series:
    """Areas of marks, that of the smallest PRM and more for each factor of ten in parameters."""
    counts = sizes.cast(pl.Float64)
    if counts.is_null().all():
        return pl.Series([AREA] * len(sizes), dtype=pl.Float64)
    tenfolds = counts.log10() - counts.log10().min()
    return (AREA + PER_TENFOLD * tenfolds).fill_null(AREA)  # unknown sizes as the smallest
