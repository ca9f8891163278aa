"""Start guests, collect what they write within limits, and learn how they ended."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ttsgrid.benchmarks.sandbox.bubblewrap import Sandbox, memory_file
from ttsgrid.benchmarks.sandbox.guest.witness import MARK, REFUSED_CODE
from ttsgrid.benchmarks.sandbox.limits import Limits, Outcome

_GRACE_SECONDS = 2.0  # from a closed pipe to the end of its process
_READ_BYTES = 1 << 16


@dataclass(frozen=True)
class Stream:
    """A pipe that a guest writes to.

    Attributes:
        max_bytes: more is an outcome of its own.
        awaited: collecting ends when all such streams have ended.
    """

    descriptor: int
    max_bytes: int
    awaited: bool = False


@dataclass(frozen=True)
class Collected:
    """What came through the streams, and the limit that was hit on the way, if any."""

    content: Mapping[str, bytes]
    limit: Outcome | None


def collect(streams: Mapping[str, Stream], deadline: float) -> Collected:
    """Read streams until the awaited ones end, a limit is hit or the deadline passes."""
    content = {name: bytearray() for name in streams}
    awaited = {name for name, stream in streams.items() if stream.awaited}
    with selectors.DefaultSelector() as selector:
        for name, stream in streams.items():
            selector.register(stream.descriptor, selectors.EVENT_READ, name)
        while awaited:
            events = selector.select(max(0.0, deadline - time.monotonic()))
            if not events:
                return _collected(content, Outcome.TIME)
            for key, _ in events:
                part = os.read(key.fd, _READ_BYTES)
                content[key.data] += part
                if len(content[key.data]) > streams[key.data].max_bytes:
                    return _collected(content, Outcome.OUTPUT)
                if not part:
                    selector.unregister(key.fd)
                    awaited.discard(key.data)
    return _collected(content, None)


def _collected(content: Mapping[str, bytearray], limit: Outcome | None) -> Collected:
    return Collected({name: bytes(part) for name, part in content.items()}, limit)


@dataclass(frozen=True)
class Guest:
    """A guest's process."""

    process: subprocess.Popen[bytes]
    started: float

    def code(self) -> int:
        """Return how it ended, a signal as a negative number; waits a moment for its end."""
        with suppress(subprocess.TimeoutExpired):
            code = self.process.wait(_GRACE_SECONDS)
            # Bubblewrap passes a signal on as a shell does.
            return 128 - code if code > 128 else code
        return 0

    def end(self) -> None:
        """End it, and with it everything in its sandbox."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()


def start(
    sandbox: Sandbox,
    guest: str,
    settings: Mapping[str, Any],
    descriptors: Sequence[int],
    stdin: int = subprocess.DEVNULL,
    stderr: int = subprocess.PIPE,
) -> Guest:
    """Start a guest; it gets its settings and the descriptors, and prints to pipes."""
    told = memory_file(json.dumps({**settings, "readable": sandbox.readable}).encode())
    command = sandbox.command(guest, (told, *descriptors))
    try:
        process = subprocess.Popen(
            command.arguments,
            pass_fds=(told, *descriptors, *command.descriptors),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            cwd=command.folder,
            start_new_session=True,
        )
    finally:
        for descriptor in (told, *command.descriptors):
            os.close(descriptor)
    return Guest(process, time.monotonic())


def how_ended(guest: Guest, printed: bytes, limits: Limits) -> tuple[Outcome, str]:
    """Say what became of a program whose process ended under its tests."""
    elapsed = time.monotonic() - guest.started
    code = guest.code()
    if code == REFUSED_CODE:
        words = printed.rpartition(MARK)[2].partition(b"\n")[0]
        return Outcome.REFUSED, words.decode("utf-8", "replace")
    if code == -signal.SIGSYS:
        return Outcome.REFUSED, "made a system call that the sandbox forbids"
    if code == -signal.SIGXCPU:
        return Outcome.TIME, f"more than {limits.cpu_seconds} s of processor time"
    if code == -signal.SIGKILL:
        # The hard limit of processor time, or the machine's memory killer.
        is_time = elapsed >= limits.cpu_seconds
        return (Outcome.TIME if is_time else Outcome.MEMORY), "killed"
    if code < 0:
        return Outcome.ERROR, f"ended by {signal.Signals(-code).name}"
    return Outcome.EARLY_EXIT, f"its process ended with code {code}"
