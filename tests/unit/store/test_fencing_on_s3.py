"""A driver that was paused and replaced does no harm on object storage either.

Real processes, stopped and woken as in `test_fencing`, on an S3 server (moto). There an object
can't be kept out of a folder: what a late driver writes lies there, and counts for nobody.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.s3 import bucket_on_a_server
from tests.unit.store.driver import PROCESSES
from tests.unit.store.test_fencing import (
    REFUSED,
    assert_as_uninterrupted,
    commit_and_compact,
    has_stopped,
    take_over_and_wake,
)
from ttsgrid.store import Store, committed_units, holder, locate, remote, scan

CHANGES = ("put", "delete", "move")


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """The address of a new bucket with a place for the store's name in it."""
    with bucket_on_a_server() as address:
        yield address


def stop_before_call(number: int, path: str) -> None:
    """Commit and compact as a driver of another machine, stopped before its number-th change."""
    vars(holder)["this_machine"] = lambda: "far"  # in this process, which ends with the job
    left = number

    def stopping(change: Callable[..., None]) -> Callable[..., None]:
        def stop_then_change(*arguments: Any) -> None:  # noqa: ANN401 - of any change
            nonlocal left
            if threading.current_thread() is threading.main_thread():  # not a beat of the lease
                left -= 1
                if left == -1:
                    os.kill(os.getpid(), signal.SIGSTOP)
            change(*arguments)

        return stop_then_change

    for name in CHANGES:
        setattr(remote.RemoteFiles, name, stopping(getattr(remote.RemoteFiles, name)))
    commit_and_compact(path)


def stop_at_units_file(path: str) -> None:
    """Stop just before the units file of a commit is written, its data files being there."""
    vars(holder)["this_machine"] = lambda: "far"
    put = remote.RemoteFiles.put

    def stopping(files: remote.RemoteFiles, name: str, data: bytes) -> None:
        if name.startswith("units/"):
            os.kill(os.getpid(), signal.SIGSTOP)
        put(files, name, data)

    setattr(remote.RemoteFiles, "put", stopping)  # noqa: B010 - a method of a frozen dataclass
    commit_and_compact(path)


def test_a_paused_driver_s_late_commit_on_s3_is_refused_and_counts_for_nobody(
    bucket: str, tmp_path: Path
) -> None:
    store = bucket.format(name="paused")
    sleeper = PROCESSES.Process(target=stop_at_units_file, args=(store,))
    sleeper.start()
    assert has_stopped(sleeper)
    assert take_over_and_wake(store, sleeper) == REFUSED
    # Its units file came after all; nobody counts it, nor the rows that it stands for.
    assert any("sleeper" in run for run in run_ids_that_lie_in(store))
    assert set(scan(store, "units").collect()["run_id"]) == {"successor"}
    assert_as_uninterrupted(store, tmp_path / "oracle")
    heard: list[str] = []
    Store.open(store, run_id="last", tell=heard.append).close()
    assert "came from a driver that had lost the store" in heard[0]
    assert set(run_ids_that_lie_in(store)) == {"successor"}
    assert_as_uninterrupted(store, tmp_path / "oracle")


def run_ids_that_lie_in(store: str) -> list[str]:
    """Read every units file of a store, as a tool that knows nothing of epochs."""
    files = locate(store)
    tables = [files.read_columns(f"units/{name}", ["run_id"]) for name in files.sizes("units")]
    return [run for table in tables for run in table["run_id"].to_pylist()]


@pytest.mark.slow
@pytest.mark.timeout(1800)  # a driver started, replaced and woken some fifty times
def test_a_driver_stopped_before_any_change_of_an_s3_store_does_no_harm_when_it_wakes(
    bucket: str, tmp_path: Path
) -> None:
    codes: list[int] = []
    for number in range(200):
        store = bucket.format(name=f"run{number}")
        sleeper = PROCESSES.Process(target=stop_before_call, args=(number, store))
        sleeper.start()
        if not has_stopped(sleeper):
            break
        codes.append(take_over_and_wake(store, sleeper))
        Store.open(store, run_id="last").close()
        assert len(committed_units(store).done) == 15
        assert_as_uninterrupted(store, tmp_path / "oracle")
    else:
        pytest.fail("the job never ran to its end")
    assert len(codes) > 20
    assert codes.count(REFUSED) > 15
