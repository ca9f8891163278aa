"""Where a worker runs, so that whoever reads of its death can look there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Whereabouts:
    """A worker's process.

    Attributes:
        host: the machine's name.
        address: its address, as Ray's dashboard lists nodes.
        log: file on that machine that holds what the worker and its engine write.
    """

    host: str
    address: str
    pid: int
    log: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} ({self.address}), log {self.log}"
