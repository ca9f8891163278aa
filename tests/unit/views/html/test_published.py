"""Published results in the report: drawn, listed, and never given an interval."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ttsgrid.analysis.cells.external_points import external_points
from ttsgrid.analysis.frontier import Frontier, analyse
from ttsgrid.cli.importer import main
from ttsgrid.views.html import Report, build_report, render
from ttsgrid.views.html.published import published_points
from ttsgrid.views.html.view import Published

CSV = """benchmark,policy,strategy,n,accuracy
zoo,theirs,majority,1,0.2
zoo,theirs,majority,4,0.4
zoo,theirs,best_of_n,4,0.35
"""


@pytest.fixture
def points(tmp_path: Path) -> Path:
    file = tmp_path / "points.csv"
    file.write_text(CSV)
    assert main(["points", str(tmp_path / "store"), str(file)]) == 0
    return tmp_path / "store"


def _published(report: Report, benchmark: str) -> Published:
    section = next(s for s in report.sections if s.name == benchmark)
    assert section.published is not None
    return section.published


def test_a_store_of_published_points_alone_makes_a_page(points: Path) -> None:
    report = build_report(points, analyse(points))
    (section,) = report.sections
    assert section.picture is None
    assert "2 are on the frontier" in section.brief[0]
    assert [fact.number for fact in report.facts] == ["3"]
    assert report.run_sentences == ("Nothing ran here: the store holds published results.",)
    assert "no interval can be given" in render(report)


def test_published_points_stand_beside_the_stores_own_cells(
    points: Path, made_store: Path, frontier: Frontier
) -> None:
    mixed = replace(frontier, external=external_points(points))
    (section,) = build_report(made_store, mixed).sections
    assert section.picture is not None
    assert section.published is not None
    assert "theirs" not in {mark.option.value for mark in section.picture.policies}
    drawn = section.published.picture.points.columns
    assert sorted(map(str, drawn["accuracy"])) == ["0.2", "0.35", "0.4"]
    assert set(drawn["low"]) == {None}


def test_a_benchmark_without_published_points_has_none(frontier: Frontier) -> None:
    assert published_points(frontier.external, "zoo") is None


def test_recorded_frontiers_are_drawn(shared_data: Path, tmp_path: Path) -> None:
    recorded, store = shared_data / "recorded", str(tmp_path / "store")
    ovm = ["points", store, str(recorded / "ovm_gsm8k_frontier.csv"), "--layout=ovm_frontier"]
    optscale = [
        *("points", store, str(recorded / "optscale_frontier.csv")),
        *("--layout=optscale_frontier", "--policy=unnamed"),
    ]
    assert main(ovm) == main(optscale) == 0
    report = build_report(store, analyse(store))
    assert len(report.sections) == 6
    assert report.benchmarks == "6 benchmarks"
    beams = _published(report, "gsm8k_test_1319").table.rows
    best = next(r for r in beams if (r[1].text, r[3].text) == ("beam search", "beam=50"))
    assert best[5].text == "73.7"
    assert best[5].note  # the range of its seeds
    assert _published(report, "MATH500").picture.measures[0].value == "policy_generated_tokens"


def test_the_report_says_whether_small_beats_large_on_real_recorded_runs(
    shared_data: Path, tmp_path: Path
) -> None:
    recorded, store = shared_data / "recorded", str(tmp_path / "store")
    common = ["--benchmark=math500", "--temperature=0.7"]
    small = [
        *("samples", store, str(recorded / "crucible_math500_qwen1.5b_skywork1.5b_seed0.json")),
        *("--layout=crucible", *common, "--policy=qwen2.5-1.5b", "--policy-parameters=1.54e9"),
        *("--prm=skywork-1.5b", "--prm-parameters=1.54e9"),
    ]
    large = [
        *("samples", store, str(recorded / "crucible_math500_qwen7b_pass1.json")),
        *("--layout=crucible_steps", *common),
        *("--policy=qwen2.5-7b", "--policy-parameters=7.6e9"),
    ]
    assert main(small) == main(large) == 0
    report = build_report(store, analyse(store))
    assert "How long that took is not recorded" in report.run_sentences[1]
    (section,) = report.sections
    said = section.answer[0].paragraphs[0]
    assert "No smaller policy" in said
    assert "the PRM's counted" in said
    assert "and beats" not in said
    comparison = next(t for t in section.tables if t.title.startswith("Small"))
    assert [row[2].text for row in comparison.rows] == ["can't tell"]
    assert section.picture is not None
    assert section.picture.reference is not None
    assert section.picture.reference.label == "qwen2.5-7b with one sample: 67.5 %"
