"""One command for all: what it names, what it passes on, and how it ends."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

import ttsgrid
from ttsgrid.analysis.study.tables import TABLES
from ttsgrid.cli.doors import DOORS
from ttsgrid.cli.exits import FAILED, STOPPED, WRONG, command
from ttsgrid.cli.main import main
from ttsgrid.core.errors import ConfigError, UnfinishedError

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = ["sweep", "plan", "check", "frontier", "report", "trace", "store", "import", "prm-bench"]
PLAN = ["benchmark.num_problems=2", "policies=[zoo-s]", "prms=[]", "strategies=[cot,majority]"]


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--help"], []):
        assert main(arguments) == 0
        said = capsys.readouterr().out
        assert set(COMMANDS) <= set(said.split())
        assert max(map(len, said.splitlines())) <= 90


@pytest.mark.parametrize("name", [name for name in DOORS if name not in ("sweep", "plan")])
def test_each_command_has_a_help_of_its_own(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with suppress(SystemExit):  # argparse's way to end
        main([name, "--help"])
    said = capsys.readouterr()
    assert "ttsgrid" in said.out
    assert said.err == ""


def test_help_of_a_frontier_fits_80_columns_with_whole_names(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main(["frontier", "--help"])
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 80
    assert all(f"{name}," in said for name in list(TABLES)[:-1])


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"ttsgrid {ttsgrid.__version__}\n"


def test_settings_alone_are_a_sweep_and_a_plan_starts_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = f"store={tmp_path / 'store'}"
    said = []
    for arguments in (["plan"], ["sweep", "plan_only=true"], ["plan_only=true"]):
        assert main([*arguments, *PLAN, store]) == 0
        said.append(capsys.readouterr().out)
    assert "over 2 problems" in said[0]
    assert said[0] == said[1] == said[2]
    assert not (tmp_path / "store").exists()


def test_a_wrong_command_is_refused_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["frontir", "results/zoo"]) == WRONG
    said = capsys.readouterr().err
    assert said.startswith("ttsgrid: frontir is no command; there are sweep, ")
    assert said.endswith("Did you mean frontier?\n")


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (ConfigError("seed=a: [no] number"), WRONG, "ttsgrid: seed=a: [no] number"),
        (FileNotFoundError(2, "No such file", "x.csv"), WRONG, "x.csv"),
        (UnfinishedError("3 units failed"), FAILED, "ttsgrid: 3 units failed"),
        (KeyboardInterrupt(), STOPPED, "ttsgrid: stopped"),
        (ModuleNotFoundError(name="ray.util"), WRONG, "ray is missing: to run models, pip install"),
        (ModuleNotFoundError(name="peft"), WRONG, "pip install 'ttsgrid[smollm2]'"),
    ],
)
def test_every_end_is_a_sentence_and_a_status(
    error: BaseException, status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(_: object) -> int:
        raise error

    assert command(fails)() == status
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


def test_a_missing_module_of_ours_is_no_missing_extra() -> None:
    def fails(_: object) -> int:
        raise ModuleNotFoundError(name="ttsgrid.nowhere")

    with pytest.raises(ModuleNotFoundError):
        command(fails)()
