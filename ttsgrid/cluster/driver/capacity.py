"""What a cluster can hold at once, node by node; sums over nodes hold no worker. Free of Ray.

A worker stands on one node. An engine of several stages takes its GPUs one by one, on as many
nodes as it needs. Whether some workers fit at the same time is bin packing: exact for few,
best-fit for many, where a false "no" costs a turn in line and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ttsgrid.cluster.wire.tasks import WorkerSpec
from ttsgrid.core.errors import PlacementError

MAX_PACKED_EXACTLY = 6  # bundles; their orders grow as a factorial


@dataclass(frozen=True, order=True)
class Capacity:
    """Resources, of a node or of a bundle that must stand on one."""

    gpus: float
    memory_gib: float
    cpus: float

    def holds(self, other: Capacity) -> bool:
        """Say whether `other` fits in."""
        # A hair of slack: three engines of 0.1 CPUs add up to 0.30000000000000004.
        return (
            other.cpus <= self.cpus + 1e-6
            and other.gpus <= self.gpus + 1e-6
            and other.memory_gib <= self.memory_gib + 1e-6
        )

    def __sub__(self, other: Capacity) -> Capacity:
        return Capacity(
            self.gpus - other.gpus, self.memory_gib - other.memory_gib, self.cpus - other.cpus
        )

    def __str__(self) -> str:
        gpus = f"{self.gpus:g} GPU{'' if self.gpus == 1 else 's'}, " if self.gpus else ""
        cpus = f"{self.cpus:g} CPU{'' if self.cpus == 1 else 's'}"
        return f"{gpus}{cpus} and {self.memory_gib:.3g} GiB"


Bundles = tuple[Capacity, ...]


@dataclass(frozen=True)
class Nodes:
    """A cluster's nodes, in use or not.

    Attributes:
        promised: nodes that its autoscaler adds when they are asked for.
    """

    nodes: tuple[Capacity, ...]
    promised: tuple[Capacity, ...] = ()

    @property
    def all(self) -> tuple[Capacity, ...]:
        """Nodes that are there or can be had."""
        return self.nodes + self.promised

    @property
    def has_gpus(self) -> bool:
        """Whether any node has a GPU."""
        return any(node.gpus for node in self.all)

    def hold(self, workers: Sequence[Bundles]) -> bool:
        """Say whether workers find room at the same time."""
        bundles = sorted((bundle for worker in workers for bundle in worker), reverse=True)
        exactly = len(bundles) <= MAX_PACKED_EXACTLY
        return _fit(sorted(self.all), bundles, exactly)

    def num_alone(self, worker: Bundles, most: int) -> int:
        """Return how many such workers they hold where nothing else runs, up to `most`."""
        if len(worker) > 1:
            return next((n for n in range(most) if not self.hold([worker] * (n + 1))), most)
        return min(most, sum(_times(node, worker[0], most) for node in self.all))

    def __str__(self) -> str:
        return _listed(self.nodes) if self.nodes else "no node"


def _fit(free: list[Capacity], bundles: Sequence[Capacity], exactly: bool) -> bool:
    """Put the largest bundle on the smallest node that holds it, or in turn on each."""
    if not bundles:
        return True
    first, *others = bundles
    tried: set[Capacity] = set()
    for place, node in enumerate(free):
        if node in tried or not node.holds(first):
            continue
        left = sorted([*free[:place], node - first, *free[place + 1 :]])
        if _fit(left, others, exactly):
            return True
        if not exactly:
            return False
        tried.add(node)
    return False


def _times(node: Capacity, bundle: Capacity, most: int) -> int:
    """Return how often a bundle goes into a node, up to `most`."""
    number = 0
    while number < most and node.holds(bundle):
        node, number = node - bundle, number + 1
    return number


def _listed(nodes: Sequence[Capacity]) -> str:
    kinds = {node: nodes.count(node) for node in sorted(nodes, reverse=True)}
    return "; ".join(
        f"{count} nodes with {node} each" if count > 1 else f"a node with {node}"
        for node, count in kinds.items()
    )


def demand(spec: WorkerSpec) -> Bundles:
    """Return what one worker reserves, a bundle per node that it may stand on."""
    own = Capacity(spec.gpus, spec.memory_gib, spec.cpus)
    if spec.engine.pipeline_parallel == 1 or not spec.gpus:
        return (own,)
    further = int(spec.gpus) - 1
    return (Capacity(1, spec.memory_gib, spec.cpus), *[Capacity(1, 0, 0)] * further)


def in_words(spec: WorkerSpec) -> str:
    """Say what a worker asks for."""
    whole = Capacity(spec.gpus, spec.memory_gib, spec.cpus)
    return f"{whole} on one node" if len(demand(spec)) == 1 else f"{whole}, GPU by GPU"


def require_room(spec: WorkerSpec, cluster: Nodes) -> None:
    """Refuse, before any engine starts, a worker that the cluster can never hold.

    Raises:
        PlacementError: naming the resource that lacks and the setting that asks for it.
    """
    if cluster.hold([demand(spec)]):
        return
    name = spec.engine.name
    if len(demand(spec)) > 1:
        raise PlacementError(
            f"{name} asks for {spec.gpus:g} GPUs ({name}.num_gpus x pipeline_parallel); the whole "
            f"cluster has {sum(node.gpus for node in cluster.all):g}"
        )
    own, largest = demand(spec)[0], cluster.all
    for resource, asked, there, setting in (
        ("CPUs", own.cpus, [node.cpus for node in largest], "engine.cpus"),
        ("GPUs", own.gpus, [node.gpus for node in largest], f"{name}.num_gpus"),
        ("GiB of memory", own.memory_gib, [n.memory_gib for n in largest], "engine.memory_gib"),
    ):
        if asked > max(there, default=0) + 1e-6:
            raise PlacementError(
                f"{name} asks for {asked:g} {resource} on one node ({setting}); no node of the "
                f"cluster has more than {max(there, default=0):.3g}"
            )
    raise PlacementError(
        f"{name} asks for {in_words(spec)} ({name}.num_gpus, engine.cpus, engine.memory_gib); no "
        f"node has all of it: {cluster}"
    )
