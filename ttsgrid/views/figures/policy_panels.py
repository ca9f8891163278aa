"""One small panel per policy, in its colour: its strategies, told apart by mark and dash."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.lines import Line2D

from ttsgrid.analysis.frames.competing import is_greedy
from ttsgrid.core.strategies import COT, Look, display_name, strategy_of
from ttsgrid.views.figures.frontier_lines import Scene, mark_reference
from ttsgrid.views.figures.placing import PointLabel
from ttsgrid.views.palette import GREEDY_MARKER, INK, PARETO, line_style, looks, marker

OTHERS_WIDTH = 1.1


def draw_strategies(axes: Axes, scene: Scene, policy: str) -> list[PointLabel]:
    """Draw a policy's strategies over the other policies' frontiers; return labels of N."""
    for other in scene.policies:
        if other != policy:
            line = scene.of(other, scene.cost)
            axes.step(
                line[scene.cost], line["accuracy"], where="post", color=PARETO,
                linewidth=OTHERS_WIDTH, zorder=1,
            )  # fmt: skip
    mark_reference(axes, scene)
    mine, colour = scene.points.filter(policy=policy), scene.look(policy)["color"]
    labels: list[PointLabel] = []
    for strategy in _drawn(scene):
        line = mine.filter(strategy=strategy).sort("n")
        axes.plot(
            line[scene.cost], line["accuracy"], linewidth=1.4, markersize=4.5, color=colour,
            **_look(scene, strategy),
        )  # fmt: skip
        labels += [
            PointLabel(axes, (row[scene.cost], row["accuracy"]), f"{row['n']}", colour)
            for row in line.sort("n", descending=True).iter_rows(named=True)
            if row[scene.cost] is not None
        ]
    greedy = mine.filter(is_greedy())
    axes.plot(greedy[scene.cost], greedy["accuracy"], GREEDY_MARKER, color=colour, markersize=5.5)
    # Without a label of its own, since it has no N; but no other label may cover it.
    labels += [
        PointLabel(axes, (row[scene.cost], row["accuracy"]), "", INK)
        for row in greedy.iter_rows(named=True)
        if row[scene.cost] is not None
    ]
    return labels


def explain_strategies(block: SubFigure, scene: Scene) -> None:
    """Add a legend below the panels."""
    handles = [_handle(scene, name) for name in _drawn(scene)]
    if not scene.points.filter(is_greedy()).is_empty():
        cot = Line2D([], [], linestyle="", marker=GREEDY_MARKER, color=INK, label=COT.display)
        handles.insert(0, cot)
    if len(scene.policies) > 1:
        handles.append(
            Line2D([], [], color=PARETO, linewidth=OTHERS_WIDTH, label="best of another model")
        )
    block.legend(
        handles=handles, loc="outside lower left", ncols=6, fontsize=8, frameon=False,
        handlelength=3, labelcolor=INK,
    )  # fmt: skip


def _handle(scene: Scene, strategy: str) -> Line2D:
    look, label = _look(scene, strategy), display_name(strategy)
    return Line2D([], [], linewidth=1.4, markersize=4.5, color=INK, label=label, **look)


def _drawn(scene: Scene) -> list[str]:
    return [name for name in _looks(scene) if not strategy_of(name).is_greedy]


def _looks(scene: Scene) -> dict[str, Look]:
    return looks(scene.points["strategy"].to_list())


def _look(scene: Scene, strategy: str) -> dict[str, Any]:
    look = _looks(scene)[strategy]
    return {
        "marker": marker(look),
        "linestyle": line_style(look),
    }
