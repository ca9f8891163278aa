"""What a cluster can hold at once and what a worker takes of it; plain sums, free of Ray."""

from __future__ import annotations

from dataclasses import dataclass

from ttsgrid.cluster.wire.tasks import WorkerSpec
from ttsgrid.core.errors import PlacementError


@dataclass(frozen=True)
class Capacity:
    """Resources, of a cluster or of a set of workers."""

    cpus: float
    gpus: float
    memory_gib: float

    def holds(self, other: Capacity) -> bool:
        """Say whether `other` fits in."""
        # A hair of slack: three engines of 0.1 CPUs add up to 0.30000000000000004.
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


def require_room(spec: WorkerSpec, capacity: Capacity) -> None:
    """Refuse, before any engine starts, a worker that the cluster can never hold.

    Raises:
        PlacementError: naming the resource that lacks and the setting that asks for it.
    """
    wants, name = demand(spec), spec.engine.name
    gpus = "num_gpus" if spec.engine.pipeline_parallel == 1 else "num_gpus x pipeline_parallel"
    for resource, asked, there, setting in (
        ("CPUs", wants.cpus, capacity.cpus, "engine.cpus"),
        ("GPUs", wants.gpus, capacity.gpus, f"{name}.{gpus}"),
        ("GiB of memory", wants.memory_gib, capacity.memory_gib, "engine.memory_gib"),
    ):
        if asked > there + 1e-6:
            raise PlacementError(
                f"{name} asks for {asked:g} {resource} ({setting}); the whole cluster has {there:g}"
            )
