"""The picture of what PRMs' scores depend on, one colour per PRM.

Score against step length; then, for each aggregation, how well solutions of one problem are
ranked, with the figure that pools all problems beside it, hollow; and, where the benchmark
labels steps, how well right steps are told from wrong ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ttsgrid.analysis.study.prm_bias import PrmBias
from ttsgrid.views.figures.panels import dress
from ttsgrid.views.palette import DASHED, FULL, GREY, INK, MARKERS, series_colour

MOST_CHARACTERS = 36  # of level names under one panel
NUM_ROWS, PANEL_INCHES = 2, (3.7, 3.5)
RIGHT, WRONG = FULL, DASHED
Draw = Callable[[Axes], None]


def draw_prm_bias(
    bias: PrmBias, quality: pl.DataFrame, benchmark: str, sizes: Mapping[str, int | None]
) -> Figure:
    """Score against step length, ranking within problems, and what steps show.

    Args:
        bias: the measurements of lengths and steps.
        quality: rows of `ttsgrid.analysis.findings.prm_quality` of this benchmark.
        benchmark: whose.
        sizes: of the policies, to order them.
    """
    prms = sorted({*bias.lengths["prm"], *quality["prm"]})
    drawings = [*_drawings(bias, quality, prms, sizes)]
    num_columns = -(-len(drawings) // NUM_ROWS)
    figure = Figure(
        (PANEL_INCHES[0] * num_columns, PANEL_INCHES[1] * NUM_ROWS), layout="constrained"
    )
    panels = figure.subplots(NUM_ROWS, num_columns, squeeze=False).reshape(-1)
    figure.suptitle(
        f"{benchmark}: what the PRMs' scores depend on", x=0.01, ha="left", fontweight="bold"
    )
    for panel, draw in zip(panels, drawings, strict=False):
        dress(panel)
        draw(panel)
    for panel in panels[len(drawings) :]:
        panel.remove()
    figure.legend(
        handles=_handles(prms), loc="outside lower left", ncols=4, frameon=False, fontsize=8.5
    )
    return figure


def _drawings(
    bias: PrmBias, quality: pl.DataFrame, prms: Sequence[str], sizes: Mapping[str, int | None]
) -> list[Draw]:
    drawings: list[Draw] = [partial(_draw_lengths, lengths=bias.lengths, prms=prms)]
    areas = partial(partial, _draw_rates, prms=prms, sizes=sizes)
    for aggregation in quality["aggregation"].unique(maintain_order=True):
        rows = quality.filter(aggregation=aggregation)
        title = f"{aggregation}: right above wrong solution (AUC)"
        drawings.append(areas(rows=rows, column="area", title=title))
    if not bias.steps.is_empty():
        title = "right above wrong step (AUC), pooled"
        drawings.append(areas(rows=bias.steps, column="area", title=title, pooled=True))
    if not bias.first_errors.is_empty():
        title = "first wrong step found (F1)"
        drawings.append(areas(rows=bias.first_errors, column="f1", title=title))
    return drawings


def _handles(prms: Sequence[str]) -> list[Line2D]:
    handles = [
        Line2D([], [], color=_colour(prm, prms), marker=_marker(prm, prms), label=f"PRM {prm}")
        for prm in prms
    ]
    for label, face in (("within a problem, mean over n problems", GREY), ("pooled", "none")):
        handles.append(
            Line2D([], [], linestyle="", marker="o", color=GREY, markerfacecolor=face, label=label)
        )
    return handles


def _colour(prm: str, prms: Sequence[str]) -> str:
    return series_colour(prms.index(prm))


def _marker(prm: str, prms: Sequence[str]) -> str:
    return MARKERS[prms.index(prm) % len(MARKERS)]


def _draw_lengths(panel: Axes, lengths: pl.DataFrame, prms: Sequence[str]) -> None:
    for prm in prms:
        for correct, style in ((True, RIGHT), (False, WRONG)):
            rows = lengths.filter(prm=prm, correct=correct)
            (drawn,) = panel.plot(rows["length"], rows["score"], markersize=4)
            drawn.set(linestyle=style, color=_colour(prm, prms), marker=_marker(prm, prms))
    panel.set_xlabel("length of a step, characters", fontsize=9, color=INK)
    panel.set_ylabel("mean score of a step", fontsize=9, color=INK)
    panel.set_ylim(0, 1)
    panel.set_title("solid: right solutions, dashed: wrong ones", fontsize=10, color=INK)


def _draw_rates(
    panel: Axes,
    rows: pl.DataFrame,
    column: str,
    title: str,
    prms: Sequence[str],
    sizes: Mapping[str, int | None],
    *,
    pooled: bool = False,
) -> None:
    """A rate of each (policy, PRM) with its interval; the pooled one, hollow, where there is one.

    Args:
        panel: where.
        rows: columns policy, prm, num_problems, the rate's and its interval's.
        column: the rate.
        title: what it is.
        prms: all that are drawn.
        sizes: of the policies, to order them.
        pooled: the rate itself is over all problems.
    """
    low, high = ("low", "high") if column == "area" else (f"{column}_low", f"{column}_high")
    policies = sorted(rows["policy"].unique(), key=lambda name: (sizes.get(name) or 0, name))
    for i, prm in enumerate(prms):
        of_prm, colour = rows.filter(prm=prm), _colour(prm, prms)
        # PRMs side by side around their policy's place: their intervals would hide each other.
        x = [
            policies.index(policy) + 0.16 * (i - (len(prms) - 1) / 2) for policy in of_prm["policy"]
        ]
        reach = [of_prm[column] - of_prm[low], of_prm[high] - of_prm[column]]
        face = "none" if pooled else colour
        mark = _marker(prm, prms)
        drawn = panel.errorbar(x, of_prm[column], yerr=reach, fmt=mark, color=colour, capsize=2)
        drawn.lines[0].set_markerfacecolor(face)
        if "pooled_area" in of_prm.columns:
            panel.plot(x, of_prm["pooled_area"], mark, color=colour, markerfacecolor="none")
    if column == "area":
        panel.axhline(0.5, color=GREY, linewidth=1)
    named = [f"{name}\nn = {_counts(rows.filter(policy=name))}" for name in policies]
    panel.set_xticks(range(len(policies)), named)
    if sum(map(len, policies)) > MOST_CHARACTERS:
        panel.tick_params("x", rotation=20)
    panel.set_title(title, fontsize=10, color=INK)


def _counts(rows: pl.DataFrame) -> str:
    """The number of problems; from least to most where it differs by PRM."""
    return " to ".join(f"{count}" for count in rows["num_problems"].unique().sort())
