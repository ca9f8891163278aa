"""How both processes begin: read their settings, then let the kernel hold them to the limits."""

from __future__ import annotations

import json
import os
import resource
import sys

TYPE_CHECKING = False  # `typing` is slow to import
if TYPE_CHECKING:
    from typing import Any


def settle(descriptor: int) -> dict[str, Any]:
    """Read a process's settings from an open file, set its limits, and return the settings."""
    with os.fdopen(descriptor, "rb") as file:
        settings: dict[str, Any] = json.loads(file.read())
    sys.dont_write_bytecode = True
    sys.set_int_max_str_digits(0)  # the time limit bounds what is quadratic
    # A few levels below where 3.11's C stack of a main thread, as limited here, ends.
    sys.setrecursionlimit(settings["recursion"])
    _limit(settings["limits"])
    return settings


def _limit(limits: dict[str, int]) -> None:
    """Set limits for good: without privileges none of them can be raised again."""
    seconds = limits.pop("CPU")
    # The soft limit ends a process by a signal that says so; the hard one can't be caught.
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    for name, most in limits.items():
        number = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(number)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(number, (most, most))
        except ValueError:
            if sys.platform != "darwin":  # macOS refuses a limit of address space
                raise


def main() -> None:
    """Do nothing: a sandbox that starts Python so far can run guests."""
