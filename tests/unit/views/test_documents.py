"""The figures in README and model card come from one committed summary, and it holds."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from ttsgrid.analysis.frontier import analyse
from ttsgrid.cli.documents import BENCHMARK, DOCUMENTS, ROOT, SUMMARY, write_documents
from ttsgrid.views.files.documents import BLOCKS, with_figures
from ttsgrid.views.files.summary import Summary, read_summary, summarise, write_summary

CELL = ["policy", "strategy", "n"]
FRESH = ROOT / "results" / "zoo"


@pytest.fixture(scope="module")
def summary() -> Summary:
    return read_summary(ROOT / SUMMARY)


def test_the_documents_hold_what_the_summary_says(tmp_path: Path) -> None:
    for name in (SUMMARY, *DOCUMENTS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    write_documents(tmp_path)
    for document in DOCUMENTS:
        assert (tmp_path / document).read_text("utf-8") == (ROOT / document).read_text("utf-8")


def test_every_block_stands_in_a_document(summary: Summary) -> None:
    together = "".join((ROOT / document).read_text("utf-8") for document in DOCUMENTS)
    assert all(f"<!-- figures:{name} -->" in together for name in BLOCKS)


def test_a_figure_changed_by_hand_is_written_over(summary: Summary) -> None:
    block = "before\n<!-- figures:accuracy -->\n99.9 %\n<!-- end -->\nafter\n"
    written = with_figures(block, summary)
    assert "99.9 %" not in written
    assert written.startswith("before\n")
    assert written.endswith("<!-- end -->\nafter\n")


def test_a_summary_is_read_as_it_was_written(summary: Summary, tmp_path: Path) -> None:
    write_summary(summary, tmp_path / "again.json")
    again = read_summary(tmp_path / "again.json")
    assert again.accuracy.equals(summary.accuracy)
    assert again.comparisons.equals(summary.comparisons)
    assert (tmp_path / "again.json").read_text() == (ROOT / SUMMARY).read_text()


def test_a_fresh_default_sweep_agrees_with_the_summary_within_its_intervals(
    summary: Summary,
) -> None:
    if not FRESH.is_dir():
        pytest.skip(f"needs a default sweep in {FRESH.name}, which `make sweep` makes")
    fresh = summarise(analyse(FRESH), BENCHMARK)
    # A store of another grid, or of fewer problems, is no default sweep.
    if set(fresh.accuracy["num_problems"]) != set(summary.accuracy["num_problems"]):
        pytest.skip(f"{FRESH.name} holds another sweep than the default one")
    both = summary.accuracy.join(fresh.accuracy, on=CELL, suffix="_fresh")
    assert len(both) == len(summary.accuracy)
    outside = both.filter(~pl.col("accuracy_fresh").is_between("low", "high"))
    assert outside.is_empty(), outside
    ranks = ["policy", "prm", "aggregation"]
    ranked = summary.prm_quality.join(fresh.prm_quality, on=ranks, suffix="_fresh")
    assert len(ranked) == len(summary.prm_quality)
    apart = (pl.col("low") > pl.col("high_fresh")) | (pl.col("low_fresh") > pl.col("high"))
    assert ranked.filter(apart).is_empty()


def test_both_prms_rank_the_smallest_policys_solutions_well_within_a_problem(
    summary: Summary,
) -> None:
    rows = summary.prm_quality.filter(policy=summary.policies[0], aggregation="prod")
    assert len(rows) == 2
    assert rows["area"].to_numpy().min() > 0.8
