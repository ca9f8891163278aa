"""What the report says: tables and sentences that go no further than the intervals."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from tests.unit.views.html.conftest import own_picture
from tests.unit.views.html.made_store import MadePolicy, MadeWorld, write_made_store
from ttsgrid.analysis.frontier import Frontier, analyse
from ttsgrid.views.html import Report, build_report
from ttsgrid.views.html.runs import busy_seconds, run_tables, units_by_kind
from ttsgrid.views.tables.comparisons import comparison_table
from ttsgrid.views.tables.table import Table
from ttsgrid.views.tables.verdicts import verdict_table
from ttsgrid.views.words.answer import Topic, answer
from ttsgrid.views.words.brief import in_brief
from ttsgrid.views.words.headline import headline_of, headline_paragraphs
from ttsgrid.views.words.numbers import duration


def _table(report: Report, title: str) -> Table:
    return next(t for t in report.sections[0].tables if t.title.startswith(title))


def _paragraphs(topics: tuple[Topic, ...]) -> tuple[str, ...]:
    return tuple(paragraph for topic in topics for paragraph in topic.paragraphs)


def _answer(report: Report) -> str:
    return " ".join(_paragraphs(report.sections[0].answer))


def test_the_page_begins_with_two_sentences_then_the_verdicts(
    report: Report, frontier: Frontier
) -> None:
    section = report.sections[0]
    assert section.brief == in_brief(frontier, "zoo")
    assert section.verdicts == verdict_table(frontier, "zoo")


def test_the_details_begin_with_the_headline(report: Report, frontier: Frontier) -> None:
    paragraphs = headline_paragraphs(frontier, "zoo")
    assert report.sections[0].answer[0].paragraphs[: len(paragraphs)] == paragraphs
    assert " ".join(paragraphs) == headline_of(frontier, "zoo")


def test_the_question_names_every_policy(report: Report) -> None:
    for policy in ("made-s", "made-m", "made-l"):
        assert policy in report.sections[0].question


def test_every_figure_in_the_accuracy_table_is_a_cells(report: Report, frontier: Frontier) -> None:
    table = _table(report, "Accuracy")
    row = next(r for r in table.rows if (r[0].text, r[1].text) == ("made-l", "CoT (greedy)"))
    cell = frontier.cells.frame.filter(policy="made-l", strategy="cot", bin="all")
    low, high = cell["low"].item(), cell["high"].item()
    assert row[2].text == f"{100 * cell['accuracy'].item():.1f}"
    assert row[2].note == f"{100 * low:.0f}–{100 * high:.0f}"
    assert row[3].text == "–"  # CoT has no N but 1


def test_every_row_is_as_long_as_its_headings(report: Report) -> None:
    for table in (*report.sections[0].tables, *report.runs):
        assert table.rows
        assert {len(row) for row in table.rows} == {len(table.headings)}


def test_what_is_kept_stands_beside_what_is_promised(report: Report, frontier: Frontier) -> None:
    point = frontier.optimism.filter(policy="made-s", prm="judge", n=16).row(0, named=True)
    rows = _table(report, "The compute-optimal").rows
    row = next(r for r in rows if [e.text for e in r[:3]] == ["made-s", "judge", "16"])
    assert row[3].text == f"{100 * point['accuracy']:.1f}"
    assert row[4].text == f"{100 * point['accuracy_one_for_all']:.1f}"
    assert row[6].text == f"{100 * point['accuracy_in_sample']:.1f}"


def test_every_recommendation_is_in_a_table(report: Report, frontier: Frontier) -> None:
    rows = _table(report, "What to use").rows
    assert len(rows) == sum(len(one.rules) for one in frontier.recommendations)
    advice = next(o for o in frontier.recommendations if (o.policy, o.prm) == ("made-l", "judge"))
    mine = [row for row in rows if (row[0].text, row[1].text) == ("made-l", "judge")]
    expected = [f"{100 * rule.accuracy:.1f}" for rule in advice.rules]
    assert [row[5].text for row in mine] == expected


def test_how_well_difficulty_is_predicted_is_said_for_each_prm(report: Report) -> None:
    rows = _table(report, "How well difficulty").rows
    assert [row[1].text for row in rows if row[0].text == "made-s"] == ["–", "critic", "judge"]
    assert all(row[3].note for row in rows)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.01, 0.2, "small wins"), (-0.01, 0.2, "can't tell"), (-0.2, -0.01, "large wins")],
)
def test_only_the_adjusted_interval_decides_a_verdict(
    frontier: Frontier, low: float, high: float, verdict: str
) -> None:
    moved = frontier.comparisons.with_columns(
        low=pl.lit(0.1), high=pl.lit(0.2), low_adjusted=pl.lit(low), high_adjusted=pl.lit(high)
    )
    table = comparison_table(replace(frontier, comparisons=moved), "zoo")
    assert {row[2].text for row in table.rows} == {verdict}


def test_gains_are_paired_and_carry_intervals(report: Report) -> None:
    gains = next(
        p for p in _paragraphs(report.sections[0].answer) if p.startswith("A majority vote")
    )
    span = r"[+−]\d+\.\d to [+−]\d+\.\d"
    assert len(re.findall(rf"[+−]\d+\.\d points for made-[sml] at N = 16 \({span}\)", gains)) == 3


def test_the_answer_says_what_was_chosen_where(report: Report) -> None:
    assert "on problems other than those it is scored on" in _answer(report)
    assert "hints at what to try" in _answer(report)
    assert re.search(r"the best of 2 PRMs", _answer(report))


def _one_choice(frontier: Frontier) -> Frontier:
    """The frontier as it is where every policy has a single cell at each N."""
    return replace(
        frontier,
        optimism=frontier.optimism.with_columns(num_candidates=pl.lit(1)),
        best=frontier.best.with_columns(num_candidates=pl.lit(1)),
    )


def test_where_nothing_could_be_chosen_no_choice_is_praised(frontier: Frontier) -> None:
    said = " ".join(_paragraphs(answer(_one_choice(frontier), "zoo")))
    assert "Choosing a strategy" not in said
    assert "Most accurate at the largest N" not in said


def test_hindsight_is_said_of_the_rows_that_are_named(frontier: Frontier) -> None:
    """Not of a smaller N or of a worse PRM, whose figure may be far off theirs."""
    named = pl.col("n") == pl.col("n").max()
    overstated = pl.when(named).then(0.031).otherwise(0.9).alias("optimism")
    changed = frontier.optimism.with_columns(overstated)
    said = " ".join(_paragraphs(answer(replace(frontier, optimism=changed), "zoo")))
    assert "it would look up to 3.1 points better" in said


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (-0.01, 0.03, "(−1.0 to +3.0)"),
        (0.01, 0.03, "(+1.0 to +3.0)"),
        (0.0, 0.0, "0.0 points for made-s (the same strategy throughout)"),
    ],
)
def test_choosing_by_difficulty_stands_against_one_strategy_for_all(
    frontier: Frontier, low: float, high: float, said: str
) -> None:
    changed = frontier.optimism.with_columns(gain_low=pl.lit(low), gain_high=pl.lit(high))
    paragraphs = _paragraphs(answer(replace(frontier, optimism=changed), "zoo"))
    found = next(p for p in paragraphs if p.startswith("Compared with one strategy"))
    assert said in found
    assert ("not shown to pay" in found) == (low <= 0)


def test_policies_that_were_only_sampled_gain_over_one_sample(frontier: Frontier) -> None:
    sampled = frontier.cells.frame.filter(pl.col("strategy") != "cot")
    cells = replace(frontier.cells, frame=sampled)
    said = " ".join(_paragraphs(answer(replace(frontier, cells=cells), "zoo")))
    assert "A majority vote over N solutions, compared with one sample, changes accuracy by" in said


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "store"
    write_made_store(path, MadeWorld(num_problems=8, pool_size=4))
    return path


def test_too_few_problems_are_said_to_be_too_few(small: Path, report: Report) -> None:
    frontier = analyse(small)
    assert any("too few" in paragraph for paragraph in _paragraphs(answer(frontier, "zoo")))
    assert "beats" not in " ".join(_paragraphs(answer(frontier, "zoo")))
    assert "too few" not in _answer(report)


def test_every_table_lists_the_smallest_policy_first(report: Report) -> None:
    found = []
    for table in (*report.sections[0].tables, *report.runs):
        if "policy" in table.headings[:2]:
            at = table.headings.index("policy")
            # Behind another column, within its first group.
            rows = [row for row in table.rows if at == 0 or row[0].text == table.rows[0][0].text]
            found.append(list(dict.fromkeys(row[at].text for row in rows)))
    order = ["made-s", "made-m", "made-l"]
    assert len(found) > 8
    assert all(names == [name for name in order if name in names] for names in found)


def test_one_policy_of_unknown_size_and_no_prm_still_make_a_report(tmp_path: Path) -> None:
    alone = MadeWorld(
        policies=(MadePolicy("alone", 0.1, 0.1, None),), prms=(), num_problems=6, pool_size=4
    )
    write_made_store(tmp_path / "store", alone)
    report = build_report(tmp_path / "store", analyse(tmp_path / "store"))
    assert _answer(report).startswith("There is nothing to compare")
    assert "With which strategy does alone solve most" in report.sections[0].question
    assert own_picture(report).measures[0].value == "policy_generated_tokens"
    assert not any(table.title.startswith("Small") for table in report.sections[0].tables)


def test_failed_units_are_counted_and_never_hidden(report: Report) -> None:
    failures = next(s for s in report.sureness if s.startswith("Failures"))
    assert "1 unit failed" in failures
    work = next(t for t in report.runs if t.title.startswith("Work"))
    row = next(r for r in work.rows if (r[0].text, r[1].text) == ("sampling", "made-s"))
    assert row[4].text == "1"


def test_workers_of_one_place_are_one_row(made_store: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(made_store, store)
    for i, file in enumerate(sorted((store / "units").glob("*.parquet"))):
        worker = f'{{"host":"node-7","process":"{i % 2}","vllm":"0.0"}}'
        pl.read_parquet(file).with_columns(provenance=pl.lit(worker)).write_parquet(file)
    tables = run_tables(store, units_by_kind(store))
    (row,) = next(t for t in tables if t.title.startswith("Hosts")).rows
    assert [entry.text for entry in row[:3]] == ["node-7", "vllm 0.0", "2"]


def test_the_cost_names_hosts_versions_and_tokens(report: Report, made_store: Path) -> None:
    places = next(t for t in report.runs if t.title.startswith("Hosts"))
    assert places.rows[0][0].text == "node-7"
    assert "vllm 0.0" in places.rows[0][1].text
    assert places.rows[0][4].text == duration(busy_seconds(made_store))
    assert report.run_sentences[0].startswith("One run between")
    models = next(t for t in report.runs if t.title == "Models")
    assert {row[0].text for row in models.rows} == {
        "made-s",
        "made-m",
        "made-l",
        "judge",
        "critic",
    }
