"""README's first fifteen minutes work as typed: its own commands, taken from its text.

Quickly with sweeps that only plan; slowly in a fresh clone with an environment of its own,
where a finished default store named by TTSGRID_ZOO_STORE saves the sweep.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SECTION = "## Your first fifteen minutes"
LM_EVAL = ROOT / "tests/unit/importer/written/lm_eval/samples_scripted.jsonl"
LIMIT_S = 15 * 60
# Stands in for the environment's own: a sweep only plans.
PYTHON = """#!/bin/sh
case "$*" in
  *plan_only=true*) exec {python} "$@" ;;
  "-m ttsgrid.sweep "*) exec {python} "$@" plan_only=true ;;
  *) exec {python} "$@" ;;
esac
"""


def _commands() -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return text.partition(SECTION)[2].partition("```sh\n")[2].partition("```")[0]


def _typed(folder: Path, commands: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=folder,
        env={**os.environ, "COLUMNS": "120", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_commands_work_as_typed_with_sweeps_that_only_plan(tmp_path: Path) -> None:
    shutil.copy(LM_EVAL, tmp_path / "samples_gsm8k.jsonl")
    tools = tmp_path / ".venv" / "bin"
    tools.mkdir(parents=True)
    (tools / "activate").write_text("")
    for name, text in (("python", PYTHON.format(python=sys.executable)), ("make", "#!/bin/sh\n")):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    ran = _typed(tmp_path, _commands(), PATH=path, PYTHONPATH=str(ROOT), HF_HUB_OFFLINE="1")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert len((tmp_path / "my_conf/benchmark/mine.jsonl").read_text().splitlines()) == 10
    assert "problems: 5, samples: 5" in ran.stdout


@pytest.mark.slow
@pytest.mark.ray
@pytest.mark.vllm
@pytest.mark.timeout(3 * LIMIT_S)
def test_a_fresh_clone_gives_all_of_it_within_fifteen_minutes(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    shutil.copy(LM_EVAL, clone / "samples_gsm8k.jsonl")
    if store := os.environ.get("TTSGRID_ZOO_STORE"):
        shutil.copytree(store, clone / "results" / "zoo")
    began = time.monotonic()
    ran = _typed(clone, _commands())
    took_s = time.monotonic() - began
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for store_of in ("zoo", "mine", "theirs"):
        assert (clone / "results" / store_of / "solutions").is_dir()
    assert took_s < LIMIT_S, f"{took_s:.0f} s"
