"""Policy and PRM on one GPU, where a search finds no GPU for each of them.

A shared GPU is given out in fractions, which Ray places and vLLM keeps to as its share of the
memory. The PRM gets what it needs; the policy, whose keys and values decide how many sequences
run at once, gets the rest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ttsgrid.cluster.driver.capacity import Nodes, demand
from ttsgrid.cluster.driver.waves import Fleet
from ttsgrid.cluster.wire.tasks import WorkerSpec

Pair = tuple[str, str]
STEPS = 100  # of a GPU: Ray counts in ten-thousandths, people read per cent


def crowded_pairs(fleet: Fleet, pairs: Iterable[Pair], cluster: Nodes) -> list[Pair]:
    """Return the pairs of policy and PRM that find no room side by side."""
    return [pair for pair in pairs if not cluster.hold([demand(fleet[name][0]) for name in pair])]


def with_shared_gpus(
    fleet: Fleet, crowded: Iterable[Pair], shares: Mapping[str, float | None]
) -> dict[str, list[WorkerSpec]]:
    """Let models share GPUs where a pair can't have GPUs of its own.

    Args:
        fleet: the replicas of each model.
        crowded: policy and PRM of searches that find no room side by side.
        shares: of a GPU's memory for engines that each model needs; None where unknown.
    """
    needs = {name: _need(specs[0], shares.get(name)) for name, specs in fleet.items()}
    of_prm: dict[str, float] = {}
    of_policy: dict[str, float] = {}
    for policy, prm in crowded:
        own, read = needs[policy], needs[prm]
        if own is None or read is None or own + read > 1:
            continue
        of_prm[prm] = read
        of_policy[policy] = min(of_policy.get(policy, 1.0), 1 - read)
    given = of_prm | of_policy
    return {
        name: [_sharing(spec, given.get(name)) for spec in specs] for name, specs in fleet.items()
    }


def _need(spec: WorkerSpec, share: float | None) -> float | None:
    """Return the share of one GPU, rounded up; None for a model that can't share one."""
    return None if share is None or spec.gpus != 1 else math.ceil(share * STEPS) / STEPS


def _sharing(spec: WorkerSpec, share: float | None) -> WorkerSpec:
    if share is None:
        return spec
    share = round(share, 2)
    of_memory = round(spec.engine.gpu_memory_utilization * share, 4)
    return replace(spec, gpus=share, engine=replace(spec.engine, gpu_memory_utilization=of_memory))
