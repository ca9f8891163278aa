"""Real units for the store's tests, and drivers that run in processes of their own."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow

from ttsgrid.core.records import FinishReason, Problem, Solution, StepScores, UnitResult, Usage
from ttsgrid.core.search_settings import SearchSettings
from ttsgrid.core.units import ModelIdentity, SampleBlock, SamplingIdentity, ScoreBlock, SearchTree
from ttsgrid.store import Commit, Store, holder, local

POLICY = ModelIdentity("small", "org/small", "r1", '{"name":"plain"}')
PRM = ModelIdentity("judge", "org/judge", "r1", '{"name":"token"}')
SAMPLING = SamplingIdentity(temperature=0.7, top_p=1.0, max_tokens=64, seed=0)
BEAM = SearchSettings("beam", budget=16)

# A clean process with everything imported: its forks start in milliseconds.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.unit.store.driver"])
# pyarrow imports pandas, where it is installed, for its first table: most of a second.
pyarrow.Table.from_pylist([{"number": 1}])


def problem(number: int) -> Problem:
    return Problem(f"p{number}", "sums", number, f"{number}+1?", str(number + 1))


def solution(sample: int, *, scores: tuple[float, ...] = ()) -> Solution:
    return Solution(
        sample=sample,
        text="one\n\ntwo",
        steps=("one", "two"),
        finish_reason=FinishReason.STOP,
        answer="2" if sample % 2 else None,
        correct=bool(sample % 2),
        usage=Usage(10, 4, 7),
        seed=2**62 + sample,
        step_scores=scores,
    )


def sampled(number: int, start: int = 0, stop: int = 4) -> Commit:
    block = SampleBlock(f"p{number}", POLICY, SAMPLING, start, stop)
    solutions = tuple(solution(sample) for sample in range(start, stop))
    usage = Usage(40, 16, 28)
    result = UnitResult(block.id, solutions, policy_usage=usage, provenance={"host": "h"})
    return Commit(block, result, problem(number))


def scored(number: int, start: int = 0, stop: int = 4) -> Commit:
    unit = ScoreBlock(SampleBlock(f"p{number}", POLICY, SAMPLING, start, stop), PRM)
    scores = tuple(StepScores(i, (0.5, 0.25), Usage(9, 3, 0)) for i in range(start, stop))
    return Commit(unit, UnitResult(unit.id, scores=scores, seconds=1.5), problem(number))


def searched(number: int) -> Commit:
    tree = SearchTree(f"p{number}", POLICY, PRM, SAMPLING, BEAM)
    solutions = tuple(solution(i, scores=(0.9, 0.1)) for i in range(4))
    return Commit(tree, UnitResult(tree.id, solutions, trace='{"root":1}'), problem(number))


def failed(number: int, error: str = "out of memory") -> Commit:
    block = SampleBlock(f"p{number}", POLICY, SAMPLING, 0, 4)
    return Commit(block, UnitResult(block.id, error=error, attempt=3), problem(number))


def group_of(number: int) -> list[Commit]:
    """One group: a sample block, its scores and a search, of one problem."""
    return [sampled(number), scored(number), searched(number)]


def commit_groups(path: Path, first: int, last: int) -> None:
    """Commit the groups [first, last), skipping what the store holds."""
    with Store.open(path, run_id="run") as store:
        for number in range(first, last):
            store.commit(group_of(number))


def commit_forever(path: Path) -> None:
    """Resume, then commit group after group until killed; compact now and then."""
    with Store.open(path, run_id="run") as store:
        for number in itertools.count():
            if store.commit(group_of(number)) and number % 7 == 6:
                store.compact()


def compact(path: Path) -> None:
    with Store.open(path, run_id="compact") as store:
        store.compact()


def compact_one_by_one(path: Path) -> None:
    """Compact as on a file system that cannot exchange folders."""

    def refuse(first: Path, second: Path) -> None:
        raise OSError("no renameat2 on this system")

    vars(local)["exchange_folders"] = refuse  # in this process, which ends with the job
    compact(path)


CHANGES = {"os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree"}


def die_before_change(number: int, job: Callable[..., None], *arguments: object) -> None:
    """Run a job, and SIGKILL this process just before its number-th change of the disk.

    Changes are what Python audits: files opened for writing, renames, links,
    deletions, folders made and removed. The exchange of folders lies between two.
    """
    signal_before_change(signal.SIGKILL, number, job, *arguments)


def stop_before_change(number: int, job: Callable[..., None], *arguments: object) -> None:
    """The same as a driver on another machine, whose process is stopped and not killed."""
    vars(holder)["this_machine"] = lambda: "far"  # in this process, which ends with the job
    signal_before_change(signal.SIGSTOP, number, job, *arguments)


def signal_before_change(
    sent: signal.Signals, number: int, job: Callable[..., None], *arguments: object
) -> None:
    """Run a job, and send this process a signal just before its number-th change of the disk."""
    left = number

    def hook(event: str, details: tuple[object, ...]) -> None:
        nonlocal left
        if threading.current_thread() is not threading.main_thread():  # a beat of the lease
            return
        opened = event == "open" and isinstance(details[2], int) and details[2] & os.O_WRONLY
        if event in CHANGES or opened:
            left -= 1
            if left == -1:
                os.kill(os.getpid(), sent)

    os.fsync = lambda fd: None  # a killed process loses nothing that is not synced
    sys.addaudithook(hook)
    job(*arguments)


def run_to_death(job: Callable[..., None], *arguments: object) -> int:
    """Run a job in a process of its own; return its exit code (-9 when killed)."""
    process = PROCESSES.Process(target=job, args=arguments)
    process.start()
    process.join(60)
    assert process.exitcode is not None
    return process.exitcode


def glob(path: Path, table: str) -> pl.DataFrame:
    """Read a table as any tool would, knowing nothing of commits."""
    if not any((path / table).glob("*.parquet")):
        return pl.DataFrame(schema={"unit_id": pl.String, "sample": pl.Int64})
    return pl.read_parquet(path / table / "*.parquet")
