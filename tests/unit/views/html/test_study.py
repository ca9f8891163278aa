"""The study's tables and figures on the page."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

from ttsgrid.analysis.frontier import Frontier
from ttsgrid.analysis.study import STUDY_TABLES, make_study
from ttsgrid.views.html import Report
from ttsgrid.views.html.study import study_drawings
from ttsgrid.views.tables.study import study_tables


def test_the_study_tables_have_the_frames_rows(made_store: Path, frontier: Frontier) -> None:
    study = make_study(made_store, frontier)
    table = next(t for t in study_tables(study, "zoo") if "Table 5" in t.explanation)
    frame = STUDY_TABLES["cot-majority-optimal"].build(study)
    assert len(table.rows) == len(frame) == 9
    assert [row[0].text for row in table.rows] == frame["policy"].to_list()
    cot = table.headings.index("CoT")
    assert table.rows[0][cot].text == f"{100 * frame['cot'][0]:.1f}"


def test_only_tables_with_something_to_say_are_shown(made_store: Path, frontier: Frontier) -> None:
    study = make_study(made_store, frontier)
    explained = [t.explanation for t in study_tables(study, "zoo")]
    numbers = {said.split(" of ")[0] for said in explained if said.startswith("Table")}
    assert numbers == {"Table 4", "Table 5"}  # no model of the paper's, none that thinks long
    thinking = replace(study, long_cot=frozenset({"made-l"}))
    assert any("Table 6" in t.explanation for t in study_tables(thinking, "zoo"))


def test_the_drawings_are_whole_svg_pictures(report: Report) -> None:
    drawings = report.sections[0].drawings
    assert [d.title for d in drawings] == [
        "Does a stronger policy gain less?",
        "What do the reward models' scores depend on?",
    ]
    for drawing in drawings:
        svg = base64.b64decode(drawing.uri.split(",", 1)[1]).decode("utf-8")
        assert "</svg>" in svg
        assert "made-l" in svg


def test_a_benchmark_that_the_store_lacks_has_no_drawings(
    made_store: Path, frontier: Frontier
) -> None:
    assert study_drawings(made_store, make_study(made_store, frontier), "another") == ()
