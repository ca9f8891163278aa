"""Whether a Ray cluster can be joined, found out before Ray tries: it would wait for minutes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from urllib.parse import urlsplit

from ttsgrid.cluster.driver.probe import ASKS_FOR_TOKEN, NO_RAY, NOBODY_LISTENS
from ttsgrid.core.errors import PlacementError
from ttsgrid.grid.config import ClusterConfig

PROBE_TIMEOUT_S = 15.0
CONNECT_TIMEOUT_S = 5.0
CLIENT_PORT = 10001  # Ray's own default for ray://


def setting_of(config: ClusterConfig, address: str) -> str:
    """Return the setting that named an address, as a person would write it."""
    told = os.environ.get("RAY_ADDRESS")
    if told and config.address in (None, "auto"):
        return f"RAY_ADDRESS={told}"
    return f"cluster.address={address}"


def require_reachable(config: ClusterConfig, address: str) -> None:
    """Check that a Ray cluster answers at an address to join.

    Raises:
        PlacementError: in a sentence that names the setting.
    """
    told = os.environ.get("RAY_ADDRESS") if address == "auto" else None
    parts, setting = urlsplit(told or address), setting_of(config, address)
    if parts.scheme in ("http", "https"):
        raise PlacementError(
            f"{setting} is the address of Ray's dashboard, which takes jobs (`ray job submit`); a "
            f"sweep joins {parts.hostname}:6379, the port of `ray start --head`, or "
            f"ray://{parts.hostname}:{CLIENT_PORT}"
        )
    if parts.scheme == "ray":
        port = parts.port or CLIENT_PORT
        _require_listener(parts.hostname or "", port, setting)
        there = parts.netloc if parts.port else f"{parts.netloc}:{port}"
        _ask(f"ray://{there}", setting, f"port {CLIENT_PORT} by default")
        return
    _ask(address, setting, "the port of `ray start --head`, 6379 by default")


def _require_listener(host: str, port: int, setting: str) -> None:
    try:
        socket.create_connection((host, port), CONNECT_TIMEOUT_S).close()
    except OSError as error:
        raise _nobody(setting) from error


def _ask(address: str, setting: str, ports: str) -> None:
    command = [sys.executable, "-m", "ttsgrid.cluster.driver.probe", address]
    try:
        code = subprocess.run(command, capture_output=True, timeout=PROBE_TIMEOUT_S).returncode
    except subprocess.TimeoutExpired:
        code = NO_RAY
    if code == NO_RAY:
        raise PlacementError(
            f"what listens at {setting} does not answer as Ray's head node does; name {ports}"
        )
    if code == NOBODY_LISTENS:
        raise _nobody(setting)
    if code == ASKS_FOR_TOKEN:
        raise PlacementError(
            f"the Ray cluster at {setting} asks for its token: set RAY_AUTH_MODE=token, and have "
            f"the token in ~/.ray/auth_token or RAY_AUTH_TOKEN (`ray get-auth-token` on the head "
            f"node prints it)"
        )


def _nobody(setting: str) -> PlacementError:
    return PlacementError(
        f"no Ray cluster answers at {setting}; start one with `ray start --head`, name another, "
        f"or let the sweep start its own (cluster=local, RAY_ADDRESS unset)"
    )
