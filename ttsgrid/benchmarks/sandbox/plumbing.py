"""Pipes between the processes of a run, closed when it ends, and how many runs go on at once."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from ttsgrid.benchmarks.sandbox.processes import Guest


def _num_processors() -> int:
    has_affinity = hasattr(os, "sched_getaffinity")
    return len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1


AT_ONCE = threading.BoundedSemaphore(_num_processors())


class Pipes:
    """Requests to a program and replies from it."""

    def __init__(self, stack: ExitStack) -> None:
        self.requests_out, self.requests_in = os.pipe()
        self.replies_out, self.replies_in = os.pipe()
        self._open = {self.requests_out, self.requests_in, self.replies_out, self.replies_in}
        stack.callback(self.close)

    def close(self) -> None:
        """Close our ends, so that a guest's end is heard of."""
        while self._open:
            os.close(self._open.pop())


@contextmanager
def opened(descriptor: int) -> Iterator[int]:
    """Close a descriptor at the end."""
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def running(guest: Guest) -> Iterator[Guest]:
    """End a guest at the end."""
    try:
        yield guest
    finally:
        guest.end()


def pipe_of(pipe: Any) -> int:  # noqa: ANN401 - a pipe that is there because we asked for it
    """Return a pipe's descriptor."""
    return int(pipe.fileno())
