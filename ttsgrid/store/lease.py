"""One driver per store: a lease that says who holds it, and that a dead holder loses.

The lease is a small JSON file in the store: host, process, since when, and a
heartbeat that a thread renews. A second driver is refused by name. The lease is
free again when its holder closed the store, when its process is gone (seen at
once on the same machine, also after SIGKILL, and never fooled by a reused
process id), or, for a holder on another machine, when its heartbeat is older
than `ttl_s`. So clocks of machines that share a store should agree to within
a fraction of `ttl_s`.

A holder that was taken over (it was stopped for longer than `ttl_s`) notices at
its next heartbeat or commit and stops with an error.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from ttsgrid.core.errors import StoreBusyError, StoreError
from ttsgrid.store.files import Files

LEASE = "_lease.json"
TTL_S = 60.0
_SETTLE_S = 1.0  # longer than two drivers' writes to object storage can be apart


@dataclass(frozen=True)
class Holder:
    """Who holds a store.

    Attributes:
        machine: tells machines, boots and containers of one host name apart.
        process_start: tells a process from a later one of the same id; "" if unknown.
        since, heartbeat: seconds since the epoch, on the holder's clock.
    """

    token: str
    host: str
    machine: str
    pid: int
    process_start: str
    run_id: str
    since: float
    heartbeat: float

    @staticmethod
    def me(run_id: str) -> Holder:
        """Describe this process as a new holder."""
        pid, now = os.getpid(), time.time()
        started = _process_start(pid) or ""
        host = socket.gethostname()
        return Holder(secrets.token_hex(8), host, _machine(), pid, started, run_id, now, now)

    def is_alive(self, ttl_s: float) -> bool:
        """Whether the holder still runs: seen here, or believed of another machine."""
        if self.machine == _machine():
            return _process_start(self.pid) == self.process_start
        return time.time() - self.heartbeat < ttl_s

    def __str__(self) -> str:
        since = datetime.fromtimestamp(self.since, UTC)
        age_s = max(0.0, time.time() - self.heartbeat)
        return (
            f"process {self.pid} on host {self.host} since {since:%Y-%m-%d %H:%M:%S} UTC "
            f"(run {self.run_id}, last heartbeat {age_s:.0f} s ago)"
        )


@dataclass
class Lease:
    """A held lease; `keep_alive` renews it from a thread until `release`."""

    files: Files
    holder: Holder
    ttl_s: float
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @staticmethod
    def acquire(files: Files, run_id: str, ttl_s: float = TTL_S) -> Lease:
        """Take the lease of a store.

        Raises:
            StoreBusyError: a live driver holds it; the message says which.
        """
        lease = Lease(files, Holder.me(run_id), ttl_s)
        with files.exclusive():
            current = read_holder(files)
            if current and current.is_alive(ttl_s):
                raise _busy(files, current)
            lease._write()
        if not files.locks:  # the last writer has it
            time.sleep(_SETTLE_S)
            lease._require_mine()
        return lease

    def keep_alive(self) -> None:
        """Start the thread that renews the heartbeat."""
        self._thread = threading.Thread(target=self._beat, name="ttsgrid-lease", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Make sure that this process still holds the lease.

        Raises:
            StoreError: it was taken over, or this is a fork of the holder.
        """
        # A fork has a copy of this object and no thread that keeps the lease alive.
        if os.getpid() != self.holder.pid:
            raise StoreError(f"store {self.files.uri} belongs to process {self.holder.pid}")
        current = read_holder(self.files)
        if current is None or current.token != self.holder.token:
            raise StoreError(f"store {self.files.uri} was taken over by {current}")

    def release(self) -> None:
        """Give the lease back, if it is still ours."""
        if os.getpid() != self.holder.pid:
            return
        self._stop.set()
        if self._thread:  # first: its last beat would write the lease again
            self._thread.join()
        with self.files.exclusive():
            current = read_holder(self.files)
            if current and current.token == self.holder.token:
                self.files.delete(LEASE)

    def _beat(self) -> None:
        held = True
        # Three beats may be lost before another machine takes the holder for dead.
        while held and not self._stop.wait(self.ttl_s / 4):
            with suppress(OSError):  # storage is away for a moment: the next beat may get through
                held = self._renew()

    def _renew(self) -> bool:
        """Write a heartbeat unless the lease was taken over; the next commit says if it was."""
        with self.files.exclusive():
            current = read_holder(self.files)
            held = current is not None and current.token == self.holder.token
            if held:
                self._write()
        return held

    def _write(self) -> None:
        beat = replace(self.holder, heartbeat=time.time())
        self.files.put(LEASE, json.dumps(asdict(beat)).encode())

    def _require_mine(self) -> None:
        current = read_holder(self.files)
        if current and current.token != self.holder.token:
            raise _busy(self.files, current)


def read_holder(files: Files) -> Holder | None:
    """Return who holds the store, dead or alive; None when nobody does.

    Raises:
        StoreError: the lease file is not one.
    """
    data = files.read(LEASE)
    if data is None:
        return None
    try:
        return Holder(**json.loads(data))
    except (ValueError, TypeError) as error:
        raise StoreError(
            f"{files.uri}/{LEASE} is damaged; delete it if no driver uses this store"
        ) from error


def _busy(files: Files, holder: Holder) -> StoreBusyError:
    return StoreBusyError(
        f"store {files.uri} is in use by {holder}; wait for it, stop it, "
        "or choose another folder with store=..."
    )


def _machine() -> str:
    """Name this machine, boot and process namespace: where process ids mean the same."""
    parts = [socket.gethostname()]
    boot, namespace = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
    if boot.exists():
        parts.append(boot.read_text().strip())
    if namespace.is_symlink():
        parts.append(os.readlink(namespace))
    return "/".join(parts)


def _process_start(pid: int) -> str | None:
    """Return when a process started, as the system counts; None when it is gone.

    A zombie is gone: it holds nothing, and may stay for as long as its parent.
    """
    if not Path("/proc/self/stat").exists():  # macOS
        return _exists(pid)
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *rest = stat.rpartition(")")[2].split()  # the name before may hold spaces
    return None if state in "ZX" else rest[18]  # field 22 of proc(5): starttime


def _exists(pid: int) -> str | None:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        return ""
    return ""
