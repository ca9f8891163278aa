"""An analysis with other settings never takes an earlier one's place unsaid."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from tests.unit.analysis.synthetic import World, write_store
from tests.unit.store.test_export import exported, world_store
from ttsgrid.cli.frontier import main
from ttsgrid.cli.report import main as report
from ttsgrid.views.files.made_with import RECORD, MadeWith, keep_earlier, note_settings

__all__ = ["exported", "world_store"]
USUAL, FEWER = MadeWith(budgets=[1, 4, 16], is_usual=False), MadeWith({"budgets": [4]})


def write(folder: Path, name: str, text: str, made: MadeWith) -> str | None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return note_settings(folder, made, [folder / name])


def test_files_of_other_settings_are_moved_and_others_left_alone(tmp_path: Path) -> None:
    write(tmp_path, "cells.csv", "all", USUAL)
    write(tmp_path, "frontier.png", "picture", USUAL)
    (tmp_path / "mine.txt").write_text("notes")
    said = keep_earlier(tmp_path, FEWER)
    assert said is not None
    assert "made with budgets=[1, 4, 16]" in said
    (aside,) = tmp_path.glob("earlier-*")
    assert str(aside) in said
    assert {path.name for path in aside.iterdir()} == {"cells.csv", "frontier.png", RECORD}
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["mine.txt"]


def test_the_same_settings_move_nothing(tmp_path: Path) -> None:
    assert keep_earlier(tmp_path / "new", USUAL) is None
    write(tmp_path, "cells.csv", "all", USUAL)
    assert keep_earlier(tmp_path, USUAL) is None
    assert (tmp_path / "cells.csv").read_text() == "all"


@pytest.mark.parametrize(
    ("before", "after", "is_kept"),
    [
        (MadeWith(budgets=[1, 4]), MadeWith(budgets=[1, 4, 16]), False),
        (MadeWith(budgets=[1, 4]), MadeWith(budgets=[1]), False),  # a pool of one problem lags
        (MadeWith(budgets=[1, 4], is_usual=False), MadeWith(budgets=[1, 4, 16]), False),
        (MadeWith(budgets=[2, 8], is_usual=False), MadeWith(budgets=[1, 4, 16]), True),
        (USUAL, replace(USUAL, budgets=[1, 4, 16, 64]), False),
        (USUAL, replace(USUAL, budgets=[1, 4]), True),
        (MadeWith(budgets=[1, 4]), MadeWith({"rules": ["asc"]}, budgets=[1, 4]), True),
    ],
)
def test_an_analysis_is_kept_aside_unless_the_next_says_all_of_it(
    before: MadeWith, after: MadeWith, is_kept: bool, tmp_path: Path
) -> None:
    write(tmp_path, "cells.csv", "all", replace(before, num_units=1000))
    said = keep_earlier(tmp_path, replace(after, num_units=2200))
    assert said is not None
    assert ("is kept in" in said) == is_kept
    assert (tmp_path / "cells.csv").exists() != is_kept
    assert is_kept or said.startswith("The store holds 1,200 units more than when")


def test_files_of_an_earlier_state_of_the_store_are_named(tmp_path: Path) -> None:
    assert write(tmp_path, "cells.csv", "all", replace(USUAL, num_units=10)) is None
    grown = replace(USUAL, num_units=11)
    said = write(tmp_path, "votes.csv", "one", grown)
    assert said == f"1 file in {tmp_path} shows an earlier state of the store: cells.csv"
    assert write(tmp_path, "cells.csv", "all", grown) is None


def test_a_record_names_no_file_outside_its_folder(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("kept")
    folder = tmp_path / "frontier"
    write(folder, "cells.csv", "all", USUAL)
    record = (folder / RECORD).read_text().replace("cells.csv", "../kept.txt")
    (folder / RECORD).write_text(record)
    keep_earlier(folder, FEWER)
    assert (tmp_path / "kept.txt").read_text() == "kept"


def test_the_frontier_command_keeps_an_analysis_with_other_budgets(
    world_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "out")]
    assert main([str(world_store), *out]) == 0
    assert main([str(world_store), *out]) == 0
    second = (tmp_path / "out" / "cells.csv").read_text()
    assert "is kept in" not in capsys.readouterr().out
    assert main([str(world_store), *out, "--budgets", "4"]) == 0
    assert "An analysis made with the usual settings lay in" in capsys.readouterr().out
    (aside,) = (tmp_path / "out").glob("earlier-*")
    assert (aside / "cells.csv").read_text() == second


def test_the_frontier_command_refreshes_the_analysis_of_a_store_that_grew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "out")]
    for size, said in ((4, "Picture and tables"), (6, "units more than when")):
        write_store(tmp_path / "store", World(num_problems=size, benchmark="math500"))
        assert main([str(tmp_path / "store"), *out]) == 0
        assert said in capsys.readouterr().out
    assert not list((tmp_path / "out").glob("earlier-*"))
    assert pl.read_csv(tmp_path / "out" / "cells.csv")["num_problems"].max() == 6


def test_the_report_keeps_a_page_with_other_settings(
    world_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "report.html"
    told = [str(world_store), "--out", str(page), "--rules", "none"]
    for _ in range(2):
        assert report([*told, "--price-per-gpu-hour", "2"]) == 0
        assert "is kept" not in capsys.readouterr().out
    first = page.read_text()
    assert report(told) == 0
    (aside,) = tmp_path.glob("report-earlier-*.html")
    said = capsys.readouterr().out
    assert f'made with price_per_gpu_hour=2.0, rules=["none"] lay at {page}' in said
    assert str(aside) in said
    assert aside.read_text() == first
    assert page.read_text() != first
