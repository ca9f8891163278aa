"""Real sets of code problems: reference solutions pass, and their mutants mostly fail."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.unit.benchmarks.code.mutants import mutant
from tests.unit.benchmarks.code.sandboxes import sandbox_or_skip
from ttsgrid.benchmarks.code.program import program_of
from ttsgrid.benchmarks.code.rows import human_eval, mbpp
from ttsgrid.benchmarks.code.task import CodeTask, read_task
from ttsgrid.benchmarks.sandbox import Limits, Outcome, Run, Tests, run_tests

FILES = {"humaneval.jsonl.gz": human_eval, "mbpp_sanitized_427.jsonl": mbpp}
PART = 24  # of the fast test: every so many-th problem
EXCEPTIONS: frozenset[str] = frozenset()  # ids of reference solutions that fail their own tests

Row = dict[str, Any]


def _rows(file: Path) -> list[Row]:
    data = file.read_bytes()
    text = (gzip.decompress(data) if file.suffix == ".gz" else data).decode()
    return [json.loads(line) for line in text.splitlines()]


def _task(name: str, row: Row) -> CodeTask:
    return read_task(str(FILES[name](row)["answer"]))


def _reference(name: str, row: Row) -> str:
    return program_of(_task(name, row), row["canonical_solution"])


def _runs(name: str, rows: Sequence[Row], programs: Sequence[str]) -> list[Run]:
    sandbox = sandbox_or_skip()

    def run(row: Row, program: str) -> Run:
        task = _task(name, row)
        tests = Tests(task.setup, task.tests, task.entry_point)
        return run_tests(sandbox, program, tests, Limits())

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(run, rows, programs))


def _failures(name: str, rows: Sequence[Row]) -> dict[str, Run]:
    runs = _runs(name, rows, [_reference(name, row) for row in rows])
    ended = zip(rows, runs, strict=True)
    return {row["task_id"]: run for row, run in ended if run.outcome is not Outcome.PASSED}


@pytest.mark.parametrize("name", FILES)
def test_reference_solutions_pass(name: str, shared_data: Path) -> None:
    assert not _failures(name, _rows(shared_data / "problems" / name)[::PART])


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", FILES)
def test_all_reference_solutions_pass(name: str, shared_data: Path) -> None:
    failures = _failures(name, _rows(shared_data / "problems" / name))
    assert set(failures) == EXCEPTIONS & set(failures), failures


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", FILES)
def test_most_reference_solutions_fail_with_one_operator_changed(
    name: str, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = _rows(shared_data / "problems" / name)
    made = [mutant(_reference(name, row), seed) for seed, row in enumerate(rows)]
    kept = [(row, program) for row, program in zip(rows, made, strict=True) if program]
    runs = _runs(name, [row for row, _ in kept], [program for _, program in kept])
    ends = Counter(run.outcome.value for run in runs)
    num_failed = sum(ends.values()) - ends[Outcome.PASSED.value]
    with capsys.disabled():
        share = num_failed / len(runs)
        print(f"\n{name}: {num_failed} of {len(runs)} mutants fail ({share:.1%}); {dict(ends)}")
    assert num_failed > 0.75 * len(runs)
