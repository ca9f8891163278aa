"""The picture: what is in it, and that its labels keep apart."""

from __future__ import annotations

from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text

from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.findings.selection import best_per_strategy
from ttsgrid.views.figures.frontier import draw, save
from ttsgrid.views.figures.labelling import spread
from ttsgrid.views.figures.panels import settings
from ttsgrid.views.palette import SERIES_DASHES
from ttsgrid.views.words.finding import Finding

FINDING = Finding("tiny beats large", ("tiny", "best_of_n", 16))


@pytest.fixture(scope="module")
def figure(cells: Cells) -> Figure:
    return draw(cells, {"made-up": FINDING})


def _lines(axes: Axes) -> set[tuple[float, ...]]:
    return {tuple(np.round(np.asarray(line.get_ydata(), float), 9)) for line in axes.lines}


def test_the_title_states_the_finding_and_its_point_is_ringed_and_starred(
    figure: Figure, cells: Cells
) -> None:
    assert FINDING.title in {text.get_text() for text in figure.findobj(Text)}
    best = best_per_strategy(cells).filter(policy="tiny", strategy="best_of_n", n=16)
    with_prm, without = figure.axes[:2]
    assert (best["accuracy"].item(),) in _lines(with_prm)
    # Where the starred point is not its policy's best, the ring alone marks it.
    names = [text.get_text() for text in without.texts if "%" in text.get_text()]
    assert {name.splitlines()[0].removeprefix("★ ") for name in names} == {"tiny", "small", "large"}


def test_compute_is_counted_with_the_prm_and_without(figure: Figure) -> None:
    with_prm, without = figure.axes[:2]
    assert "PRM counted" in with_prm.get_xlabel()
    assert "PRM not counted" in without.get_xlabel()
    assert with_prm.get_xscale() == without.get_xscale() == "log"


def test_every_policy_has_one_band_one_mark_and_one_dash(figure: Figure) -> None:
    axes = figure.axes[0]
    assert len(axes.collections) == 3
    stairs = [line for line in axes.lines if line.get_drawstyle() == "steps-post"]
    assert len(stairs) == 3
    for what in ("get_color", "get_marker"):
        assert len({str(getattr(line, what)()) for line in stairs}) == 3, what
    # matplotlib calls every pattern of dashes "--", so patterns are compared where they are listed.
    assert len(set(SERIES_DASHES)) == len(SERIES_DASHES) >= 3
    assert [line.is_dashed() for line in stairs] == [False, True, True]


def test_a_panel_per_policy_shows_the_best_cell_of_each_strategy_at_each_budget(
    figure: Figure, cells: Cells
) -> None:
    frame = cells.frame.filter(bin="all")
    panels = {axes.get_title(loc="left"): axes for axes in figure.axes[2:]}
    assert set(panels) == {"tiny", "small", "large"}
    for policy, axes in panels.items():
        for strategy in ("majority", "best_of_n"):
            mine = frame.filter(policy=policy, strategy=strategy)
            best = mine.group_by("n").agg(pl.col("accuracy").max()).sort("n")["accuracy"]
            assert tuple(np.round(best.to_numpy(), 9)) in _lines(axes)


def test_n_stands_beside_points_and_no_label_covers_another_or_a_point(figure: Figure) -> None:
    with settings():
        figure.draw_without_rendering()
        for axes in figure.axes[:2]:
            labels = [text for text in axes.texts if text.get_text().isdecimal()]
            assert {"1", "4", "16"} <= {text.get_text() for text in labels}
        for axes in figure.axes:
            boxes = [text.get_window_extent() for text in axes.texts]
            assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]


def test_nothing_drawn_lies_behind_a_legend_and_a_colour_means_a_policy(figure: Figure) -> None:
    with settings():
        figure.draw_without_rendering()
        legends = [box.get_window_extent() for box in figure.findobj(Legend)]
        assert len(legends) == 2
        for axes in figure.axes:
            assert not [box for box in legends if box.overlaps(axes.get_window_extent())]
    lines = {line.get_color(): axes for axes in figure.axes[:1] for line in axes.lines[:3]}
    drawn = [
        {line.get_color() for line in axes.lines if line.get_marker() in ("o", "s", "D", "^")}
        for axes in figure.axes[2:]
    ]
    assert [len(colours) for colours in drawn] == [1, 1, 1]
    assert [colour for (colour,) in drawn] == list(lines)


def test_a_long_title_is_seen_whole(cells: Cells) -> None:
    title = "zoo: deepseek-r1-distill-qwen-1.5b with best-of-16 beats " + "qwen2.5-math-7b " * 4
    figure = draw(cells, {"made-up": Finding(title)})
    with settings():
        figure.draw_without_rendering()
        (found,) = [t for t in figure.findobj(Text) if t.get_text().startswith("zoo: deepseek")]
        assert found.get_window_extent().x1 <= figure.bbox.x1


def test_without_sizes_tokens_take_the_place_of_flops(cells: Cells) -> None:
    unsized = cells.frame.with_columns(flops=pl.lit(None, pl.Float64))
    axes = draw(Cells(unsized, cells.outcomes, cells.bins, cells.meter)).axes[0]
    assert "generated tokens" in axes.get_xlabel()


def test_the_picture_is_saved_twice_and_is_the_same_each_time(cells: Cells, tmp_path: Path) -> None:
    first = [path.read_bytes() for path in save(draw(cells), tmp_path)]
    again = [path.read_bytes() for path in save(draw(cells), tmp_path)]
    assert first == again
    assert first[0].startswith(b"\x89PNG")
    assert b"<svg" in first[1]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_labels_are_spread_in_order_and_never_overlap(wanted: list[float]) -> None:
    placed = spread(sorted(wanted), gap=0.05, top=1.0)
    assert all(b - a >= 0.05 - 1e-9 for a, b in pairwise(placed))
    assert placed[-1] <= 1.0 + 1e-9


def test_labels_with_room_stay_where_they_belong() -> None:
    assert spread([0.1, 0.5, 0.9], gap=0.05, top=1.0) == pytest.approx([0.1, 0.5, 0.9])
    assert spread([0.5, 0.5], gap=0.1, top=1.0) == pytest.approx([0.45, 0.55])
