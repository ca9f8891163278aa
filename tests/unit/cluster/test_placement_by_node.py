"""Workers stand on nodes: what fits at once, who waits, and when waiting is over."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from io import StringIO
from itertools import product
from pathlib import Path

import pytest
import ray
from ray.core.generated import autoscaler_pb2

from tests.unit.cluster.simulation import SimulatedCluster, drive, run_virtually
from tests.unit.cluster.test_simulated_runs import committed, fleet, planned
from ttsgrid.cluster.driver import standstill
from ttsgrid.cluster.driver.capacity import Capacity, Nodes
from ttsgrid.cluster.driver.fleet import FleetWorker
from ttsgrid.cluster.driver.ray_cluster import cluster_nodes, stated_nodes
from ttsgrid.cluster.wire.tasks import WorkerSpec
from ttsgrid.core.errors import PlacementError
from ttsgrid.core.spent import Stage
from ttsgrid.grid.config import ClusterConfig


def gpus(number: float) -> Capacity:
    return Capacity(number, 1, 1)


def test_two_nodes_of_one_gpu_hold_no_worker_of_two() -> None:
    two = Nodes((gpus(1), gpus(1)))
    assert not two.hold([(gpus(2),)])
    assert two.hold([(gpus(1), Capacity(1, 0, 0))])  # stages stand on several nodes


def test_three_workers_of_six_tenths_do_not_share_two_nodes_of_one() -> None:
    worker = (Capacity(0, 0, 0.6),)
    nodes = Nodes((Capacity(0, 0, 1), Capacity(0, 0, 1)))
    assert nodes.hold([worker] * 2)
    assert not nodes.hold([worker] * 3)


def test_what_fits_is_what_some_assignment_of_workers_to_nodes_shows() -> None:
    rng = random.Random(0)
    for _ in range(300):
        free = [Capacity(rng.randrange(5), rng.randrange(9), rng.randrange(5)) for _ in range(3)]
        wants = [Capacity(rng.randrange(3), rng.randrange(4), rng.randrange(3)) for _ in range(4)]

        def stand(places: tuple[int, ...], free: list[Capacity], wants: list[Capacity]) -> bool:
            left = list(free)
            for place, worker in zip(places, wants, strict=True):
                left[place] = left[place] - worker
            return all(min(node.gpus, node.memory_gib, node.cpus) >= 0 for node in left)

        any_way = any(stand(places, free, wants) for places in product(range(3), repeat=4))
        assert Nodes(tuple(free)).hold([(worker,) for worker in wants]) == any_way


class FullCluster(SimulatedCluster):
    """Places only what `has_room` lets in, as a cluster that others use too."""

    has_room: Callable[[WorkerSpec], bool]

    async def start(
        self, spec: WorkerSpec, placed: Callable[[], None], reaches: Callable[[Stage], None]
    ) -> FleetWorker:
        while not self.has_room(spec):
            await asyncio.sleep(0.5)
        return await super().start(spec, placed, reaches)


def test_a_replica_without_a_place_holds_nobody_up_and_is_said_to_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standstill, "SAY_AFTER_S", 1.0)
    plan, cluster, said = planned(6), FullCluster(), StringIO()
    started: set[str] = set()

    def one_each(spec: WorkerSpec) -> bool:
        if spec.engine.name in started:
            return False
        started.add(spec.engine.name)
        return True

    cluster.has_room = one_each
    # Others use all but half a CPU of the node.
    half = [Capacity(0, 64, 0.5)]
    run = drive(plan, fleet(policies=2), cluster, tmp_path, said=said, free=half)
    run_virtually(asyncio.wait_for(run, 500))
    committed(tmp_path, plan)
    assert len(cluster.workers) == 4
    told = " ".join(said.getvalue().split())
    assert told.count("waiting: ") == 1
    assert (
        "waiting: small/1, medium/1; small/1 asks for 1 CPU and 1 GiB on one node (num_gpus, "
        "engine.cpus, engine.memory_gib); free is a node with 0.5 CPUs and 64 GiB"
    ) in told


def said_of_a_slow_start(folder: Path, free: Capacity, placed_after_s: float) -> list[str]:
    """Start six workers of a CPU each on six CPUs, and return what is said of waiting."""
    plan, cluster, said = planned(2), FullCluster(), StringIO()

    async def run() -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        cluster.has_room = lambda spec: loop.time() - start >= placed_after_s
        nodes = [Capacity(0, 64, 6)]
        fleet_of_six = fleet(policies=2)
        await drive(plan, fleet_of_six, cluster, folder, nodes, said=said, free=[free])

    run_virtually(run())
    committed(folder, plan)
    told = " ".join(said.getvalue().split())
    return [part.split(" [")[0] for part in told.split("waiting: ")[1:]]


def test_workers_whose_room_is_reserved_are_not_said_to_lack_it_while_their_processes_start(
    tmp_path: Path,
) -> None:
    all_reserved = Capacity(0, 58, 0)
    assert said_of_a_slow_start(tmp_path / "soon", all_reserved, 100) == []
    (late,) = said_of_a_slow_start(tmp_path / "late", all_reserved, 140)
    assert "asks for 1 CPU" in late  # by then it is reserved for somebody else


def test_what_is_free_and_enough_is_not_called_a_lack(tmp_path: Path) -> None:
    enough = Capacity(0, 1, 1)
    assert said_of_a_slow_start(tmp_path / "soon", enough, 100) == []
    (late,) = said_of_a_slow_start(tmp_path / "late", enough, 140)
    assert late == (
        "small/0, medium/0, prm-a and 3 more; there is room for small/0, and Ray has yet to start "
        "its process"
    )


def test_all_who_lack_room_are_said_in_one_line_and_only_once_they_have_waited(
    tmp_path: Path,
) -> None:
    too_little = Capacity(0, 64, 0.5)
    assert said_of_a_slow_start(tmp_path / "soon", too_little, 10) == []
    (said,) = said_of_a_slow_start(tmp_path / "later", too_little, 60)
    assert said == (
        "small/0, medium/0, prm-a and 3 more; small/0 asks for 1 CPU and 1 GiB on one node "
        "(num_gpus, engine.cpus, engine.memory_gib); free is a node with 0.5 CPUs and 64 GiB"
    )


def test_only_when_nothing_runs_and_nothing_is_placed_the_run_ends_in_a_sentence(
    tmp_path: Path,
) -> None:
    cluster = FullCluster()
    cluster.has_room = lambda spec: False
    with pytest.raises(PlacementError) as caught:
        run_virtually(drive(planned(2), fleet(), cluster, tmp_path, [Capacity(0, 64, 64)]))
    assert str(caught.value) == (
        "nothing runs, and nothing could be placed for 300 s (cluster.placement_timeout_s): small "
        "asks for 1 CPU and 1 GiB on one node (num_gpus, engine.cpus, engine.memory_gib); free is "
        "a node with 64 CPUs and 64 GiB"
    )


def test_nodes_that_an_autoscaler_can_add_count_as_room(monkeypatch: pytest.MonkeyPatch) -> None:
    config = autoscaler_pb2.ClusterConfig(
        node_group_configs=[
            autoscaler_pb2.NodeGroupConfig(
                resources={"CPU": 8, "GPU": 2, "memory": 64 << 30}, max_count=3, name="gpu"
            ),
            autoscaler_pb2.NodeGroupConfig(resources={"CPU": 4}, max_count=-1, name="any"),
        ]
    )
    head = {"Alive": True, "Resources": {"CPU": 2.0, "memory": float(4 << 30)}}
    monkeypatch.setattr(ray, "nodes", lambda: [head, {"Alive": False, "Resources": {"GPU": 8.0}}])
    monkeypatch.setattr(ray._private.state.state, "get_cluster_config", lambda: config)
    cluster = cluster_nodes()
    assert cluster.nodes == (Capacity(0, 4, 2),)
    assert cluster.promised.count(Capacity(2, 64, 8)) == 3
    assert Capacity(0, 0, 4) in cluster.promised
    assert cluster.hold([(Capacity(2, 60, 8),)] * 3)
    assert not cluster.hold([(Capacity(2, 60, 8),)] * 4)


def test_nodes_that_can_be_added_are_as_stated_until_they_are_there() -> None:
    config = ClusterConfig(new_nodes=2, new_node_gpus=2, new_node_cpus=8, new_node_memory_gib=40)
    head, new, added = Capacity(0, 10, 0), Capacity(2, 40, 8), Capacity(2, 44.8, 8)
    assert stated_nodes(config, [head]) == (new, new)
    assert stated_nodes(config, [head, added]) == (new,)
    assert stated_nodes(config, [head, added, added, added]) == ()
    assert stated_nodes(ClusterConfig(), [head]) == ()
    waits = Nodes((head,), stated_nodes(config, [head]))
    assert waits.has_gpus
    assert waits.hold([(Capacity(2, 16, 2),)] * 2)
