"""Data sets of the hub from its cache alone: by revision, by split, over several folders."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LOAD = (
    "import sys, json, dataclasses; from ttsgrid.benchmarks import *;"
    "spec = dataclasses.replace(shipped_benchmark(sys.argv[1]), revision=sys.argv[2] or None);"
    "print(json.dumps([[p.question, p.answer, p.level, p.subject] for p in load_benchmark(spec)]))"
)


def cached(
    root: Path, dataset: str, revision: str, files: dict[str, list[dict[str, object]]]
) -> None:
    """Lay a data set out as the hub's own client does."""
    folder = root / f"datasets--{dataset.replace('/', '--')}"
    commit = f"{len(list(folder.glob('refs/*'))):040x}"
    (folder / "refs").mkdir(parents=True, exist_ok=True)
    (folder / "refs" / revision).write_text(commit)
    for name, rows in files.items():
        file = folder / "snapshots" / commit / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def load(root: Path, name: str, revision: str = "") -> list[list[object]]:
    done = subprocess.run(
        [sys.executable, "-c", LOAD, name, revision],
        env={
            **os.environ,
            "HF_HUB_OFFLINE": "1",
            "HF_HUB_CACHE": str(root),
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[list[object]] = json.loads(done.stdout)
    return found


def test_math_is_read_from_all_its_subjects_with_levels(tmp_path: Path) -> None:
    row = {"level": "Level 5", "type": "Algebra", "solution": r"So $\boxed{4}$."}
    cached(
        tmp_path, "EleutherAI/hendrycks_math", "main",
        {
            "algebra/test-00000-of-00001.jsonl": [{"problem": "2 + 2?", **row}],
            "algebra/train-00000-of-00001.jsonl": [{"problem": "not this", **row}],
            "geometry/test-00000-of-00001.jsonl": [
                {"problem": "3 + 1?", **row, "type": "Geometry", "level": "Level ?"}
            ],
        },
    )  # fmt: skip
    assert load(tmp_path, "math") == [
        ["2 + 2?", "4", 5, "Algebra"], ["3 + 1?", "4", None, "Geometry"]
    ]  # fmt: skip


def test_a_revision_is_another_set_of_files(tmp_path: Path) -> None:
    for revision, answer in (("main", "1"), ("v2", "2")):
        rows: list[dict[str, object]] = [{"question": "How many?", "answer": answer}]
        cached(tmp_path, "math-ai/minervamath", revision, {"test.jsonl": rows})
    assert load(tmp_path, "minerva") == [["How many?", "1", None, None]]
    assert load(tmp_path, "minerva", "v2") == [["How many?", "2", None, None]]


@pytest.mark.parametrize(
    ("final_answer", "gold"), [(["2"], "2"), (["1", "-2"], "1, -2"), ("$3$", "$3$")]
)
def test_a_list_of_final_answers_is_one_answer(
    tmp_path: Path, final_answer: object, gold: str
) -> None:
    rows = [{"question": "Which x?", "final_answer": final_answer, "solution": ["..."]}]
    cached(tmp_path, "math-ai/olympiadbench", "main", {"test.jsonl": rows})
    assert load(tmp_path, "olympiadbench") == [["Which x?", gold, None, None]]
