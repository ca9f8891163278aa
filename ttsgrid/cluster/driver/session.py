"""Joining or starting Ray, and what the cluster can hold at once."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import ray

from ttsgrid.cluster.wire.tasks import WorkerSpec
from ttsgrid.core.errors import PlacementError
from ttsgrid.grid.config import ClusterConfig

GIB = 1 << 30


@dataclass(frozen=True)
class Capacity:
    """Resources, of a cluster or of a set of workers."""

    cpus: float
    gpus: float
    memory_gib: float

    def holds(self, other: Capacity) -> bool:
        """Say whether `other` fits in; a hair of slack for sums of fractions."""
        return (
            other.cpus <= self.cpus + 1e-6
            and other.gpus <= self.gpus + 1e-6
            and other.memory_gib <= self.memory_gib + 1e-6
        )

    def __add__(self, other: Capacity) -> Capacity:
        return Capacity(
            self.cpus + other.cpus, self.gpus + other.gpus, self.memory_gib + other.memory_gib
        )


NOTHING = Capacity(0, 0, 0)


def demand(spec: WorkerSpec) -> Capacity:
    """Return what one worker reserves."""
    return Capacity(spec.cpus, spec.gpus, spec.memory_gib)


@contextmanager
def ray_session(config: ClusterConfig) -> Iterator[str]:
    """Join the configured cluster, or start Ray here; yield the dashboard's address.

    A cluster that was joined is left running; one that was started is shut down.
    """
    address = config.address or os.environ.get("RAY_ADDRESS")
    # Actors inherit this; uv's run hook would otherwise rebuild environments a worker.
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        context = ray.init(
            address=address,
            include_dashboard=config.dashboard if address is None else None,
            log_to_driver=False,
            logging_level=logging.ERROR,
            namespace="ttsgrid",
        )
    except ConnectionError as error:
        raise PlacementError(
            f"no Ray cluster answers at cluster.address={address}: {error}"
        ) from error
    try:
        yield context.dashboard_url or ""
    finally:
        ray.shutdown()


def cluster_capacity() -> Capacity:
    """Return the resources of the joined cluster, in use or not."""
    total = ray.cluster_resources()
    return Capacity(total.get("CPU", 0), total.get("GPU", 0), total.get("memory", 0) / GIB)


def require_room(spec: WorkerSpec, capacity: Capacity) -> None:
    """Refuse, before any engine starts, a worker that the cluster can never hold.

    Raises:
        PlacementError: naming the resource that lacks and the setting that asks for it.
    """
    wants = demand(spec)
    for resource, asked, there, setting in (
        ("CPUs", wants.cpus, capacity.cpus, "engine.cpus"),
        ("GPUs", wants.gpus, capacity.gpus, f"{spec.engine.name}.num_gpus"),
        ("GiB of memory", wants.memory_gib, capacity.memory_gib, "engine.memory_gib"),
    ):
        if asked > there + 1e-6:
            raise PlacementError(
                f"{spec.engine.name} asks for {asked:g} {resource} ({setting}); "
                f"the whole cluster has {there:g}"
            )
