"""`pip install ttsgrid` alone: help, plans and imports work; what runs models names the extra."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.unit.importer.made import PROBLEMS, write_lines

ROOT = Path(__file__).resolve().parents[3]
# What the extras bring; a fresh environment without them takes minutes to make.
WITHOUT_EXTRAS = """
import sys
for name in ("ray", "vllm", "torch", "transformers", "tokenizers", "safetensors", "uvloop",
             "huggingface_hub", "httpx2", "httpx"):
    sys.modules[name] = None
"""
COMMANDS = """
import sys
from ttsgrid.cli.doors import DOORS
from ttsgrid.cli.main import main
def ended(*told):
    try:
        return main(told)
    except SystemExit as end:  # argparse's way to end
        return end.code
store, file = sys.argv[1:]
for name in DOORS:
    assert ended(name, "--help") == 0, name
few = ["benchmark.num_problems=2", "policies=[zoo-s]", "prms=[]", "strategies=[cot,majority]"]
assert ended("plan", f"store={store}", *few) == 0
recorded = ["--benchmark=by-hand", "--policy=writer", "--temperature=0.7", "--grader=math"]
assert ended("import", "samples", store, file, *recorded) == 0
assert ended("store", "export", store, store + "-data") == 0
for line in (["sweep", f"store={store}2", *few], ["check", *few], ["prm-bench", "prm=zoo-prm",
             "data=zoo"]):
    assert ended(*line) == 2, line
"""


def test_without_extras_all_but_running_works_and_that_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_EXTRAS)
    file = write_lines(tmp_path / "run.jsonl", PROBLEMS)
    ended = subprocess.run(
        [sys.executable, "-P", "-c", COMMANDS, str(tmp_path / "store"), str(file)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    said = [line for line in ended.stderr.splitlines() if line.startswith("ttsgrid: ")]
    assert len(said) == 3
    for line in said:
        assert "is missing: to run models, pip install 'ttsgrid[cpu]'" in line
