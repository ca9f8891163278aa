"""One process of a machine at a time, where the first one's work spares the others theirs.

It saves time and guards nothing: who has waited long, or can't lock, goes ahead.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

LOOK_EVERY_S = 0.05


@contextmanager
def in_turn(file: Path, patience_s: float) -> Iterator[None]:
    """Run the block while no other process of this machine runs one with the same file.

    Args:
        file: made where it is missing, with its folder; empty, and it stays.
        patience_s: how long to wait for the others.
    """
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
    try:
        lock = file.open("a")
    except OSError:
        yield
        return
    with lock:  # its end gives the turn back, and so does the process's
        _wait(lock, time.monotonic() + patience_s)
        yield


def _wait(lock: IO[str], until: float) -> None:
    while time.monotonic() < until:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOOK_EVERY_S)
        except OSError:  # a file system without locks
            return
        else:
            return
