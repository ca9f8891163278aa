"""`python -m ttsgrid.store` as a person runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.unit.store.driver import commit_groups, failed
from ttsgrid.store import Store


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ttsgrid.store", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def cells(output: str) -> list[list[str]]:
    return [line.replace("│", " ").replace("┃", " ").split() for line in output.splitlines()]


def test_a_store_is_shown_and_compacted(tmp_path: Path) -> None:
    commit_groups(tmp_path, 0, 3)
    with Store.open(tmp_path, run_id="r") as store:
        store.commit([failed(9)])
    shown = cells(run(tmp_path).stdout)
    assert ["units", "10", "4"] in [row[:3] for row in shown]
    assert ["sample", "done", "3"] in shown
    assert ["sample", "failed", "1"] in shown
    compacted = run(tmp_path, "--compact")
    assert compacted.returncode == 0
    assert "merged 4 commits into 1" in compacted.stdout
    assert ["solutions", "24", "1"] in [row[:3] for row in cells(compacted.stdout)]


def test_a_folder_that_is_no_store_is_said_to_be_none(tmp_path: Path) -> None:
    refused = run(tmp_path, "--compact")
    assert refused.returncode == 1
    assert "there is no store at" in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_store_in_use_is_not_compacted_but_shown(tmp_path: Path) -> None:
    commit_groups(tmp_path, 0, 1)
    with Store.open(tmp_path, run_id="night"):
        refused = run(tmp_path, "--compact")
        shown = run(tmp_path)
    assert refused.returncode == 1
    assert "in use by process" in refused.stderr
    assert "run night" in shown.stdout


def test_reading_a_store_needs_neither_torch_nor_vllm_nor_ray() -> None:
    code = (
        "import sys, ttsgrid.store, ttsgrid.store.__main__;"
        "print([m for m in ('torch', 'vllm', 'ray', 'transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
