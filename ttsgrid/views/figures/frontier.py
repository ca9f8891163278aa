"""The picture: what each policy reaches for its compute, and with which strategy.

Above, one line per policy: the best it reaches for the compute, with the 95 % interval as a
band, N beside the points, with and without the PRM's compute. Below, one small panel per
policy with its strategies; there the other policies' lines stand in grey. The title states
the finding, and the point it is about is starred. Colour is never alone: policies and strategies
differ in mark and dash as well, and a colour means a policy, above and below.

Uses matplotlib's objects directly: no pyplot, no global state, works without a screen.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from pathlib import Path
from textwrap import fill

import polars as pl
from matplotlib.figure import Figure, SubFigure

from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.views.figures.frontier_lines import (
    Scene,
    draw_policies,
    dress,
    explain_policies,
    name_policies,
)
from ttsgrid.views.figures.panels import settings
from ttsgrid.views.figures.placing import PointLabel, place
from ttsgrid.views.figures.policy_panels import draw_strategies, explain_strategies
from ttsgrid.views.frontier_points import COSTS, FLOPS, WITHOUT_PRM, cost_of, frontier_points
from ttsgrid.views.palette import INK
from ttsgrid.views.words.finding import Finding
from ttsgrid.views.words.order import by_size

WIDTH_INCHES, DPI = 9.6, 160
ABOVE_INCHES, PANEL_INCHES = 4.6, 2.5
PANELS_A_ROW = 3
TITLE_CHARACTERS = 80
WIDTHS = (1.35, 1.0)  # with the PRM's compute, which decides, and without it


def draw(cells: Cells, findings: Mapping[str, Finding] | None = None) -> Figure:
    """Draw the frontier of a store, one block per benchmark.

    Args:
        cells: on common ground (`ttsgrid.analysis.cells.common`): a picture compares. Where a
            model's size is unknown, the policy's generated tokens take the place of FLOPs.
        findings: by benchmark; without one, its title says what is drawn.
    """
    points = frontier_points(cells)
    benchmarks = points["benchmark"].unique().sort().to_list()
    scenes = [_scene(cells, points, name, findings or {}) for name in benchmarks]
    heights = [ABOVE_INCHES + PANEL_INCHES * _num_rows(scene) for scene in scenes]
    with settings():
        figure = Figure((WIDTH_INCHES, sum(heights)), layout="constrained", dpi=DPI)
        blocks = figure.subfigures(len(scenes), height_ratios=heights, squeeze=False)[:, 0]
        labels = [
            label
            for block, scene in zip(blocks, scenes, strict=True)
            for label in _draw_block(block, scene)
        ]
        place(figure, labels)
    return figure


def save(figure: Figure, folder: Path) -> tuple[Path, Path]:
    """Write `frontier.png` and `frontier.svg` into a folder; return their paths."""
    paths = folder / "frontier.png", folder / "frontier.svg"
    # No date and no version in the files: they change only where the picture does.
    with settings():
        figure.savefig(paths[0], dpi=DPI, metadata={"Software": None})
        figure.savefig(paths[1], metadata={"Date": None})
    return paths


def _scene(
    cells: Cells, points: pl.DataFrame, benchmark: str, findings: Mapping[str, Finding]
) -> Scene:
    rows = points.filter(benchmark=benchmark)
    title = f"{benchmark}: accuracy for the compute it takes"
    return Scene(
        rows,
        by_size(cells, rows["policy"].to_list()),
        cost_of(points),
        findings.get(benchmark, Finding(title)),
    )


def _num_rows(scene: Scene) -> int:
    return ceil(len(scene.policies) / PANELS_A_ROW)


def _draw_block(block: SubFigure, scene: Scene) -> list[PointLabel]:
    """Draw one benchmark; return the labels that are placed when all is laid out."""
    # On two lines where names are long: what goes past the edge is cut off.
    title = fill(scene.finding.title, TITLE_CHARACTERS, break_on_hyphens=False)
    block.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold", color=INK)
    rows = _num_rows(scene)
    ratios = (ABOVE_INCHES, PANEL_INCHES * rows)
    parts = block.subfigures(2, 1, height_ratios=ratios, squeeze=False)[:, 0]
    return [*_draw_above(parts[0], scene), *_draw_below(parts[1], scene, rows)]


def _draw_above(block: SubFigure, scene: Scene) -> list[PointLabel]:
    guided = scene.cost == FLOPS and bool((scene.points["flops_prm"] > 0).any())
    costs = [scene.cost, WITHOUT_PRM] if guided else [scene.cost]
    ratios = WIDTHS[: len(costs)]
    panels = block.subplots(1, len(costs), squeeze=False, sharey=True, width_ratios=ratios)[0]
    labels: list[PointLabel] = []
    for axes, cost in zip(panels, costs, strict=True):
        labels += draw_policies(axes, scene, cost)
        dress(axes, scene, cost)
        axes.set_xlabel(f"{COSTS[cost]} (log scale)", fontsize=9, color=INK)
    panels[0].set_ylabel(f"accuracy on {scene.num_problems} problems", fontsize=9, color=INK)
    explain_policies(block, scene)
    name_policies(panels[-1], scene, costs[-1])
    return labels


def _draw_below(block: SubFigure, scene: Scene, rows: int) -> list[PointLabel]:
    columns = min(PANELS_A_ROW, len(scene.policies))
    panels = block.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    labels: list[PointLabel] = []
    for axes, policy in zip(panels.flat, scene.policies, strict=False):
        labels += draw_strategies(axes, scene, policy)
        dress(axes, scene, scene.cost)
        axes.set_title(policy, fontsize=9.5, color=INK, loc="left")
    for axes in panels.flat[len(scene.policies) :]:
        axes.set_axis_off()
    for axes in panels[-1]:
        axes.set_xlabel(COSTS[scene.cost], fontsize=8, color=INK)
    explain_strategies(block, scene)
    return labels
