"""The study's figures: what is drawn is what the cells say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

from tests.unit.analysis.study.conftest import SEARCHED, WORLD
from ttsgrid.analysis.study.summary import Study
from ttsgrid.cli.frontier import main
from ttsgrid.views.figures.accuracy import draw_accuracy, draw_difficulty
from ttsgrid.views.figures.panels import percent_ticks
from ttsgrid.views.figures.strength import draw_strength
from ttsgrid.views.figures.study import STUDY_FIGURES, write_figures
from ttsgrid.views.palette import COLOURS, colour_of

NUM_POLICIES, NUM_PRMS = len(WORLD.policies), len(WORLD.prms)


def _heights(panel: Axes) -> set[tuple[float, ...]]:
    return {tuple(np.round(np.asarray(line.get_ydata(), float), 9)) for line in panel.lines}


def test_accuracy_has_a_panel_a_policy_and_prm_and_a_line_a_strategy_and_vote(
    study: Study,
) -> None:
    figure = draw_accuracy(study, "math500")
    assert len(figure.axes) == NUM_POLICIES * NUM_PRMS
    assert figure.axes[0].get_title() == "qwen2.5-1.5b"
    frame = study.cells.frame.filter(bin="all", policy="qwen2.5-1.5b", prm="dull")
    for vote in ("max", "weighted"):
        rows = frame.filter(strategy="best_of_n", vote=vote)
        best = rows.group_by("n").agg(pl.col("accuracy").max()).sort("n")["accuracy"]
        assert tuple(np.round(best.to_numpy(), 9)) in _heights(figure.axes[0])


def test_difficulty_has_a_row_a_bin_and_says_how_many_problems(study: Study) -> None:
    figure = draw_difficulty(study, "math500")
    assert len(figure.axes) == 3 * NUM_POLICIES
    said = [int(text.get_text().split()[0]) for panel in figure.axes for text in panel.texts]
    assert sum(said) == NUM_POLICIES * SEARCHED


def test_no_tick_is_rounded_to_a_percentage_that_it_is_not() -> None:
    axes = Figure().subplots()
    for low in (0.5, 0.7, 0.82, 0.9):
        axes.set_ylim(low, 1.0)
        percent_ticks(axes.yaxis)
        shown = [tick for tick in axes.get_yticks() if low <= tick <= 1]
        assert len(shown) > 2
        assert [round(tick, 2) for tick in shown] == pytest.approx(shown)


def _error_bars(axes: Axes) -> list[ErrorbarContainer]:
    return [found for found in axes.containers if isinstance(found, ErrorbarContainer)]


def test_strength_draws_every_gain_over_cot(study: Study) -> None:
    axes = draw_strength(study, "math500").axes[0]
    drawn = np.concatenate(
        [np.array(bars.lines[0].get_ydata(), np.float64) for bars in _error_bars(axes)]
    )
    expected = [
        100 * (o.point["accuracy"] - cot["accuracy"])
        for o in study.optimal
        if (cot := study.cot("math500", o.point["policy"])) is not None
    ]
    np.testing.assert_allclose(np.sort(drawn), np.sort(expected))
    assert {text.get_text() for text in axes.texts} == {policy.name for policy in WORLD.policies}


def test_variants_of_a_search_have_colours_of_their_own() -> None:
    names = ["beam (preset=paper)", "beam (preset=search_and_learn)", "majority"]
    colours = {colour_of(name, names) for name in names}
    assert len(colours) == 3
    assert colour_of("majority", names) == COLOURS["graphite"]


@pytest.mark.parametrize("name", STUDY_FIGURES)
def test_a_figure_is_written_as_png_and_svg_and_is_the_same_each_time(
    path: Path, study: Study, name: str, tmp_path: Path
) -> None:
    first = [file.read_bytes() for file in write_figures(path, study, name, tmp_path)]
    again = [file.read_bytes() for file in write_figures(path, study, name, tmp_path)]
    assert first == again
    assert first[0].startswith(b"\x89PNG")
    assert b"<svg" in first[1]


def test_one_command_makes_one_figure(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(path), "--figure", "strength", "--out", str(tmp_path)]) == 0
    assert {file.name for file in tmp_path.iterdir()} == {
        "strength-math500.png",
        "strength-math500.svg",
        "made_with.json",
    }
    assert "strength-math500.png" in capsys.readouterr().out
