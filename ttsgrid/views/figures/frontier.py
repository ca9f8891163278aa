"""The picture: accuracy against compute, a line for each policy and strategy.

Colour is the policy, line style the strategy; each point is the best PRM, aggregation
and vote of its strategy at its N, with the 95 % interval as a light band. The wide
grey line is the Pareto frontier, the horizontal one what the largest policy reaches
with CoT. Lines are labelled at their ends, not in a legend. One panel per benchmark.

Uses matplotlib's objects directly: no pyplot, no global state, works without a screen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, NullFormatter, PercentFormatter

from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.findings.selection import best_per_strategy, pareto
from ttsgrid.analysis.frames.competing import competes, is_greedy
from ttsgrid.core.strategies import COT, Look, display_name, strategy_of
from ttsgrid.views.figures.labelling import spread
from ttsgrid.views.figures.panels import settings
from ttsgrid.views.palette import (
    DOTTED,
    GREEDY_MARKER,
    GREY,
    INK,
    PALE,
    PARETO,
    line_style,
    looks,
    series_colour,
)

WIDTH_INCHES, HEIGHT_INCHES, DPI = 9.0, 5.2, 170
LEGEND_COLUMNS = 5


@dataclass(frozen=True)
class _Panel:
    """One benchmark's axes and what is common to its lines."""

    axes: Axes
    x: str
    policies: Sequence[str]
    looks: Mapping[str, Look]

    def colour(self, policy: str) -> str:
        return series_colour(self.policies.index(policy))


def draw(cells: Cells) -> Figure:
    """Draw the frontier of a store.

    Give cells on common ground (`ttsgrid.analysis.cells.common`): a picture compares. Where a
    model's size is unknown, the policy's generated tokens take the place of FLOPs.
    """
    points = best_per_strategy(cells).filter(competes())
    benchmarks = points["benchmark"].unique().sort().to_list()
    policies = _by_size(points, cells.sizes)
    lined = looks([name for name in points["strategy"] if not strategy_of(name).is_greedy])
    x = "policy_generated_tokens" if points["flops"].is_null().any() else "flops"
    with settings():
        figure = Figure(
            (WIDTH_INCHES, HEIGHT_INCHES * len(benchmarks)), layout="constrained", dpi=DPI
        )
        grid = figure.subplots(len(benchmarks), squeeze=False)
        for axes, benchmark in zip(grid[:, 0], benchmarks, strict=True):
            _draw_panel(
                _Panel(axes, x, policies, lined), points.filter(benchmark=benchmark), benchmark
            )
    return figure


def save(figure: Figure, folder: Path) -> tuple[Path, Path]:
    """Write `frontier.png` and `frontier.svg` into a folder; return their paths."""
    paths = folder / "frontier.png", folder / "frontier.svg"
    # No date and no version in the files: they change only where the picture does.
    with settings():
        figure.savefig(paths[0], dpi=DPI, metadata={"Software": None})
        figure.savefig(paths[1], metadata={"Date": None})
    return paths


def _by_size(points: pl.DataFrame, sizes: Mapping[str, int | None]) -> list[str]:
    return sorted(points["policy"].unique(), key=lambda policy: (sizes.get(policy) or 0, policy))


def _draw_panel(panel: _Panel, points: pl.DataFrame, benchmark: str) -> None:
    _draw_pareto(panel, points)
    for policy in panel.policies:
        _draw_policy(panel, points.filter(policy=policy), panel.colour(policy))
    _dress(panel, points)
    _draw_reference(panel, points)
    _label_policies(panel, points)
    _head(panel, benchmark, num_rows=_explain(panel, points))


def _draw_policy(panel: _Panel, points: pl.DataFrame, colour: str) -> None:
    for strategy, look in panel.looks.items():
        line = points.filter(strategy=strategy).sort("n")
        if line.is_empty():
            continue
        x, low, high = line[panel.x], line["low"], line["high"]
        panel.axes.fill_between(x, low, high, color=colour, alpha=0.09, linewidth=0)
        style = line_style(look)
        panel.axes.plot(x, line["accuracy"], color=colour, linestyle=style, linewidth=1.8, zorder=3)
        panel.axes.plot(x, line["accuracy"], "o", color=colour, markersize=3.6, zorder=4)
    cot = points.filter(is_greedy())
    panel.axes.plot(
        cot[panel.x],
        cot["accuracy"],
        GREEDY_MARKER,
        color=colour,
        markersize=7.5,
        markeredgecolor="white",
        markeredgewidth=1.2,
        zorder=6,
    )


def _draw_pareto(panel: _Panel, points: pl.DataFrame) -> None:
    """A wide pale staircase, under the lines, so that it marks them and hides nothing.

    Stairs, because nothing measured lies between two points of the frontier.
    """
    best = pareto(points.with_columns(flops=pl.col(panel.x)))
    panel.axes.step(
        best[panel.x],
        best["accuracy"],
        where="post",
        color=PARETO,
        linewidth=6,
        alpha=0.55,
        solid_capstyle="round",
        solid_joinstyle="round",
        zorder=1,
    )


