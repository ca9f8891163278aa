"""One driver a store: who is refused, who takes over, and when."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from dataclasses import asdict, replace
from multiprocessing.process import BaseProcess
from pathlib import Path

import pyarrow.fs
import pytest

from tests.unit.store.driver import PROCESSES, commit_forever, run_to_death, sampled
from ttsgrid.core.errors import StoreBusyError, StoreError
from ttsgrid.store import LocalFiles, RemoteFiles, Store, committed_units
from ttsgrid.store.epochs import read_ledger
from ttsgrid.store.holder import Holder
from ttsgrid.store.lease import read_holder


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


def lease_file(path: Path) -> Path:
    """The ledger of the latest epoch, which says who holds the store."""
    return max((path / "_epochs").glob("*.json"))


def held_by(path: Path) -> dict[str, object] | None:
    held: dict[str, object] | None = json.loads(lease_file(path).read_text())["ledger"]["holder"]
    return held


def rewrite_lease(path: Path, **changes: object) -> None:
    """Change who is said to hold a store, as that holder would."""
    files = LocalFiles(path)
    ledger = read_ledger(files, lease_file(path).stem)
    assert ledger is not None
    assert ledger.holder is not None
    holder = replace(ledger.holder, **changes)  # type: ignore[arg-type]
    lease_file(path).write_bytes(replace(ledger, holder=holder).as_bytes())


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
    assert "(run run)" in message


def test_the_store_of_a_killed_driver_is_free_at_once(tmp_path: Path) -> None:
    process = start_driver(tmp_path)
    process.kill()
    process.join()
    assert held_by(tmp_path) is not None
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
        assert held_by(tmp_path) is not None
        Store.open(tmp_path, run_id="next").close()
        assert process_state(zombie.pid) == "Z"


def process_state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_the_same_process_cannot_open_a_store_twice(tmp_path: Path) -> None:
    refused = pytest.raises(StoreBusyError, match=f"process {os.getpid()}")
    with Store.open(tmp_path, run_id="r"), refused:
        Store.open(tmp_path, run_id="s")
    Store.open(tmp_path, run_id="t").close()
    assert held_by(tmp_path) is None


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


def test_a_holder_on_another_machine_lives_by_its_beats_and_by_no_clock(tmp_path: Path) -> None:
    """Its clock is an hour ahead, then an hour behind: only the silence that is seen counts."""
    for hours in (1, -1):
        with Store.open(tmp_path, run_id="r", ttl_s=0.6):
            rewrite_lease(tmp_path, host="far", machine="far", since=time.time() + 3600 * hours)
            with pytest.raises(StoreBusyError, match="host far"):
                Store.open(tmp_path, run_id="s")


def test_a_silent_holder_on_another_machine_is_waited_for_and_replaced(tmp_path: Path) -> None:
    store = Store.open(tmp_path, run_id="r", ttl_s=1000)
    rewrite_lease(tmp_path, host="far", machine="far", since=time.time() + 3600, ttl_s=0.5)
    heard: list[str] = []
    start = time.monotonic()
    Store.open(tmp_path, run_id="s", tell=heard.append).close()
    assert time.monotonic() - start >= 0.5
    assert "host far" in heard[0]
    assert "waiting up to 0.5 s" in heard[0]
    store.close()


def test_a_store_that_was_closed_elsewhere_is_free_at_once(tmp_path: Path) -> None:
    with Store.open(tmp_path, run_id="r"):
        rewrite_lease(tmp_path, machine="far")
    heard: list[str] = []
    Store.open(tmp_path, run_id="s", tell=heard.append).close()
    assert heard == []


def test_beats_go_on_while_the_store_is_open(tmp_path: Path) -> None:
    with Store.open(tmp_path, run_id="r", ttl_s=0.4):
        end = time.monotonic() + 20
        heard: set[str] = set()
        while len(heard) < 3 and time.monotonic() < end:
            time.sleep(0.02)
            heard |= {beat.read_text() for beat in (tmp_path / "_epochs").glob("*.beat")}
    assert len(heard) >= 3


def test_a_holder_that_was_taken_over_commits_nothing(tmp_path: Path) -> None:
    late = Store.open(tmp_path, run_id="r")
    rewrite_lease(tmp_path, machine="far", ttl_s=0.1)
    with Store.open(tmp_path, run_id="s"):
        with pytest.raises(StoreError, match=r"taken over by process \d+ .*\(run s\)"):
            late.commit([sampled(0)])
        late.close()
        assert held_by(tmp_path) is not None, "closing must not free another's store"
    assert committed_units(tmp_path).done == frozenset()


def test_a_rival_that_was_killed_as_it_gave_way_does_not_free_the_store(tmp_path: Path) -> None:
    """Two claim a number together; who gave way died before it took its own claim back."""
    with Store.open(tmp_path, run_id="night") as store:
        own = lease_file(tmp_path)
        ledger = read_ledger(LocalFiles(tmp_path), own.stem)
        assert ledger is not None
        assert ledger.holder is not None
        dead = replace(ledger.holder, process_start="0", run_id="rival")
        for token in ("00000000", "ffffffff"):
            rival = replace(ledger, epoch=f"{own.stem[:8]}-{token}", holder=dead, sealed=None)
            (own.parent / f"{rival.epoch}.json").write_bytes(rival.as_bytes())
        with pytest.raises(StoreBusyError, match="run night"):
            Store.open(tmp_path, run_id="second")
        assert read_holder(LocalFiles(tmp_path)) == ledger.holder
        assert store.commit([sampled(0)]) == 1
    with Store.open(tmp_path, run_id="third") as store:
        assert len(store.committed.done) == 1


def test_a_store_that_was_deleted_under_its_driver_is_said_to_be_gone(tmp_path: Path) -> None:
    path = tmp_path / "store"
    with Store.open(path, run_id="r") as store:
        shutil.rmtree(path)
        with pytest.raises(StoreError, match="was moved or deleted while this driver wrote to it"):
            store.commit([sampled(0)])


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
    Store.open(tmp_path, run_id="q").close()
    lease_file(tmp_path).write_text("{")
    with pytest.raises(StoreError, match=r"damaged; .* if no driver uses this store, delete it"):
        Store.open(tmp_path, run_id="r")


def test_a_store_of_schema_2_is_not_taken_from_its_live_driver(tmp_path: Path) -> None:
    me = Holder.me("old", time.time(), 60)
    told = {**asdict(me), "token": "t", "heartbeat": time.time()}
    del told["ttl_s"]
    (tmp_path / "_lease.json").write_text(json.dumps(told))
    with pytest.raises(StoreBusyError, match="run old"):
        Store.open(tmp_path, run_id="new")
    (tmp_path / "_lease.json").write_text(json.dumps({**told, "process_start": "1"}))
    Store.open(tmp_path, run_id="new").close()
    assert not (tmp_path / "_lease.json").exists()
