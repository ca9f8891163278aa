"""The tables and figures of arXiv 2502.06703 in the report, as `ttsgrid.analysis.study` has them.

Table 3 is shown where the study printed figures for a model of the store (the report's
own tables say the rest), Table 6 where a policy thinks long in one chain.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator

from rich.table import Table as RichTable
from rich.text import Text

from ttsgrid.analysis.cells.outcomes import COT
from ttsgrid.analysis.study import STUDY_TABLES, Study, StudyTable
from ttsgrid.store import StorePath
from ttsgrid.views.figures.panels import settings
from ttsgrid.views.figures.study import STUDY_FIGURES
from ttsgrid.views.html.view import Drawing, Entry, Table
from ttsgrid.views.terminal.study_tables import render

_LONG_COT, _SMALL_VS_LARGE = "long-cot", "small-vs-large"
_WIDE = ("prm-bias",)
_DRAWN = {
    "strength": (
        "Does a stronger policy gain less?",
        "How many points compute-optimal TTS at the largest N gains over a policy's CoT, against "
        "what the CoT alone reaches. Strategies are chosen on other problems than they are scored "
        "on, but by difficulty from the gold answers, as in the study, which flatters them. Bars "
        "are paired 95 % intervals.",
    ),
    "prm-bias": (
        "What do the reward models' scores depend on?",
        "Left: the mean score of a step against its length, in right and in wrong solutions; a "
        "PRM that sees only right and wrong has level lines. Then how well scores tell right "
        "solutions from wrong ones (AUC), and right steps from wrong ones where steps are "
        "labelled, for each policy, with 95 % intervals over problems. 0.5 is chance.",
    ),
}


def study_tables(study: Study, benchmark: str) -> tuple[Table, ...]:
    """Return the study's tables of one benchmark that have something to say."""
    return tuple(
        found
        for name, table in STUDY_TABLES.items()
        if _wanted(name, study)
        for found in _table(name, table, study, benchmark)
    )


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


def _wanted(name: str, study: Study) -> bool:
    return name != _LONG_COT or bool(study.long_cot)


def _table(name: str, table: StudyTable, study: Study, benchmark: str) -> Iterator[Table]:
    whole = table.build(study)
    if whole.is_empty():
        return
    frame = whole.filter(benchmark=benchmark)
    if frame.is_empty() or (name == _SMALL_VS_LARGE and frame["paper"].is_null().all()):
        return
    shown = render(table, frame.drop("benchmark"))
    yield Table(
        f"As the study has it: {_lower_first(table.title)}",
        f"Table {table.number} of arXiv 2502.06703. {table.note}",
        tuple(_plain(column.header) for column in shown.columns),
        sum(column.justify == "left" for column in shown.columns),
        tuple(_rows(shown)),
    )


def _rows(shown: RichTable) -> Iterator[tuple[Entry, ...]]:
    columns = [[_plain(cell) for cell in column.cells] for column in shown.columns]
    for row in zip(*columns, strict=True):
        yield tuple(Entry(text) for text in row)


def _plain(cell: object) -> str:
    return Text.from_markup(str(cell)).plain


def _lower_first(title: str) -> str:
    return title if title[:2].isupper() or title.startswith("CoT") else title[0].lower() + title[1:]


def _drawable(study: Study, benchmark: str) -> Iterator[str]:
    optimal = [one for one in study.optimal if one.choice.key["benchmark"] == benchmark]
    if optimal and not study.overall(COT).filter(benchmark=benchmark).is_empty():
        yield "strength"
    if any(one.choice.key["prm"] is not None for one in optimal):
        yield "prm-bias"


def _drawn(name: str, store: StorePath, study: Study, benchmark: str) -> str:
    """Return a figure as the URI of an SVG picture that holds all its data."""
    held = io.BytesIO()
    with settings():
        figure = STUDY_FIGURES[name](store, study, benchmark)
        figure.savefig(held, format="svg", metadata={"Date": None})
    return f"data:image/svg+xml;base64,{base64.b64encode(held.getvalue()).decode('ascii')}"
