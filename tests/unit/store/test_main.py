"""`python -m ttsgrid.store` as a person runs it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from tests.unit.store.driver import commit_groups, failed, sampled
from ttsgrid.store import Store


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ttsgrid.store", *map(str, arguments)]
    wide = os.environ | {"COLUMNS": "200"}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=wide
    )


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
    again = run("compact", tmp_path)
    assert (again.returncode, again.stdout) == (0, "merged 0 commits into 0\n")
    assert run("ls", tmp_path).stdout == run(tmp_path).stdout


def test_a_folder_that_is_no_store_is_said_to_be_none(tmp_path: Path) -> None:
    refused = run(tmp_path, "--compact")
    assert refused.returncode == 2
    assert "there is no store at" in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_store_in_use_is_not_compacted_but_shown(tmp_path: Path) -> None:
    commit_groups(tmp_path, 0, 1)
    with Store.open(tmp_path, run_id="night"):
        refused = run(tmp_path, "--compact")
        shown = run(tmp_path)
    assert refused.returncode == 2
    assert "in use by process" in refused.stderr
    assert "run night" in shown.stdout


def test_failed_units_are_shown_by_cause_with_host_attempt_and_log(tmp_path: Path) -> None:
    place = {"host": "node7", "log": "/tmp/ray/worker-7.err"}
    with Store.open(tmp_path, run_id="r") as store:
        for number, error in enumerate(["out of memory", "no [/b] judge", "out of memory"]):
            item = failed(number, error)
            store.commit([replace(item, result=replace(item.result, provenance=place))])
        store.commit([failed(8, "done since"), sampled(9)])
        store.commit([sampled(8)])
    shown = run("ls", tmp_path, "--failed")
    assert shown.returncode == 0
    said = [line for line in shown.stdout.splitlines() if re.match(r"\d+ units?: ", line)]
    assert said == ["2 units: out of memory", "1 unit: no [/b] judge"]
    row = next(row for row in cells(shown.stdout) if failed(0).unit.id in row)
    assert row == [failed(0).unit.id, "sample", "small", "p0", "node7", "3"]
    assert f"log of 2 units on node7: {place['log']}" in shown.stdout


def test_failures_that_differ_in_numbers_are_one_cause(tmp_path: Path) -> None:
    with Store.open(tmp_path, run_id="r") as store:
        for number in range(4):
            died = failed(number, f"its worker died: process ended (process {number}7)")
            known = {"cause": "process ended", "host": "node7"}
            store.commit([replace(died, result=replace(died.result, provenance=known))])
        store.commit([failed(9, "EngineError: 512 tokens"), failed(10, "EngineError: 7 tokens")])
    said = [line for line in run("ls", tmp_path, "--failed").stdout.splitlines() if "unit" in line]
    assert [line for line in said if re.match(r"\d+ units?", line)] == [
        "4 units: process ended, for instance: its worker died: process ended (process 07)",
        "2 units, for instance: EngineError: 512 tokens",
    ]


def test_reading_a_store_needs_neither_torch_nor_vllm_nor_ray() -> None:
    code = (
        "import sys, ttsgrid.store, ttsgrid.store.__main__;"
        "print([m for m in ('torch', 'vllm', 'ray', 'transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
