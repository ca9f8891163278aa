"""What is printed into a pipe that nobody reads any more, as after `| head`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.own.commands import ROOT
from ttsgrid.cli.importer import main as import_file


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unread")
    recorded = folder / "run.jsonl"
    recorded.write_text(
        '{"question": "q", "answer": "1", "samples": [{"answer": "1", "tokens": 3}]}'
    )
    named = "--benchmark math500 --policy m --policy-parameters 1e9 --temperature 0.7"
    assert import_file(["samples", str(folder / "store"), str(recorded), *named.split()]) == 0
    return folder / "store"


@pytest.mark.parametrize(
    "line", ["frontier STORE", "frontier STORE --table costs", "report STORE", "store STORE"]
)
def test_a_command_whose_reader_has_left_ends_without_a_word(store: Path, line: str) -> None:
    read, write = os.pipe()
    os.close(read)
    arguments = line.replace("STORE", str(store)).split()
    with os.fdopen(write, "w") as unread:
        ran = subprocess.run(
            [sys.executable, "-m", f"ttsgrid.{arguments[0]}", *arguments[1:]],
            cwd=store.parent,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=unread,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert ran.stderr == ""
    assert ran.returncode == 141
