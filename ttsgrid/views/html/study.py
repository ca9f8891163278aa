"""The tables and figures of arXiv 2502.06703 in the report, as `ttsgrid.analysis.study` has them.

Table 3 is shown where the study printed figures for a model of the store (the report's
own tables say the rest), Table 6 where a policy thinks long in one chain.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator

from ttsgrid.analysis.study import Study
from ttsgrid.analysis.study.ability import known_ability
from ttsgrid.core.strategies import COT
from ttsgrid.store import StorePath
from ttsgrid.views.figures.panels import settings
from ttsgrid.views.figures.study import STUDY_FIGURES
from ttsgrid.views.html.view import Drawing

_WIDE, _ABILITY = ("prm-bias",), "prm-ability"
_DRAWN = {
    "strength": (
        "Does a stronger policy gain less?",
        "How many points compute-optimal TTS gains over a policy's CoT, against the accuracy of "
        "that CoT. N and strategy are the same for all problems and chosen on problems other than "
        "those they are scored on. Bars are paired 95 % intervals.",
    ),
    "prm-bias": (
        "What do the reward models' scores depend on?",
        "The first panel shows the mean score of a step against its length, in right and in wrong "
        "solutions; a PRM that judged nothing but right and wrong would have level lines. The "
        "following panels show, for each way to aggregate step scores, how often a right solution "
        "outscores a wrong one (AUC, 0.5 is chance). Filled marks compare solutions of the same "
        "problem and average over the n problems that have both kinds, with the 95 % interval over "
        "problems; only that can guide a vote or a search. Hollow marks pool the solutions of all "
        "problems, where knowing which problems are hard is enough to do well. Where steps are "
        "labelled, the last panels show how well right steps are told from wrong ones, and how "
        "well the first wrong step is found (ProcessBench's F1, threshold 0.5).",
    ),
    _ABILITY: (
        "Do abler reward models help more?",
        "Accuracy of compute-optimal TTS against how well its PRM finds first wrong steps (F1, on "
        "labelled solutions of the file that --prm-ability names). Marks grow with the PRM's "
        "parameters; bars are 95 % intervals. Dashed: a logarithm fitted to a policy's PRMs, "
        "where it has three or more, as in Figure 6 of arXiv 2502.06703.",
    ),
}


def study_drawings(store: StorePath, study: Study, benchmark: str) -> tuple[Drawing, ...]:
    """Return gain against policy strength and the PRMs' biases, where there is such a thing.

    Args:
        store: folder or URI; the biases read its step scores.
        study: from `ttsgrid.analysis.study.make_study`.
        benchmark: whose.
    """
    return tuple(
        Drawing(*_DRAWN[name], uri=_drawn(name, store, study, benchmark), wide=name in _WIDE)
        for name in _drawable(study, benchmark)
    )


def _drawable(study: Study, benchmark: str) -> Iterator[str]:
    optimal = [best for best in study.optimal if best.tts.choice.key["benchmark"] == benchmark]
    if optimal and not study.overall(COT.name).filter(benchmark=benchmark).is_empty():
        yield "strength"
    if any(best.tts.choice.key["prm"] is not None for best in optimal):
        yield "prm-bias"
    if not known_ability(study).filter(benchmark=benchmark).is_empty():
        yield _ABILITY


def _drawn(name: str, store: StorePath, study: Study, benchmark: str) -> str:
    """Return a figure as the URI of an SVG picture that holds all its data."""
    # An image and not inline SVG: matplotlib's ids repeat from figure to figure, and in one
    # document each `url(#...)` would find the first figure's.
    held = io.BytesIO()
    with settings():
        figure = STUDY_FIGURES[name](store, study, benchmark)
        figure.savefig(held, format="svg", metadata={"Date": None})
    return f"data:image/svg+xml;base64,{base64.b64encode(held.getvalue()).decode('ascii')}"
