"""The zygote, and processes that it forks, as whoever needs them sees them."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

ENVIRONMENT = {
    # No threads: they don't survive a fork, and a lock that one held would stay shut.
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "_RJEM_MALLOC_CONF": "background_thread:false",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
STARTS_WITHIN_S = 120.0


class Forked:
    """A process that the zygote forked."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._answers = line.makefile()
        self.pid = int(self._answers.readline())
        self._status: int | None = None

    @property
    def status(self) -> int | None:
        """Its exit status, minus the signal that killed it; None while it lives."""
        if self._status is None and select.select([self._line], [], [], 0)[0]:
            self._status = int(self._answers.readline())
            self._line.close()
        return self._status

    def wait(self, timeout_s: float) -> int | None:
        """Wait for its end; return its status, None if it lives on."""
        end = time.monotonic() + timeout_s
        while self.status is None and time.monotonic() < end:
            time.sleep(0.02)
        return self.status

    def kill(self, sent: signal.Signals = signal.SIGKILL) -> None:
        """Send it a signal, if it lives."""
        with suppress(ProcessLookupError):
            if self.status is None:
                os.kill(self.pid, sent)


class Zygote:
    """The process that forks; `shutdown` ends it."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="kills"))
        self.address = str(self._folder / "socket")
        command = [sys.executable, "-m", "tests.ray.kills.zygote", self.address, str(self._folder)]
        self._process = subprocess.Popen(command, env={**os.environ, **ENVIRONMENT})
        end = time.monotonic() + STARTS_WITHIN_S
        while not Path(self.address).exists():
            assert self._process.poll() is None, "the zygote ended"
            assert time.monotonic() < end, "the zygote does not start"
            time.sleep(0.1)

    def worker_of(self, pid: int) -> int | None:
        """Return the worker that was forked in the place of a process that Ray started."""
        file = self._folder / str(pid)
        return int(file.read_text() or 0) or None if file.exists() else None

    def drive(self, pipe: int, log: Path, models: Path, store: Path, address: str) -> Forked:
        """Fork a driver; see `tests.ray.kills.driving.drive`.

        Args:
            pipe: the file descriptor of its end of the pipe.
            log: what it writes is added to this file.
            models: folder of the checkpoints.
            store: folder of the store.
            address: of the cluster.
        """
        driver = {"models": str(models), "store": str(store), "address": address}
        told = json.dumps({"driver": driver, "environment": dict(os.environ)}) + "\n"
        line = socket.socket(socket.AF_UNIX)
        line.connect(self.address)
        with log.open("ab") as written, Path(os.devnull).open("rb") as nothing:
            files = [nothing.fileno(), written.fileno(), written.fileno(), pipe]
            socket.send_fds(line, [told.encode()], files)
        return Forked(line)

    def shutdown(self) -> None:
        """End it; what it forked lives on."""
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder)
