"""One driver a store: who is refused, who takes over, and when."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import pyarrow.fs
import pytest

from tests.unit.store.driver import PROCESSES, commit_forever, run_to_death, sampled
from ttsgrid.core.errors import StoreBusyError, StoreError
from ttsgrid.store import RemoteFiles, Store, committed_units
from ttsgrid.store.lease import LEASE


def start_driver(path: Path) -> BaseProcess:
    process = PROCESSES.Process(target=commit_forever, args=(path,))
    process.start()
    end = time.monotonic() + 30
    while not committed_units(path).done and time.monotonic() < end:
        time.sleep(0.01)
    return process


def hold_for(path: Path, seconds: float) -> None:
    with Store.open(path, run_id="holder"):
        time.sleep(seconds)


def try_to_hold(path: Path, barrier: threading.Barrier) -> None:
    barrier.wait(30)
    hold_for(path, 1.5)


def rewrite_lease(path: Path, **changes: object) -> None:
    lease = json.loads((path / LEASE).read_text())
    (path / LEASE).write_text(json.dumps(lease | changes))


def test_a_second_driver_is_refused_by_host_process_and_time(tmp_path: Path) -> None:
    process = start_driver(tmp_path)
    try:
        with pytest.raises(StoreBusyError) as refusal:
            Store.open(tmp_path, run_id="second")
    finally:
        process.kill()
        process.join()
    message = str(refusal.value)
    assert f"process {process.pid} on host {socket.gethostname()} since 20" in message
    assert "run run, last heartbeat" in message


def test_the_store_of_a_killed_driver_is_free_at_once(tmp_path: Path) -> None:
    process = start_driver(tmp_path)
    process.kill()
    process.join()
    assert (tmp_path / LEASE).exists()
    start = time.monotonic()
    with Store.open(tmp_path, run_id="next") as store:
        assert store.commit([sampled(10**6)]) == 1
    assert time.monotonic() - start < 10


def test_a_zombie_holds_nothing(tmp_path: Path) -> None:
    code = f"import os; from ttsgrid.store import Store; Store.open({str(tmp_path)!r}, run_id='z');"
    with subprocess.Popen([sys.executable, "-c", code + "os._exit(0)"]) as zombie:
        end = time.monotonic() + 30
        while process_state(zombie.pid) != "Z" and time.monotonic() < end:
            time.sleep(0.01)
        assert (tmp_path / LEASE).exists()
        Store.open(tmp_path, run_id="next").close()
        assert process_state(zombie.pid) == "Z"


def process_state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_the_same_process_cannot_open_a_store_twice(tmp_path: Path) -> None:
    refused = pytest.raises(StoreBusyError, match=f"process {os.getpid()}")
    with Store.open(tmp_path, run_id="r"), refused:
        Store.open(tmp_path, run_id="s")
    Store.open(tmp_path, run_id="t").close()
    assert not (tmp_path / LEASE).exists()


def test_of_drivers_that_start_together_exactly_one_gets_the_store(tmp_path: Path) -> None:
    leave_a_dead_lease(tmp_path)
    barrier = PROCESSES.Barrier(4)
    drivers = [PROCESSES.Process(target=try_to_hold, args=(tmp_path, barrier)) for _ in range(4)]
    for driver in drivers:
        driver.start()
    for driver in drivers:
        driver.join(60)
    assert sorted(driver.exitcode or 0 for driver in drivers) == [0, 1, 1, 1]


def leave_a_dead_lease(path: Path) -> None:
    """Leave the lease of a killed driver behind."""
    process = start_driver(path)
    process.kill()
    process.join()


def test_a_reused_process_id_does_not_keep_a_store(tmp_path: Path) -> None:
    store = Store.open(tmp_path, run_id="r")
    rewrite_lease(tmp_path, process_start="1")  # our id, but another process's start
    Store.open(tmp_path, run_id="next").close()
    store.close()


def test_a_holder_on_another_machine_lives_by_its_heartbeat(tmp_path: Path) -> None:
    with Store.open(tmp_path, run_id="r"):
        rewrite_lease(tmp_path, host="far", machine="far", token="t", heartbeat=time.time() - 30)
        with pytest.raises(StoreBusyError, match="host far"):
            Store.open(tmp_path, run_id="s", ttl_s=60)
        Store.open(tmp_path, run_id="s", ttl_s=20).close()


def test_a_heartbeat_is_renewed_while_the_store_is_open(tmp_path: Path) -> None:
    with Store.open(tmp_path, run_id="r", ttl_s=0.4):
        first = json.loads((tmp_path / LEASE).read_text())["heartbeat"]
        end = time.monotonic() + 20
        renewed = first
        while renewed == first and time.monotonic() < end:
            time.sleep(0.02)
            renewed = json.loads((tmp_path / LEASE).read_text())["heartbeat"]
    assert renewed > first


def test_a_holder_that_was_taken_over_commits_nothing(tmp_path: Path) -> None:
    with Store.open(tmp_path, run_id="r") as store:
        rewrite_lease(tmp_path, token="another", host="far")
        with pytest.raises(StoreError, match="taken over by process"):
            store.commit([sampled(0)])
    assert committed_units(tmp_path).done == frozenset()
    assert (tmp_path / LEASE).exists(), "closing must not free another's lease"


def fork_and_commit(path: Path) -> None:
    """Open a store and let a fork of this process try to use it; exit as the fork says."""
    with Store.open(path, run_id="r") as store:
        child = os.fork()
        if child == 0:
            try:
                store.commit([sampled(0)])
            except StoreError:
                store.close()
                os._exit(7)
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        store.commit([sampled(0)])
    os._exit(code)


def test_a_fork_of_the_driver_neither_commits_nor_frees_the_store(tmp_path: Path) -> None:
    assert run_to_death(fork_and_commit, tmp_path) == 7
    assert committed_units(tmp_path).done == {sampled(0).unit.id}


def test_a_store_without_locks_refuses_a_second_driver_too(tmp_path: Path) -> None:
    tree = pyarrow.fs.SubTreeFileSystem(str(tmp_path), pyarrow.fs.LocalFileSystem())
    files = RemoteFiles(tree, "store")
    with Store.open(files, run_id="r"), pytest.raises(StoreBusyError):
        Store.open(files, run_id="s")
    Store.open(files, run_id="t").close()


def test_a_damaged_lease_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / LEASE).write_text("{")
    with pytest.raises(StoreError, match="damaged; delete it if no driver uses this store"):
        Store.open(tmp_path, run_id="r")
