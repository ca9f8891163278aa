"""`python -m ttsgrid.cluster.driver.probe ADDRESS`: does a Ray cluster answer there?

A process of its own, because Ray's client waits for minutes, prints dozens of lines in C++ and
can't be interrupted. Ends with 0, or with one of the codes below.
"""

from __future__ import annotations

import os
import socket
import sys
from urllib.parse import urlsplit

from ray._private.services import canonicalize_bootstrap_address
from ray._raylet import GcsClient  # type: ignore[attr-defined]  # not in its stub
from ray.exceptions import RpcError

try:
    from ray.exceptions import AuthenticationError
except ImportError:  # before Ray 2.52 there were no tokens

    class AuthenticationError(Exception):  # type: ignore[no-redef]
        """Never raised."""


NOBODY_LISTENS, ASKS_FOR_TOKEN, NO_RAY = 3, 4, 5
CONNECT_TIMEOUT_S = 5.0


def probe(address: str) -> int:
    """Return 0 where a cluster answers, else why not."""
    if address.startswith("ray://"):
        return _probe_client_server(urlsplit(address).netloc)
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
    except RpcError:
        return NO_RAY
    return 0


def _probe_client_server(host_and_port: str) -> int:
    # Of no use where a head node is asked, and not there without Ray's extra `client`.
    import grpc  # type: ignore[import-untyped]  # noqa: PLC0415
    from ray._private.grpc_utils import init_grpc_channel  # noqa: PLC0415
    from ray.core.generated.ray_client_pb2 import (  # noqa: PLC0415
        ClusterInfoRequest,
        ClusterInfoType,
    )
    from ray.core.generated.ray_client_pb2_grpc import RayletDriverStub  # noqa: PLC0415

    ping = ClusterInfoRequest(type=ClusterInfoType.PING)
    try:
        channel = init_grpc_channel(host_and_port)
        grpc.channel_ready_future(channel).result(CONNECT_TIMEOUT_S)
        RayletDriverStub(channel).ClusterInfo(ping, timeout=CONNECT_TIMEOUT_S)
    except grpc.FutureTimeoutError:
        return NO_RAY
    except grpc.RpcError as error:
        refused = error.code() is grpc.StatusCode.UNAUTHENTICATED
        return ASKS_FOR_TOKEN if refused else NO_RAY
    return 0


if __name__ == "__main__":
    sys.exit(probe(sys.argv[1]))