def _draw_reference(panel: _Panel, points: pl.DataFrame) -> None:
    """The largest policy's CoT as a horizontal line, labelled where it starts."""
    for policy in reversed(panel.policies):
        cot = points.filter(is_greedy(), policy=policy)
        if cot.is_empty():
            continue
        height = cot["accuracy"].item()
        panel.axes.axhline(height, color=INK, linewidth=0.9, linestyle=DOTTED, zorder=2)
        panel.axes.annotate(
            f"{policy} with CoT: {100 * height:.1f} %",
            (0.008, height),
            xycoords=("axes fraction", "data"),
            xytext=(0, 3),
            textcoords="offset points",
            fontsize=8.5,
            color=INK,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
            zorder=7,
        )
        return


def _label_policies(panel: _Panel, points: pl.DataFrame) -> None:
    """Each policy's name in the right margin, tied to the end of its best line."""
    lines = points.filter(~is_greedy())
    ends = lines.sort("n", "accuracy").group_by("policy", maintain_order=True).last()
    rows = sorted(ends.iter_rows(named=True), key=lambda row: float(row["accuracy"]))
    bottom, top = panel.axes.get_ylim()
    # The gap is a line of text at this font and figure height.
    heights = spread([row["accuracy"] for row in rows], gap=0.052 * (top - bottom), top=top)
    for row, height in zip(rows, heights, strict=True):
        panel.axes.annotate(
            row["policy"],
            (row[panel.x], row["accuracy"]),
            xytext=(1.025, height),
            textcoords=panel.axes.get_yaxis_transform(),
            arrowprops={
                "arrowstyle": "-",
                "color": panel.colour(row["policy"]),
                "linewidth": 0.7,
                "alpha": 0.6,
                "shrinkA": 2,
                "shrinkB": 4,
            },
            color=panel.colour(row["policy"]),
            fontsize=10,
            fontweight="bold",
            va="center",
            annotation_clip=False,
        )


def _dress(panel: _Panel, points: pl.DataFrame) -> None:
    """Scales, grid and what the axes show."""
    axes, num_problems = panel.axes, points["num_problems"].to_numpy().max()
    bottom, top = points["low"].to_numpy().min(), points["high"].to_numpy().max()
    axes.set_xscale("log")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _engineering(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    # From the intervals, not from 0: points a few problems apart must be told apart. Room above
    # 100 %, so that a mark there is not cut in half.
    axes.set_ylim(max(0.0, bottom - 0.03), min(1.03, top + 0.03))
    axes.grid(which="major", color=PALE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.tick_params(which="both", colors=GREY, labelcolor=INK, labelsize=9)
    what = "FLOPs" if panel.x == "flops" else "generated tokens"
    note = ", policy and PRM, prompts included" if panel.x == "flops" else ""
    axes.set_xlabel(f"{what} per problem{note} (log scale)", fontsize=9.5, color=INK)
    axes.set_ylabel(f"accuracy on {num_problems} problems", fontsize=9.5, color=INK)


def _head(panel: _Panel, benchmark: str, num_rows: int) -> None:
    """Set the title above the legend's rows."""
    panel.axes.set_title(
        f"Accuracy against compute on {benchmark}",
        loc="left",
        fontsize=13,
        fontweight="bold",
        color=INK,
        pad=12 + 16 * num_rows,
    )


def _explain(panel: _Panel, points: pl.DataFrame) -> int:
    """Rows under the title for what is not a policy; return how many."""
    budgets = points.filter(~is_greedy())["n"].unique().sort().to_list()
    present = [name for name in panel.looks if name in set(points["strategy"])]
    handles = [
        Line2D(
            [], [], color=GREY, marker=GREEDY_MARKER, linestyle="", markersize=6, label=COT.display
        ),
        *(
            Line2D(
                [],
                [],
                color=GREY,
                linestyle=line_style(panel.looks[name]),
                linewidth=1.8,
                label=display_name(name),
            )
            for name in present
        ),
        Line2D([], [], color=GREY, marker="o", markersize=3.6, linestyle="", label=_along(budgets)),
        Line2D([], [], color=PARETO, linewidth=6, alpha=0.55, label="Pareto frontier"),
    ]
    panel.axes.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(-0.012, 1.0),
        ncols=min(len(handles), LEGEND_COLUMNS),
        fontsize=8.5,
        frameon=False,
        handlelength=2.4,
        columnspacing=1.6,
        labelcolor=INK,
    )
    return -(-len(handles) // LEGEND_COLUMNS)


def _along(budgets: Sequence[int]) -> str:
    return f"N = {', '.join(map(str, budgets))}" if budgets else "N"


def _engineering(value: float) -> str:
    """Numbers like 2e9 as people read them: 2 G."""
    for power, prefix in (
        (1e18, "E"),
        (1e15, "P"),
        (1e12, "T"),
        (1e9, "G"),
        (1e6, "M"),
        (1e3, "k"),
    ):
        if value >= power:
            return f"{value / power:g} {prefix}"
    return f"{value:g}"
