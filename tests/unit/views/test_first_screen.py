"""What a person sees first: two plain sentences, the verdicts, a picture, where the results are."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from rich.console import Console

from tests.unit.analysis.test_sentences import AHEAD, BEHIND, GUIDED, ROW
from tests.unit.views.html.made_store import MadePolicy, MadeWorld, write_made_store
from ttsgrid.analysis.findings.comparisons import COMPARISON_SCHEMA
from ttsgrid.analysis.frontier import Frontier, analyse
from ttsgrid.analysis.statistics.thresholds import MIN_PROBLEMS
from ttsgrid.cli.frontier import main
from ttsgrid.views.tables.verdicts import MOST_ROWS, verdict_table
from ttsgrid.views.terminal.frontier import print_frontier
from ttsgrid.views.words.brief import brief, in_brief
from ttsgrid.views.words.shortening import in_text, legend, shortened

SCREEN_LINES = 24
# What a sweep says after this: a sentence on stopping early; what the store holds, where it and
# the pictures are, and how to see all tables. On 60 columns each of the latter takes two lines.
LINES_ON_STOPPING = 3
LINES_AFTER_SWEEP = {80: LINES_ON_STOPPING + 3, 60: LINES_ON_STOPPING + 2 * 3}
LINES_AFTER_COMMAND = 2


def _printed(frontier: Frontier, columns: int, *, swept: bool = False) -> str:
    out = io.StringIO()
    # The sentence on stopping early is the frontier's own, which leaves room for it.
    after = LINES_AFTER_SWEEP[columns] - LINES_ON_STOPPING if swept else LINES_AFTER_COMMAND
    console = Console(file=out, width=columns)
    print_frontier(frontier, console, every_rule=not swept, lines_after=after)
    return out.getvalue()


@pytest.mark.parametrize("columns", [80, 60])
def test_one_screen_holds_the_answer_the_verdicts_and_a_picture(
    frontier: Frontier, columns: int
) -> None:
    for swept, after in ((True, LINES_AFTER_SWEEP[columns]), (False, LINES_AFTER_COMMAND)):
        printed = _printed(frontier, columns, swept=swept)
        lines = printed.splitlines()
        assert len(lines) + after <= SCREEN_LINES, printed
        assert max(map(len, lines)) <= columns
        said = " ".join(printed.split())
        assert said.startswith("zoo: " + " ".join(in_brief(frontier, "zoo")))
        for row in verdict_table(frontier, "zoo").rows:
            assert row[3].text in said
        assert "█" in said or (swept and columns == 60)
        assert "…" not in said  # nothing is cut short


LONG_NAMES = (
    "deepseek-r1-distill-qwen-1.5b",
    "llama-3.2-3b-instruct-turbo",
    "qwen2.5-math-7b-instruct",
    "qwen2.5-72b-instruct-awq",
)


HUB_NAMES = (
    "meta-llama/Llama-3.2-3B-Instruct-abliterated-long",
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B-further-tuned",
    "Qwen/Qwen2.5-Math-7B-Instruct-abliterated-longer",
    "meta-llama/Llama-3.1-405B-Instruct-abliterated-long",
)
# No part of them tells them apart that a reader would look for.
ALIKE = (
    "someorganisation/experiment-with-a-long-name-run-seventeen-final-a",
    "someorganisation/experiment-with-a-long-name-run-seventeen-final-b",
    "someorganisation/experiment-with-a-long-name-run-eighteen-final-a",
    "another/experiment_with_a_long_name_of_one_piece_without_any_hyphens",
)


def _frontier_of(names: tuple[str, ...], folder: Path) -> Frontier:
    slips = zip(names, (0.12, 0.1, 0.08, 0.06), (1.5e5, 3e5, 7e5, 7.2e6), strict=True)
    policies = tuple(MadePolicy(name, slip, slip, int(size)) for name, slip, size in slips)
    write_made_store(folder, MadeWorld(policies=policies, num_problems=40, pool_size=4))
    return analyse(folder)


@pytest.fixture(scope="module")
def long_named(tmp_path_factory: pytest.TempPathFactory) -> Frontier:
    return _frontier_of(LONG_NAMES, tmp_path_factory.mktemp("long") / "store")


@pytest.mark.parametrize("names", [HUB_NAMES, ALIKE], ids=["hub", "alike"])
def test_one_screen_holds_the_answer_whatever_models_are_called(
    names: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    found = _frontier_of(names, tmp_path / "store")
    for columns in (80, 60):
        for swept, after in ((True, LINES_AFTER_SWEEP[columns]), (False, LINES_AFTER_COMMAND)):
            printed = _printed(found, columns, swept=swept)
            lines = printed.splitlines()
            assert len(lines) + after <= SCREEN_LINES, printed
            assert max(map(len, lines)) <= columns, printed
            rows = [line for line in lines if re.search(r" \d+\.\d vs \d", line)]
            assert len(rows) >= 2
            assert len({tuple(row.split()[:3]) for row in rows}) == len(rows)
            assert "small wins" in printed
            assert "█" in printed or swept or columns == 60
    out = io.StringIO()
    print_frontier(found, Console(file=out, width=80), every_table=True)
    assert all(name in out.getvalue().replace("\n", "") for name in names)
    short = _printed(found, 60)
    if names is HUB_NAMES:
        rows = [line for line in short.splitlines() if "vs" in line.split()]
        assert any("3B" in row for row in rows), short
        assert any("405B" in row for row in rows), short


@pytest.mark.parametrize("swept", [True, False])
def test_with_long_names_no_line_is_longer_than_the_screen(
    long_named: Frontier, swept: bool
) -> None:
    lines = _printed(long_named, 80, swept=swept).splitlines()
    assert [line for line in lines if len(line) > 80] == []
    rows = [line for line in lines if "vs" in line.split()]
    assert len(rows) == len(verdict_table(long_named, "zoo").rows) > 0
    # What tells the models apart stays: the family, and the size.
    for row in rows:
        assert re.search(r"^(deepseek-r1…1\.5b|llama-3\.2-3b|qwen2\.5-(math-7b|72b))", row), row


def test_names_that_only_numbers_can_tell_apart_are_said_in_full_once() -> None:
    names = [f"{'a' * 30}{digit}{'b' * 30}" for digit in "12"]
    short = shortened(names, 12)
    assert len(set(short.values())) == 2
    assert max(map(len, short.values())) <= 12
    said = legend(short)
    assert all(f"{short[name]} is {name}" in said for name in names)
    assert legend(shortened(LONG_NAMES, 12)) == ""
    assert in_text(f"{names[0]}'s", short) == f"{short[names[0]]}'s"


def test_of_a_hub_id_the_organisation_goes_first_and_what_was_done_to_it_stays() -> None:
    short = ["Qwen2.5-Math-7B…", "Llama-3.1-405B…long", "zoo-s"]
    assert list(shortened([*HUB_NAMES[2:], "zoo-s"], 20).values()) == short
    one = f"{HUB_NAMES[0]} (temperature=0.5)"
    assert shortened([one], 30)[one] == "Llama…3B… (temperature=0.5)"


@pytest.mark.parametrize("most", range(8, 31))
def test_shortened_names_stay_apart_and_words_stay_whole(most: int) -> None:
    names = [*LONG_NAMES, "40 problems: too few", "averylongnameofonepiece"]
    short = shortened(names, most)
    assert list(short) == names
    assert len(set(short.values())) == len(names)
    assert short["40 problems: too few"] == "40 problems: too few"
    one = shortened(names[:1], most)[names[0]]
    assert len(one) <= most
    assert one.startswith("deepseek"[: most - 1])


def test_without_colour_nothing_is_lost(
    frontier: Frontier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    out = io.StringIO()
    print_frontier(frontier, Console(file=out, width=80, force_terminal=True))
    assert not re.search("\x1b\\[(?:\\d+;)*(?:3[0-7]|38|9[0-7])", out.getvalue())
    bare = re.sub("\x1b\\[[0-9;]*m", "", out.getvalue())
    assert bare.split() == _printed(frontier, 80).split()


def test_the_command_says_where_the_results_are_and_all_prints_every_table(
    made_store: Path, frontier: Frontier, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = _printed(frontier, 80)
    assert main([str(made_store), "--out", str(tmp_path), "--all"]) == 0
    whole = capsys.readouterr().out
    for title in ("Accuracy by policy", "What to use", "Search against best-of-N"):
        assert title in whole
        assert title not in short
    assert whole.split()[:40] == short.split()[:40]
    assert whole.rstrip().endswith(f"Picture and tables: {tmp_path}")


def _brief(*changes: dict[str, Any]) -> tuple[str, str]:
    return brief(pl.DataFrame([{**ROW, **change} for change in changes], COMPARISON_SCHEMA))


def test_a_win_is_said_with_its_price_and_its_limit() -> None:
    first, second = _brief({**AHEAD, **GUIDED}, {"large": "largest", "size_ratio": 9.0})
    assert first == (
        "A small model that tries many times beats a larger one that answers once: small "
        "(best-of-N, 8 samples, the answer whose lowest step score from judge is highest) solves "
        "50 % of 200 problems, large 50 %, at 1.6 times large's compute."
    )
    assert second == (
        "The largest model, largest (50 %), is not clearly beaten: small is 0.0 points behind, "
        "which 200 problems can't tell from chance."
    )


def test_only_intervals_that_hold_for_all_decide_what_is_claimed() -> None:
    unsure = {"difference": 0.1, "low": 0.05, "high": 0.15, "low_adjusted": -0.01}
    for change in ({}, unsure):
        first, _ = _brief(change)
        assert first.startswith("No small model that tries many times clearly beats")
        assert "can't tell" in first
    assert "are clearly behind" in _brief(BEHIND, BEHIND)[0]
    assert "clearly behind" not in _brief(BEHIND, {**BEHIND, "high_adjusted": 0.01})[0]


def test_on_few_problems_nothing_is_claimed() -> None:
    for change in (AHEAD, BEHIND, {}):
        first, second = _brief({**change, "num_problems": MIN_PROBLEMS - 1})
        assert first.startswith(f"{MIN_PROBLEMS - 1} problems are too few")
        assert "beats a larger" in first
        assert "clearly" not in first + second


def test_one_model_alone_is_told_what_is_missing(frontier: Frontier) -> None:
    nothing = frontier.comparisons.clear()
    first, second = in_brief(Frontier(**{**vars(frontier), "comparisons": nothing}), "zoo")
    assert "takes two models of known sizes" in first
    assert re.match(r"Most accurate here is made-\w \(.*\) with \d+ % of 40 problems", second)


def test_no_words_of_the_workshop_in_the_answer(frontier: Frontier) -> None:
    said = " ".join(in_brief(frontier, "zoo"))
    for word in ("kept", "promised", "points on show", "dvts-", "best_of_n", "FLOPs", "adjusted"):
        assert word not in said


def test_of_many_pairs_the_first_screen_shows_one_per_larger_policy(frontier: Frontier) -> None:
    rows = [
        {**ROW, "policy": f"p{i}", "large": f"p{j}", "size_ratio": 2.0 ** (j - i)}
        for j in range(5)
        for i in range(j)
    ]
    many = frontier.comparisons.clear().vstack(pl.DataFrame(rows, COMPARISON_SCHEMA))
    moved = many.with_columns(benchmark=pl.lit("zoo"))
    table = verdict_table(Frontier(**{**vars(frontier), "comparisons": moved}), "zoo")
    assert len(table.rows) == 4 <= MOST_ROWS
    assert {row[2].text for row in table.rows} == {"p1", "p2", "p3", "p4"}
    assert "4 of 10 pairs" in table.explanation
