"""`python -m ttsgrid.importer` as a person runs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.importer.made import PROBLEMS, write_lines
from ttsgrid.cli.importer import main
from ttsgrid.store import scan

OPTIONS = ["--benchmark=by-hand", "--policy=writer", "--temperature=0.7", "--grader=math"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_lines(tmp_path / "run.jsonl", PROBLEMS)


def test_an_import_shows_what_to_hold_against_the_authors_figures(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "store"
    options = ["--prm=judge", "--policy-parameters=1.5e9", "--prm-parameters=7e9"]
    assert main(["samples", str(store), str(file), *OPTIONS, *options]) == 0
    said = capsys.readouterr().out
    assert "problems: 2, samples: 8" in said
    assert "100.00 %" in said
    sizes = dict(scan(store, "models").select("name", "num_parameters").collect().iter_rows())
    assert sizes == {"writer": 1_500_000_000, "judge": 7_000_000_000}


def test_fields_are_changed_on_the_command_line(file: Path, tmp_path: Path) -> None:
    moved = [{**p, "tries": p["samples"]} for p in PROBLEMS]
    path = write_lines(tmp_path / "moved.jsonl", moved)
    fields = [f"--field={name}=tries[].{name}" for name in ("answer", "correct", "tokens")]
    away = ["--field=text=", "--field=scores=", "--field=gold="]
    assert main(["samples", str(tmp_path / "s"), str(path), *OPTIONS, *fields, *away]) == 0
    assert len(scan(tmp_path / "s", "solutions").collect()) == 8


def test_points_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "points.csv"
    path.write_text("strategy,n,acc\nmajority,4,0.5\n")
    options = ["--column=accuracy=acc", "--benchmark=sums", "--policy=big"]
    assert main(["points", str(tmp_path / "s"), str(path), *options]) == 0
    assert capsys.readouterr().out == "points imported: 1\n"
    row = scan(tmp_path / "s", "points").collect().row(0, named=True)
    assert (row["policy"], row["accuracy"]) == ("big", 0.5)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--benchmark=unheard", "--policy=p", "--temperature=0"], "--grader: ttsgrid has none"),
        ([*OPTIONS, "--field=text"], "write NAME=VALUE"),
        ([*OPTIONS, "--layout=nowhere"], "shipped layouts"),
        ([*OPTIONS, "--prm=judge", "--field=scores="], "--prm: the layout has no `scores`"),
    ],
)
def test_a_wrong_option_is_one_sentence(
    file: Path, tmp_path: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["samples", str(tmp_path / "s"), str(file), *options]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
