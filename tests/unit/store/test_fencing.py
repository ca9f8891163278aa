"""A driver that was stopped, taken for dead and replaced does no harm when it wakes.

Real processes, stopped by SIGSTOP and woken by SIGCONT. The sleeper says that it is on another
machine, so that its silence is all that its successor has to go by. The oracle is a store that
nobody interrupted.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from tests.unit.store.driver import (
    PROCESSES,
    commit_groups,
    glob,
    group_of,
    stop_before_change,
)
from tests.unit.store.test_crash import assert_exactly_once
from tests.unit.store.test_lease import process_state
from ttsgrid.core.errors import StoreError
from ttsgrid.store import Store, holder, local, scan

REFUSED = 7
TTL_S = 0.4
RUN_TIME = ("run_id", "committed_at", "epoch", "commit_number")
TABLES = ("units", "solutions", "scores")


def commit_and_compact(path: str | Path) -> None:
    """Commit two groups, merge them, commit a third; say in the exit code if it is refused."""
    try:
        with Store.open(path, run_id="sleeper", ttl_s=TTL_S) as store:
            store.commit(group_of(0))
            store.commit(group_of(1))
            store.compact()
            store.commit(group_of(2))
    except StoreError as error:
        refused = "taken over" in str(error) or "in use by" in str(error)
        os._exit(REFUSED if refused else 1)


def commit_and_compact_one_by_one(path: Path) -> None:
    """The same where folders can't be exchanged."""
    vars(local)["exchange_folders"] = _refuse
    commit_and_compact(path)


def stop_at_units_file(path: Path) -> None:
    """Stop just before the units file of a commit is written, its data files being there."""
    vars(holder)["this_machine"] = lambda: "far"
    put = local.LocalFiles.put

    def stopping(files: local.LocalFiles, name: str, data: bytes) -> None:
        if name.startswith("units/"):
            os.kill(os.getpid(), signal.SIGSTOP)
        put(files, name, data)

    vars(local)["LocalFiles"].put = stopping
    commit_and_compact(path)


def _refuse(first: Path, second: Path) -> None:
    raise OSError("no renameat2 on this system")


def has_stopped(process: BaseProcess) -> bool:
    """Wait until a process has stopped; False where it has ended."""
    assert process.pid is not None
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if process.exitcode is not None:
            return False
        if process_state(process.pid) == "T":
            return True
        time.sleep(0.005)
    raise AssertionError("it neither stopped nor ended")


def take_over_and_wake(path: str | Path, sleeper: BaseProcess) -> int:
    """Take the store from a stopped driver, work, wake it while at work; return its exit code."""
    with Store.open(path, run_id="successor", ttl_s=1.2) as store:
        store.commit(group_of(0))
        store.commit(group_of(3))
        assert sleeper.pid is not None
        os.kill(sleeper.pid, signal.SIGCONT)
        sleeper.join(60)
        for number in range(5):
            store.commit(group_of(number))
    assert sleeper.exitcode is not None
    return sleeper.exitcode


def assert_as_uninterrupted(path: str | Path, oracle: Path) -> None:
    """The store holds the first five groups, row by row as a store that nobody interrupted."""
    commit_groups(oracle, 0, 5)
    for table in TABLES:
        keys = ["unit_id"] if table == "units" else ["unit_id", "sample"]
        frames = [scan(store, table).collect().sort(keys) for store in (path, oracle)]
        there, wanted = (frame.drop(RUN_TIME, strict=False) for frame in frames)
        assert there.equals(wanted), table


def test_a_driver_stopped_between_data_and_units_file_commits_nothing_when_it_wakes(
    tmp_path: Path,
) -> None:
    sleeper = PROCESSES.Process(target=stop_at_units_file, args=(tmp_path / "store",))
    sleeper.start()
    assert has_stopped(sleeper)
    assert take_over_and_wake(tmp_path / "store", sleeper) == REFUSED
    assert_exactly_once(tmp_path / "store", 5)
    assert_as_uninterrupted(tmp_path / "store", tmp_path / "oracle")
    runs = glob(tmp_path / "store", "units")["run_id"]
    assert set(runs) == {"successor"}


def stop_everywhere(
    tmp_path: Path, job: Callable[[Path], None], changes: range
) -> list[int | None]:
    """Stop a job before each change of the disk, replace it, wake it; return its exit codes."""
    codes: list[int | None] = []
    for change in changes:
        path = tmp_path / str(change)
        sleeper = PROCESSES.Process(target=stop_before_change, args=(change, job, path))
        sleeper.start()
        if not has_stopped(sleeper):
            return [*codes, None]
        codes.append(take_over_and_wake(path, sleeper))
        Store.open(path, run_id="last").close()  # sets aside what came late
        assert_exactly_once(path, 5)
        assert_as_uninterrupted(path, tmp_path / "oracle")
    return codes


@pytest.mark.slow
@pytest.mark.timeout(3000)  # a driver started, replaced and woken some ninety times
@pytest.mark.parametrize("job", [commit_and_compact, commit_and_compact_one_by_one])
def test_a_driver_stopped_before_any_change_of_the_disk_does_no_harm_when_it_wakes(
    tmp_path: Path, job: Callable[[Path], None]
) -> None:
    codes = stop_everywhere(tmp_path, job, range(300))
    assert codes[-1] is None, "the job never ran to its end"
    assert len(codes) > 40
    assert codes.count(REFUSED) > 30


def test_a_late_commit_is_read_by_nobody_even_before_it_is_cleared_up(tmp_path: Path) -> None:
    """On object storage nothing keeps it out of the folder; the ledger does not count it."""
    with Store.open(tmp_path / "far", run_id="late") as store:
        store.commit(group_of(7))
    with Store.open(tmp_path / "store", run_id="r") as store:
        store.commit(group_of(0))
        for table in TABLES:
            for file in (tmp_path / "far" / table).glob("*.parquet"):
                (tmp_path / "store" / table / file.name).write_bytes(file.read_bytes())
        assert len(scan(tmp_path / "store", "units").collect()) == 3
    heard: list[str] = []
    Store.open(tmp_path / "store", run_id="s", tell=heard.append).close()
    assert "came from a driver that had lost the store" in heard[0]
    assert_exactly_once(tmp_path / "store", 1)
