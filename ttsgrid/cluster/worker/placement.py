"""Where Ray puts a worker: on one node, or an engine of several stages on as many as it takes.

vLLM wants a placement group whose bundles hold one GPU each, and finds the one that its own actor
stands in (`initialize_ray_cluster` in vllm/v1/executor/ray_utils.py). The actor takes CPUs and
memory of the first bundle, so that it stands beside one of its GPUs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ray.util.placement_group import PlacementGroup, placement_group, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from ttsgrid.cluster.wire.tasks import WorkerSpec


@dataclass(frozen=True)
class Placement:
    """What a worker asks of Ray.

    Attributes:
        options: of its actor.
        group: what was reserved for it apart; None where its actor reserves all.
    """

    options: dict[str, Any]
    group: PlacementGroup | None = None

    def release(self) -> None:
        """Give back what was reserved apart from the actor, which ends with it."""
        if self.group is not None:
            remove_placement_group(self.group)


def placement_of(spec: WorkerSpec) -> Placement:
    """Return what a worker asks of Ray, and reserve it where that takes a group."""
    options: dict[str, Any] = {"num_cpus": spec.cpus, "memory": int(spec.memory_gib * (1 << 30))}
    if not spec.gpus or spec.engine.pipeline_parallel == 1:
        return Placement(options | {"num_gpus": spec.gpus})
    group = placement_group(bundles_of(spec), strategy="PACK")
    strategy = PlacementGroupSchedulingStrategy(
        group, placement_group_bundle_index=0, placement_group_capture_child_tasks=True
    )
    return Placement(options | {"num_gpus": 0, "scheduling_strategy": strategy}, group)


def bundles_of(spec: WorkerSpec) -> list[dict[str, float]]:
    """Return the bundles of an engine of several stages, its actor's first."""
    own = {"CPU": float(spec.cpus), "memory": float(int(spec.memory_gib * (1 << 30)))}
    return [own | {"GPU": 1.0}, *[{"GPU": 1.0}] * (int(spec.gpus) - 1)]
