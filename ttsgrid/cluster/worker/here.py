"""Where this process runs, as Ray and its node know it."""

from __future__ import annotations

import os
import sys
from platform import node

import ray

from ttsgrid.cluster.wire.whereabouts import Whereabouts


def whereabouts() -> Whereabouts:
    """Return where this worker runs."""
    return Whereabouts(node(), ray.util.get_node_ip_address(), os.getpid(), _log())


def _log() -> str:
    """Return the file that standard error goes to.

    Ray gives each worker a file of its own and opens it itself, so the process's own table of
    open files tells its name; where there is no such table, the folder is all that is known.
    """
    try:
        return os.readlink(f"/proc/self/fd/{sys.stderr.fileno()}")
    except (OSError, ValueError):
        return "in Ray's session folder"
