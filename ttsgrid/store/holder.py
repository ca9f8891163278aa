"""Who holds a store: enough to name the process, and to see on its own machine whether it lives."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class Holder:
    """A process that holds, or held, a store.

    Attributes:
        machine: tells machines, boots and containers of one host name apart.
        process_start: tells a process from a later one of the same id; "" if unknown.
        since: seconds since the epoch on the holder's clock; shown, and compared with nothing.
        ttl_s: silence after which other machines may take it for dead.
    """

    host: str
    machine: str
    pid: int
    process_start: str
    run_id: str
    since: float
    ttl_s: float

    @staticmethod
    def me(run_id: str, since: float, ttl_s: float) -> Holder:
        """Describe this process as a new holder."""
        pid = os.getpid()
        started = process_start(pid) or ""
        return Holder(socket.gethostname(), this_machine(), pid, started, run_id, since, ttl_s)

    @property
    def is_here(self) -> bool:
        """Whether its process would be seen on this machine."""
        return sees_processes() and self.machine == this_machine()

    @property
    def is_running(self) -> bool:
        """Whether its process, of this machine, still is."""
        return process_start(self.pid) == self.process_start

    def __str__(self) -> str:
        since = datetime.fromtimestamp(self.since, UTC)
        return (
            f"process {self.pid} on host {self.host} since {since:%Y-%m-%d %H:%M:%S} UTC "
            f"(run {self.run_id})"
        )


def sees_processes() -> bool:
    """Whether this system says of a process that it lives, and does nothing to it.

    On Windows `os.kill(pid, 0)` is Ctrl-C. A holder there is known by its lease alone, as one on
    another machine is.
    """
    return os.name != "nt"


def this_machine() -> str:
    """Name this machine, boot and process namespace: where process ids mean the same."""
    parts = [socket.gethostname()]
    boot, namespace = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
    if boot.exists():
        parts.append(boot.read_text().strip())
    if namespace.is_symlink():
        parts.append(os.readlink(namespace))
    return "/".join(parts)


def process_start(pid: int) -> str | None:
    """Return when a process started, as the system counts; None when it is gone.

    A zombie is gone: it holds nothing, and may stay for as long as its parent.
    """
    if not sees_processes():
        return ""
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
