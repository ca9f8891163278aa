"""Stages of a start go from process to process, and no start fails for want of them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from ttsgrid.core.spent import Stage
from ttsgrid.engines import stages

TELL = "from ttsgrid.core.spent import Stage; from ttsgrid.engines import stages;"


def test_what_a_process_below_tells_is_read_here_and_nothing_is_left_of_it() -> None:
    assert stages.current() is None
    with stages.told():
        assert stages.current() is None
        stages.enter(Stage.IMPORT)
        assert stages.current() is Stage.IMPORT
        file = Path(os.environ[stages.FILE])
        command = [sys.executable, "-c", f"{TELL} stages.enter(Stage.WEIGHTS)"]
        subprocess.run(command, check=True)
        assert stages.current() is Stage.WEIGHTS
    assert stages.current() is None
    assert not file.exists()


def test_lines_of_another_version_are_passed_over() -> None:
    with stages.told():
        stages.enter(Stage.ENGINE)
        Path(os.environ[stages.FILE]).write_text("ENGINE\nA_LATER_STAGE\nWEI")
        assert stages.current() is Stage.ENGINE


@pytest.mark.parametrize("damage", ["no file", "no folder for it", "a folder in its place"])
def test_a_start_goes_on_where_its_stages_can_t_be_told(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if damage == "no folder for it":
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with stages.told():
        if damage == "no file":
            Path(os.environ[stages.FILE]).unlink()
        if damage == "a folder in its place":
            Path(os.environ[stages.FILE]).unlink()
            os.environ[stages.FILE] = str(tmp_path)
        stages.enter(Stage.IMPORT)
        assert stages.current() in (None, Stage.IMPORT)
    assert stages.current() is None


def test_nothing_is_told_where_nobody_takes_it_in() -> None:
    stages.enter(Stage.WEIGHTS)
    assert stages.current() is None
