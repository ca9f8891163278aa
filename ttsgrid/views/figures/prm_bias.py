"""The picture of what biases PRMs: two or three panels, a colour a PRM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ttsgrid.analysis.study.prm_bias import PrmBias
from ttsgrid.views.figures.panels import dress
from ttsgrid.views.palette import DASHED, FULL, GREY, INK, series_colour

MOST_CHARACTERS = 36  # of level names under one panel
RIGHT, WRONG = FULL, DASHED


def draw_prm_bias(bias: PrmBias, benchmark: str, sizes: Mapping[str, int | None]) -> Figure:
    """Score against step length; areas under the curve by policy.

    Args:
        bias: the measurements.
        benchmark: their benchmark.
        sizes: of the policies, to order them.
    """
    prms = bias.lengths["prm"].unique().sort().to_list()
    areas = {"solutions": bias.solutions, "steps": bias.steps}
    shown = {name: rows for name, rows in areas.items() if not rows.is_empty()}
    figure = Figure((4.2 * (1 + len(shown)), 4.0), layout="constrained")
    panels = figure.subplots(1, 1 + len(shown), squeeze=False)[0]
    figure.suptitle(
        f"{benchmark}: what the PRMs' scores depend on", x=0.01, ha="left", fontweight="bold"
    )
    _draw_lengths(panels[0], bias.lengths, prms)
    for panel, (name, rows) in zip(panels[1:], shown.items(), strict=True):
        _draw_areas(panel, rows, prms, sizes)
        panel.set_title(f"AUC of {name}", fontsize=10, color=INK)
    handles = [
        Line2D([], [], color=_colour(prm, prms), marker="o", label=f"PRM {prm}") for prm in prms
    ]
    figure.legend(handles=handles, loc="outside lower left", ncols=4, frameon=False, fontsize=8.5)
    return figure


def _colour(prm: str, prms: Sequence[str]) -> str:
    return series_colour(prms.index(prm))


def _draw_lengths(panel: Axes, lengths: pl.DataFrame, prms: Sequence[str]) -> None:
    dress(panel)
    for prm in prms:
        for correct, style in ((True, RIGHT), (False, WRONG)):
            rows = lengths.filter(prm=prm, correct=correct)
            (drawn,) = panel.plot(rows["length"], rows["score"], marker="o", markersize=3)
            drawn.set(linestyle=style, color=_colour(prm, prms))
    panel.set_xlabel("length of a step, characters", fontsize=9, color=INK)
    panel.set_ylabel("mean score of a step", fontsize=9, color=INK)
    panel.set_ylim(0, 1)
    panel.set_title("solid: right solutions, dashed: wrong ones", fontsize=10, color=INK)


def _draw_areas(
    panel: Axes, rows: pl.DataFrame, prms: Sequence[str], sizes: Mapping[str, int | None]
) -> None:
    dress(panel)
    policies = sorted(rows["policy"].unique(), key=lambda name: (sizes.get(name) or 0, name))
    for i, prm in enumerate(prms):
        mine = rows.filter(prm=prm)
        x = [policies.index(policy) + 0.12 * (i - (len(prms) - 1) / 2) for policy in mine["policy"]]
        reach = [mine["area"] - mine["low"], mine["high"] - mine["area"]]
        panel.errorbar(x, mine["area"], yerr=reach, fmt="o", color=_colour(prm, prms), capsize=2)
    panel.axhline(0.5, color=GREY, linewidth=1)
    crowded = sum(map(len, policies)) > MOST_CHARACTERS
    panel.set_xticks(range(len(policies)), policies)
    if crowded:
        panel.tick_params("x", rotation=20)
