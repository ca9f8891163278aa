"""One line per policy: its own frontier, with its interval as a band and N beside its points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, NullFormatter

from ttsgrid.analysis.findings.selection import pareto
from ttsgrid.analysis.frames.competing import is_greedy
from ttsgrid.core.strategies import strategy_of
from ttsgrid.views.figures.labelling import spread
from ttsgrid.views.figures.panels import dress as dress_panel
from ttsgrid.views.figures.panels import percent_ticks
from ttsgrid.views.figures.placing import POINT_RADIUS_PT, PointLabel
from ttsgrid.views.palette import DOTTED, GREY, INK, SERIES_DASHES, SERIES_MARKERS, series_colour
from ttsgrid.views.words.finding import Finding
from ttsgrid.views.words.numbers import quantity

STAR, BAND_ALPHA = "★", 0.13
RING_PT = 13
LEGEND_CHARACTERS, LEGEND_COLUMNS = 80, (6, 3)
"""Of its texts in one row at most; how many columns then, and where they are more."""


@dataclass(frozen=True)
class Scene:
    """What one benchmark's panels draw.

    Attributes:
        points: one row per policy, strategy and N (`ttsgrid.views.frontier_points`).
        policies: the smallest first.
        cost: the column of costs.
        finding: the title, and the point that is starred.
    """

    points: pl.DataFrame
    policies: Sequence[str]
    cost: str
    finding: Finding

    @property
    def num_problems(self) -> int:
        """On how many problems the points are."""
        return int(self.points["num_problems"].to_numpy().max())

    def of(self, policy: str, cost: str) -> pl.DataFrame:
        """Return a policy's own frontier, the cheapest point first."""
        return pareto(self.points.filter(policy=policy), cost)

    def look(self, policy: str) -> dict[str, Any]:
        """Return how a policy's line is drawn: colour, mark and dash."""
        i = self.policies.index(policy)
        return {
            "color": series_colour(i),
            "marker": SERIES_MARKERS[i % len(SERIES_MARKERS)],
            "linestyle": SERIES_DASHES[i % len(SERIES_DASHES)],
        }

    def winner(self) -> dict[str, Any]:
        """Return the point that is starred: the finding's, else the most accurate."""
        ranked = self.points.sort("accuracy", self.cost, descending=[True, False])
        if self.finding.winner is not None:
            policy, strategy, n = self.finding.winner
            named = ranked.filter(policy=policy, strategy=strategy, n=n)
            ranked = ranked if named.is_empty() else named
        return ranked.row(0, named=True)


def draw_policies(axes: Axes, scene: Scene, cost: str) -> list[PointLabel]:
    """Draw every policy's frontier; return the labels of N that are wanted beside its points."""
    labels: list[PointLabel] = []
    ringed = scene.winner()["outcome"]
    for policy in scene.policies:
        line, look = scene.of(policy, cost), scene.look(policy)
        # Stairs, for nothing measured lies between two points.
        axes.fill_between(
            line[cost], line["low"], line["high"],
            step="post", color=look["color"], alpha=BAND_ALPHA, linewidth=0,
        )  # fmt: skip
        axes.step(line[cost], line["accuracy"], where="post", linewidth=1.7, markersize=5, **look)
        labels += [
            PointLabel(
                axes, (row[cost], row["accuracy"]), f"{row['n']}", look["color"],
                RING_PT / 2 if row["outcome"] == ringed else POINT_RADIUS_PT,
            )
            for row in line.iter_rows(named=True)
        ]  # fmt: skip
    mark_reference(axes, scene)
    _ring(axes, scene, cost)
    return labels


def dress(axes: Axes, scene: Scene, cost: str) -> None:
    """Set scales and grid; from the intervals, not from 0: points a few problems apart differ."""
    dress_panel(axes)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: quantity(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    bottom, top = scene.points["low"].to_numpy().min(), scene.points["high"].to_numpy().max()
    # Room above 100 %, so that a mark there is not cut in half.
    axes.set_ylim(max(0.0, bottom - 0.03), min(1.03, top + 0.03))
    percent_ticks(axes.yaxis)


def mark_reference(axes: Axes, scene: Scene) -> None:
    """Draw the largest policy's CoT as a dotted line, where it was run."""
    for _, accuracy in _reference(scene):
        axes.axhline(accuracy, color=INK, linewidth=0.9, linestyle=DOTTED, zorder=1)


def name_policies(axes: Axes, scene: Scene, cost: str) -> None:
    """Write each policy's best in the right margin, tied to its point; the winner's is starred."""
    tops = [(policy, scene.of(policy, cost)) for policy in scene.policies]
    rows = [line.row(-1, named=True) for _, line in tops if len(line)]
    rows.sort(key=lambda row: float(row["accuracy"]))
    winner = scene.winner()
    bottom, top = axes.get_ylim()
    heights = spread([row["accuracy"] for row in rows], gap=0.105 * (top - bottom), top=top)
    for row, height in zip(rows, heights, strict=True):
        colour = scene.look(row["policy"])["color"]
        won = row["outcome"] == winner["outcome"]
        axes.annotate(
            f"{STAR + ' ' if won else ''}{row['policy']}\n{_reached(row)}",
            (row[cost], row["accuracy"]),
            xytext=(1.04, height),
            textcoords=axes.get_yaxis_transform(),
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.7, "shrinkB": 4},
            color=colour,
            fontsize=9,
            fontweight="bold" if won else "normal",
            va="center",
            annotation_clip=False,
        )


def _reference(scene: Scene) -> list[tuple[str, float]]:
    """The largest policy with a CoT, and that accuracy; nothing where no policy has one."""
    greedy = scene.points.filter(is_greedy())
    for policy in reversed(scene.policies):
        for accuracy in greedy.filter(policy=policy)["accuracy"]:
            return [(policy, accuracy)]
    return []


def _reached(row: dict[str, Any]) -> str:
    name = strategy_of(row["strategy"]).at(row["n"])
    return f"{100 * row['accuracy']:.0f} %, {name}"


def _ring(axes: Axes, scene: Scene, cost: str) -> None:
    """A ring around the winner: a shape, so that it is seen without colour."""
    winner = scene.winner()
    if winner[cost] is not None:
        axes.plot(
            winner[cost], winner["accuracy"], "o",
            markersize=RING_PT, markerfacecolor="none", markeredgecolor=INK, markeredgewidth=1.4,
        )  # fmt: skip


def explain_policies(block: SubFigure, scene: Scene) -> None:
    """Add a legend below the panels, where it covers nothing: each line, and what else is drawn."""
    shown: list[tuple[str, Any]] = [
        (policy, Line2D([], [], linewidth=1.7, markersize=5, **scene.look(policy)))
        for policy in scene.policies
    ]
    shown.append(("95 % interval", Patch(color=GREY, alpha=2 * BAND_ALPHA, linewidth=0)))
    for policy, accuracy in _reference(scene):
        line = Line2D([], [], color=INK, linewidth=0.9, linestyle=DOTTED)
        shown.append((f"{policy} answering once: {100 * accuracy:.1f} %", line))
    shown.append(
        ("tries (N)", Line2D([], [], linestyle="", marker="$16$", color=INK, markersize=9))
    )
    names = [name for name, _ in shown]
    crowded = len(shown) > LEGEND_COLUMNS[0] or len("".join(names)) > LEGEND_CHARACTERS
    block.legend(
        [handle for _, handle in shown], names, loc="outside lower left", fontsize=8,
        ncols=LEGEND_COLUMNS[crowded], frameon=False, handlelength=3, labelcolor=INK,
    )  # fmt: skip
