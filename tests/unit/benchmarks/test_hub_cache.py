"""Data sets of the hub from its cache alone: by revision, by split, over several folders.

Files and fields are the published ones, the rows are made up. They were read, in November 2026,
from: the dataset cards of TIGER-Lab/MMLU-Pro (files, fields, 12,032 rows) and its evaluation code
(which drops options `N/A`); the file lists of math-ai's olympiadbench, minervamath and amc23, and
code that reads their fields; test files of these in QwenLM/Qwen2.5-Math; and gpqa_diamond.csv, 198
rows, as openai/simple-evals and EleutherAI/lm-evaluation-harness read it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

ROOT = Path(__file__).resolve().parents[3]
LOAD = (
    "import sys, json, dataclasses; from ttsgrid.benchmarks import *;"
    "names, revision = sys.argv[1].split(), sys.argv[2] or None;"
    "specs = [dataclasses.replace(shipped_benchmark(name), revision=revision) for name in names];"
    "print(json.dumps({spec.name: [[p.question, p.answer, p.level, p.subject]"
    " for p in load_benchmark(spec)] for spec in specs}))"
)
Rows = list[dict[str, object]]


def cached(root: Path, dataset: str, revision: str, files: dict[str, Rows]) -> None:
    """Lay a data set out as the hub's own client does."""
    folder = root / f"datasets--{dataset.replace('/', '--')}"
    commit = f"{len(list(folder.glob('refs/*'))):040x}"
    (folder / "refs").mkdir(parents=True, exist_ok=True)
    (folder / "refs" / revision).write_text(commit)
    for name, rows in files.items():
        file = folder / "snapshots" / commit / name
        file.parent.mkdir(parents=True, exist_ok=True)
        _write(file, rows)


def _write(file: Path, rows: Rows) -> None:
    if file.suffix == ".parquet":
        pl.DataFrame(rows).write_parquet(file)
    elif file.suffix == ".csv":
        pl.DataFrame(rows).write_csv(file)
    else:
        file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def load(root: Path, name: str, revision: str = "") -> list[list[object]]:
    return load_all(root, name, revision)[name]


def load_all(root: Path, names: str, revision: str = "") -> dict[str, list[list[object]]]:
    done = subprocess.run(
        [sys.executable, "-c", LOAD, names, revision],
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
    found: dict[str, list[list[object]]] = json.loads(done.stdout)
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


MMLU_PRO: dict[str, object] = {
    "question_id": 70, "question": "Which is a metal?", "options": ["neon", "iron", "N/A"],
    "answer": "B", "answer_index": 1, "cot_content": "", "category": "chemistry", "src": "ori",
}  # fmt: skip
OLYMPIADBENCH: dict[str, object] = {
    "id": 1606, "subfield": "Number Theory", "context": None, "question": "Which $p$?",
    "solution": ["..."], "final_answer": ["$3$,$5$"], "is_multiple_answer": True, "unit": None,
    "answer_type": "Numerical", "error": None,
}  # fmt: skip
GPQA: dict[str, object] = {
    "Pre-Revision Question": "What is a metal?", "Pre-Revision Correct Answer": "lead",
    "Question": "Which is a metal?\n", "Correct Answer": "iron", "Incorrect Answer 1": "neon\n",
    "Incorrect Answer 2": "argon", "Incorrect Answer 3": "sulfur", "Explanation": "It rusts.",
    "Subdomain": "Chemistry (general)", "Writer's Difficulty Estimate": "Hard graduate level",
    "Extra Revised Question": None, "Record ID": "rec1", "High-level domain": "Chemistry",
}  # fmt: skip


def test_the_other_shipped_data_sets_are_read_as_they_are_published(tmp_path: Path) -> None:
    part = "-00000-of-00001.parquet"
    validation = MMLU_PRO | {"question": "not this"}
    cached(
        tmp_path, "TIGER-Lab/MMLU-Pro", "main",
        {f"data/test{part}": [MMLU_PRO], f"data/validation{part}": [validation]},
    )  # fmt: skip
    cached(tmp_path, "math-ai/olympiadbench", "main", {"test.jsonl": [OLYMPIADBENCH]})
    minerva: dict[str, object] = {"question": "How much power?", "answer": "4.5e33"}
    cached(tmp_path, "math-ai/minervamath", "main", {"test.jsonl": [minerva]})
    amc: dict[str, object] = {"id": "0", "question": "How far?", "answer": "27", "url": "u"}
    cached(tmp_path, "math-ai/amc23", "main", {f"test{part}": [amc]})
    others = [GPQA | {"Question": "not this"}]
    cached(
        tmp_path, "Idavidrein/gpqa", "main",
        {"gpqa_diamond.csv": [GPQA], "gpqa_main.csv": others, "gpqa_experts.csv": others},
    )  # fmt: skip
    found = load_all(tmp_path, "mmlu_pro olympiadbench minerva gpqa_diamond amc23")
    for name, count, subject in (("mmlu_pro", 2, "chemistry"), ("gpqa_diamond", 4, "Chemistry")):
        ((question, letter, _, domain),) = found[name]
        asked, options = str(question).split("\n\n")
        assert (asked, domain) == ("Which is a metal?", subject)
        assert f"{letter}. iron" in options.splitlines()
        assert len(options.splitlines()) == count
    assert found["olympiadbench"] == [["Which $p$?", "$3$,$5$", None, "Number Theory"]]
    assert found["minerva"] == [["How much power?", "4.5e33", None, None]]
    assert found["amc23"] == [["How far?", "27", None, None]]
