"""The picture: what is in it, and that its labels keep apart."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.views.figures.frontier import draw, save
from ttsgrid.views.figures.labelling import spread


def test_every_policy_is_named_and_the_largest_ones_cot_is_the_reference(cells: Cells) -> None:
    axes = draw(cells).axes[0]
    texts = [text.get_text() for text in axes.texts]
    cot = cells.frame.filter(policy="large", strategy="cot", bin="all")["accuracy"].item()
    assert set(texts) == {"tiny", "small", "large", f"large with CoT: {100 * cot:.1f} %"}
    assert axes.get_xscale() == "log"
    assert "FLOPs" in axes.get_xlabel()


def test_lines_show_the_best_cell_of_each_strategy_at_each_budget(cells: Cells) -> None:
    drawn = {
        tuple(np.round(np.asarray(line.get_ydata(), float), 9))
        for line in draw(cells).axes[0].lines
    }
    frame = cells.frame.filter(bin="all")
    for policy in ("tiny", "small", "large"):
        for strategy in ("majority", "best_of_n"):
            mine = frame.filter(policy=policy, strategy=strategy)
            best = mine.group_by("n").agg(pl.col("accuracy").max()).sort("n")["accuracy"]
            assert tuple(np.round(best.to_numpy(), 9)) in drawn


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
