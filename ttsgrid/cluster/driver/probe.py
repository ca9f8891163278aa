"""`python -m ttsgrid.cluster.driver.probe ADDRESS`: does a Ray cluster answer there?

A process of its own, because Ray's client waits for minutes, prints dozens of lines in C++ and
can't be interrupted. Ends with 0, or with one of the codes below.
"""

from __future__ import annotations

import os
import socket
import sys

from ray._private.services import canonicalize_bootstrap_address
from ray._raylet import GcsClient  # type: ignore[attr-defined]  # not in its stub

try:
    from ray.exceptions import AuthenticationError
except ImportError:  # before Ray 2.52 there were no tokens

    class AuthenticationError(Exception):  # type: ignore[no-redef]
        """Never raised."""


NOBODY_LISTENS, ASKS_FOR_TOKEN = 3, 4
CONNECT_TIMEOUT_S = 5.0


def probe(address: str) -> int:
    """Return 0 where a cluster answers, else why not."""
    found = canonicalize_bootstrap_address(address)
    if found is None:  # `auto`, and none runs here: Ray says so itself, at once
        return 0
    host, _, port = found.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_TIMEOUT_S).close()
    except OSError:
        return NOBODY_LISTENS
    if address == "auto" and not os.environ.get("RAY_ADDRESS"):
        return 0  # Ray takes the token of this machine's own cluster by itself
    try:
        GcsClient(address=found)
    except AuthenticationError:
        return ASKS_FOR_TOKEN
    return 0


if __name__ == "__main__":
    sys.exit(probe(sys.argv[1]))
