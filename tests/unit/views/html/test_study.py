"""The study's tables and figures on the page."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import polars as pl

from ttsgrid.analysis.findings.interaction import INTERACTION_SCHEMA
from ttsgrid.analysis.findings.prm_quality import PRM_QUALITY_SCHEMA
from ttsgrid.analysis.frontier import Frontier
from ttsgrid.analysis.judging.ability import Ability
from ttsgrid.analysis.study import STUDY_TABLES, make_study
from ttsgrid.views.html import Report
from ttsgrid.views.html.study import study_drawings
from ttsgrid.views.tables.study import study_tables
from ttsgrid.views.words.policies import search_gain_sentences
from ttsgrid.views.words.ranking import ranking_sentences


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
    assert numbers == {
        f"Table {n}" for n in (1, 2, 4, 5)
    }  # no model of the paper's, none that thinks long
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


def test_the_page_sets_tts_against_ability_where_a_file_tells_it(
    made_store: Path, frontier: Frontier
) -> None:
    prms = frontier.prm_quality["prm"].unique()
    abilities = {prm: Ability(prm, 0.7, 0.6, 0.8) for prm in prms}
    study = make_study(made_store, frontier, abilities=abilities)
    titles = [drawing.title for drawing in study_drawings(made_store, study, "zoo")]
    assert "Do abler reward models help more?" in titles
    shown = [table.title for table in study_tables(study, "zoo")]
    assert any(title.startswith("TTS performance against PRM ability") for title in shown)
    untold = study_tables(make_study(made_store, frontier), "zoo")
    assert not any("ability" in table.title for table in untold)


def test_a_benchmark_that_the_store_lacks_has_no_drawings(
    made_store: Path, frontier: Frontier
) -> None:
    assert study_drawings(made_store, make_study(made_store, frontier), "another") == ()


def _gain(low: float, high: float, **columns: object) -> dict[str, object]:
    row: dict[str, object] = {
        "benchmark": "zoo",
        "policy": "made-s",
        "other": "made-l",
        "prm": "sharp",
        "strategy": "dvts",
        "n": 16,
        "num_problems": 100,
        "added": 0.116,
        "added_other": -0.06,
        "difference": 0.176,
        "low": low,
        "high": high,
        "low_adjusted": low,
        "high_adjusted": high,
    }
    return row | columns


def _said_of(frontier: Frontier, *rows: dict[str, object]) -> str:
    gains = pl.DataFrame(rows, schema=INTERACTION_SCHEMA)
    return " ".join(search_gain_sentences(gains))


def test_the_surest_difference_between_policies_is_said_with_its_interval(
    frontier: Frontier,
) -> None:
    said = _said_of(frontier, _gain(0.04, 0.32), _gain(0.01, 0.4, n=4))
    assert "depends on the policy" in said
    assert "DVTS at N = 16 with sharp brings made-s +11.6 points and made-l −6.0" in said
    assert "17.6 on 100 problems (+4.0 to +32.0, 95 %, adjusted for all 2 comparisons)" in said
    turned = _gain(-0.32, -0.04, added=-0.06, added_other=0.116, difference=-0.176)
    assert "brings made-l +11.6 points and made-s −6.0" in _said_of(frontier, turned)


def test_no_difference_between_policies_is_claimed_that_its_interval_does_not_hold(
    frontier: Frontier,
) -> None:
    assert "can't be told here" in _said_of(frontier, _gain(-0.01, 0.3))
    assert not _said_of(frontier, _gain(0.04, 0.32, num_problems=12))
    assert not _said_of(frontier)


def test_a_prm_at_chance_within_a_problem_is_named_with_its_policies(frontier: Frontier) -> None:
    row = {"benchmark": "zoo", "prm": "dull", "num_problems": 60, "num_pairs": 900}
    bounds = {"num_unscored": 0, "pooled_area": 0.94, "pooled_area_low": 0.9}
    rows = [
        {**row, **bounds, "policy": policy, "aggregation": how, "area": area, "low": low}
        for policy, how, area, low in (
            ("made-s", "min", 0.8, 0.7),
            ("made-s", "last", 0.5, 0.4),  # one aggregation that ranks is enough
            ("made-l", "min", 0.51, 0.41),
            ("made-l", "last", 0.54, 0.44),
        )
    ]
    quality = pl.DataFrame(rows, schema=PRM_QUALITY_SCHEMA)
    (said,) = ranking_sentences(quality)
    assert "PRM dull is not shown to rank right solutions of made-l above wrong ones" in said
    assert "at best it does so in 54 % of pairs" in said
    assert "up to 94 %" in said
    few = quality.with_columns(num_problems=pl.lit(12, pl.Int64))
    assert not list(ranking_sentences(few))


def test_the_report_has_the_tables_of_ranking_and_of_search_by_policy(
    made_store: Path, frontier: Frontier
) -> None:
    study = make_study(made_store, frontier)
    titles = [table.title for table in study_tables(study, "zoo")]
    assert any(title.startswith("How well PRMs rank") for title in titles)
    assert any("study's ways to choose" in title for title in titles)
