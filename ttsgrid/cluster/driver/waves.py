"""Which work runs at the same time: a search needs its policy and its PRM side by side.

Samples and scores do not: engines for them can take turns, since a block waits in the
driver until its PRM has room. So where the cluster holds one replica of every model,
all work is one wave. Where it does not, samples and scores are a wave whose engines
stand in line, and searches follow in waves of (policy, PRM) pairs, as many pairs at
once as fit. A wave's engines stop before the next begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ttsgrid.cluster.driver.capacity import Bundles, Nodes, demand, in_words
from ttsgrid.cluster.wire.tasks import WorkerSpec
from ttsgrid.core.errors import PlacementError
from ttsgrid.core.units import SearchTree, Unit

Wave = tuple[Unit, ...]
Fleet = Mapping[str, Sequence[WorkerSpec]]


def plan_waves(units: Sequence[Unit], fleet: Fleet, cluster: Nodes) -> list[Wave]:
    """Split units into waves, each of which the cluster can finish by itself.

    Args:
        units: what is to run, in dispatch order.
        fleet: the replicas of each model.
        cluster: the nodes that all must share.

    Raises:
        PlacementError: a search's policy and PRM do not fit together; the message
            names the settings.
    """
    searches = [unit.tree for unit in units if unit.tree]
    # Without searches nothing must be resident at the same time, however large the models.
    if not searches or cluster.hold(_together(_models(units), fleet)):
        return [tuple(units)]
    pool = tuple(unit for unit in units if not unit.tree)
    return ([pool] if pool else []) + _search_waves(searches, fleet, cluster)


def _search_waves(searches: Sequence[SearchTree], fleet: Fleet, cluster: Nodes) -> list[Wave]:
    waves: list[list[Unit]] = []
    resident: set[str] = set()
    for pair, trees in _by_pair(searches).items():
        if not cluster.hold(_together(pair, fleet)):
            raise _no_room(pair, fleet, cluster)
        if not waves or not cluster.hold(_together(resident | set(pair), fleet)):
            waves.append([])
            resident = set()
        waves[-1].extend(trees)
        resident |= set(pair)
    return [tuple(wave) for wave in waves]


def _by_pair(searches: Iterable[SearchTree]) -> dict[tuple[str, ...], list[SearchTree]]:
    pairs: dict[tuple[str, ...], list[SearchTree]] = {}
    for tree in searches:
        pairs.setdefault((tree.policy.name, tree.prm.name), []).append(tree)
    return pairs


def _models(units: Iterable[Unit]) -> set[str]:
    return {model.name for unit in units for model in unit.models}


def _together(models: Iterable[str], fleet: Fleet) -> list[Bundles]:
    """What one replica of each model reserves; further replicas wait for room."""
    return [demand(fleet[model][0]) for model in models]


def _no_room(pair: Sequence[str], fleet: Fleet, cluster: Nodes) -> PlacementError:
    policy, prm = pair
    wants, more = (in_words(fleet[name][0]) for name in pair)
    return PlacementError(
        f"a search needs {policy} and {prm} at the same time: {wants}, and {more} (num_gpus of "
        f"each, engine.cpus, engine.memory_gib); the cluster is {cluster}"
    )
