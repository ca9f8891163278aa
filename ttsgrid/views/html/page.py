"""One file from many: templates, style, script, library and data become a page.

The page is self-contained and says so to the browser: its content security policy
allows no connection to anywhere, so what works here works offline. Everything that
comes from the store is escaped by Jinja, its control characters spelled out; only the
page's own files, Vega and the fragments of `ttsgrid.views.trace`, which does both for
itself, go in as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ttsgrid import __version__
from ttsgrid.analysis.frontier import Frontier
from ttsgrid.analysis.judging.ability import Ability
from ttsgrid.store import StorePath
from ttsgrid.views.html.build import build_report
from ttsgrid.views.html.chart import POINTS, library, overview, strategy_chart
from ttsgrid.views.html.labels import REFERENCE
from ttsgrid.views.html.view import Picture, Report
from ttsgrid.views.tables.table import Table
from ttsgrid.views.words.control import visible

_TEMPLATES = "templates"
# Browsers break lines at any space, so between 3.2 and its `points`, or in `N = 4`, too.
_BEFORE_UNIT = re.compile(
    r"(?<=\d) (?=%|points|[kMGTPE]\b|min\b|s\b|h\b)|(?<= [kMGTPE]) (?=tokens)"
    r"|(?<=N) (?==)|(?<=N =) "
)
# Nor does `zoo-m` read well on two lines; a name too long for a phone's line must break.
_SHORT_NAME = re.compile(r"(?<![\w.-])(?=[\w.-]{3,14}(?:[^\w.-]|$))\w[\w.]*(?:-[\w.]*\w)+(?:'s)?")
MOST_CHARACTERS = 34
"""Of a row's names in the answer's table, from which on it takes two lines per row: on a phone
one line holds `zoo-s`, `best-of-64`, `zoo-m` and `small wins`, and hardly more."""


def write_report(
    store: StorePath,
    frontier: Frontier,
    path: Path,
    abilities: Mapping[str, Ability] | None = None,
    settings: str = "",
) -> Path:
    """Write the page of a store; return its path.

    Args:
        store: folder or URI.
        frontier: what `ttsgrid.analysis.analyse` found in that store.
        path: the file to write; its folder is made where it is missing.
        abilities: of the PRMs, by name (`ttsgrid.analysis.judging.ability`).
        settings: what it was made with, for who makes it again (`ttsgrid.views.files.made_with`).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    page = render(build_report(store, frontier, abilities), settings)
    path.write_text(page, encoding="utf-8")
    return path


def render(report: Report, settings: str = "") -> str:
    """Return the page as HTML; it needs nothing else to be read."""
    return (
        _templates()
        .get_template("page.html.jinja")
        .render(
            report=report,
            version=__version__,
            settings=settings,
            data_of=_picture_data,
            style=_own_file("style.css"),
            script=_own_file("picture.js") + _own_file("tables.js"),
            library=Markup(library()),
        )
    )


def render_table(table: Table, name: str) -> str:
    """Return one table as HTML, as the page has it; `name` is the start of its ids."""
    parts = _templates().get_template("parts.html.jinja").module
    return str(parts.table(table, name))  # type: ignore[attr-defined]


def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("ttsgrid.views.html", _TEMPLATES),
        autoescape=True,
        finalize=_visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["prose"], environment.filters["unbroken"] = prose, unbroken
    environment.tests["wide"] = is_wide
    return environment


def is_wide(table: Table) -> bool:
    """Whether the names of the answer's table would push its verdicts off a phone's screen."""
    names = (row[: table.num_text_columns] for row in table.rows)
    return any(sum(len(entry.text) for entry in row) > MOST_CHARACTERS for row in names)


def prose(text: str) -> Markup:
    """Return a text as HTML in which lines break only where a reader wants them to."""
    plain, pieces, start = unbroken(visible(text)), Markup(), 0
    for name in _SHORT_NAME.finditer(plain):
        pieces += plain[start : name.start()]
        pieces += Markup('<span class="name">{}</span>').format(name[0])
        start = name.end()
    return pieces + plain[start:]


def unbroken(text: str) -> str:
    """Return the text with spaces that keep numbers, their units and `N = 4` on one line."""
    return _BEFORE_UNIT.sub("\N{NO-BREAK SPACE}", text)


def _visible(value: Any) -> Any:  # noqa: ANN401 - whatever a template prints
    """Spell out the control characters of all texts in plain data; markup stays as it is.

    A policy's name is both a checkbox's value and data of the picture: they must stay equal,
    so both come through here.
    """
    if isinstance(value, Markup):
        return value
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {_visible(key): _visible(item) for key, item in value.items()}
    return [_visible(item) for item in value] if isinstance(value, list | tuple) else value


def _picture_data(picture: Picture) -> dict[str, Any]:
    """What the script needs to draw one picture."""
    data: dict[str, Any] = {
        "overview": overview(picture),
        "strategies": strategy_chart(picture),
        "datasets": {
            POINTS: picture.points.columns,
            REFERENCE: [asdict(picture.reference)] if picture.reference else [],
        },
    }
    return {key: _visible(value) for key, value in data.items()}


def _own_file(name: str) -> Markup:
    file = resources.files("ttsgrid.views.html") / _TEMPLATES / name
    return Markup(file.read_text(encoding="utf-8"))
