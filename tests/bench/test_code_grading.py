"""How fast code is graded: HumanEval's reference solutions against their tests.

Per second of processor time, all processes of the sandboxes counted, so that what else runs on
the machine changes little. A grading is two sandboxes with a Python each; a test is one call
of the solution by its tests.
"""

from __future__ import annotations

import ctypes
import gzip
import json
import os
import resource
import time
from contextlib import suppress
from pathlib import Path
from subprocess import TimeoutExpired

import pytest

from tests.unit.benchmarks.code.sandboxes import sandbox_or_skip
from ttsgrid.benchmarks.code.program import program_of
from ttsgrid.benchmarks.code.rows import human_eval
from ttsgrid.benchmarks.code.task import read_task
from ttsgrid.benchmarks.sandbox import Limits, Outcome, Tests, run_tests
from ttsgrid.benchmarks.sandbox.processes import Guest

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]


PR_SET_CHILD_SUBREAPER = 36


def _cpu_s() -> float:
    """Processor time of this process and of all that it started, once they have ended."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            break
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime + own.ru_utime + own.ru_stime


def test_gradings_per_second_of_one_core(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    end = Guest.end

    def end_by_itself(guest: Guest) -> None:
        with suppress(TimeoutExpired):
            guest.process.wait(2)  # what is killed is not counted among the children's time
        end(guest)

    monkeypatch.setattr(Guest, "end", end_by_itself)
    # Bubblewrap leaves the first process of its sandbox behind; here it falls to us.
    assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    data = gzip.decompress((shared_data / "problems" / "humaneval.jsonl.gz").read_bytes())
    rows = [json.loads(line) for line in data.decode().splitlines()]
    sandbox, num_tests = sandbox_or_skip(), 0
    wall, cpu = time.monotonic(), _cpu_s()
    for row in rows:
        task = read_task(str(human_eval(row)["answer"]))
        program = program_of(task, row["canonical_solution"])
        tests = Tests(task.setup, task.tests, task.entry_point)
        run = run_tests(sandbox, program, tests, Limits())
        assert run.outcome is Outcome.PASSED
        num_tests += run.num_calls
    wall, cpu = time.monotonic() - wall, _cpu_s() - cpu
    with capsys.disabled():
        print(
            f"\n{len(rows)} gradings, {num_tests:,} tests: {cpu:.1f} s of processor time, "
            f"{wall:.1f} s on the clock; {len(rows) / cpu:.0f} gradings and "
            f"{num_tests / cpu:,.0f} tests per second of one core"
        )
