"""The study's figures by name, and how they reach a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from matplotlib.figure import Figure

from ttsgrid.analysis.study.prm_bias import measure_prm_bias
from ttsgrid.analysis.study.summary import Study
from ttsgrid.store import StorePath
from ttsgrid.views.figures.ability import draw_ability
from ttsgrid.views.figures.accuracy import draw_accuracy, draw_difficulty
from ttsgrid.views.figures.panels import settings
from ttsgrid.views.figures.prm_bias import draw_prm_bias
from ttsgrid.views.figures.strength import draw_strength

DPI = 170
DrawFigure = Callable[[StorePath, Study, str], Figure]
"""A store, what the study sees in it and a benchmark, to a figure."""


def _accuracy(store: StorePath, study: Study, benchmark: str) -> Figure:
    return draw_accuracy(study, benchmark)


def _difficulty(store: StorePath, study: Study, benchmark: str) -> Figure:
    return draw_difficulty(study, benchmark)


def _strength(store: StorePath, study: Study, benchmark: str) -> Figure:
    return draw_strength(study, benchmark)


def _prm_bias(store: StorePath, study: Study, benchmark: str) -> Figure:
    quality = study.frontier.prm_quality.filter(benchmark=benchmark)
    bias = measure_prm_bias(store, benchmark)
    return draw_prm_bias(bias, quality, benchmark, study.cells.sizes)


def _prm_ability(store: StorePath, study: Study, benchmark: str) -> Figure:
    return draw_ability(study, benchmark)


STUDY_FIGURES: Mapping[str, DrawFigure] = {
    "accuracy": _accuracy,
    "difficulty": _difficulty,
    "strength": _strength,
    "prm-bias": _prm_bias,
    "prm-ability": _prm_ability,
}


def write_figures(store: StorePath, study: Study, name: str, folder: Path) -> list[Path]:
    """Draw one figure of each benchmark; write it as PNG and SVG and return the paths.

    Args:
        store: folder or URI.
        study: of that store.
        name: of `STUDY_FIGURES`.
        folder: exists; files of the same names are replaced.
    """
    written: list[Path] = []
    for benchmark in study.cells.frame["benchmark"].unique().sort():
        with settings():
            figure = STUDY_FIGURES[name](store, study, benchmark)
            paths = [folder / f"{name}-{benchmark}.{kind}" for kind in ("png", "svg")]
            figure.savefig(paths[0], dpi=DPI, metadata={"Software": None})
            figure.savefig(paths[1], metadata={"Date": None})
        written.extend(paths)
    return written
