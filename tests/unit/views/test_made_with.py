"""An analysis with other settings never takes an earlier one's place unsaid."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.store.test_export import exported, world_store
from ttsgrid.cli.frontier import main
from ttsgrid.views.files.made_with import RECORD, keep_earlier, note_settings

__all__ = ["exported", "world_store"]
USUAL, FEWER = {"budgets": [1, 4, 16]}, {"budgets": [4]}


def write(folder: Path, name: str, text: str, settings: dict[str, list[int]]) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    note_settings(folder, settings, [folder / name])


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
    assert "An analysis made with budgets=" in capsys.readouterr().out
    (aside,) = (tmp_path / "out").glob("earlier-*")
    assert (aside / "cells.csv").read_text() == second
