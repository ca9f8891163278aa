"""Joining or starting Ray, and what its cluster has."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import ray
from ray._private.state import available_resources_per_node
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ttsgrid.cluster.driver.capacity import Capacity, Nodes
from ttsgrid.cluster.driver.ray_client import is_client
from ttsgrid.cluster.driver.reach import require_reachable, setting_of
from ttsgrid.cluster.driver.stopping import own_handlers
from ttsgrid.core.errors import HeadSilentError, PlacementError, StoppedError
from ttsgrid.grid.config import ClusterConfig
from ttsgrid.grid.preflight.memory import gpu_gib

GIB = 1 << 30
MANY_NODES = 32
GPU_ANSWER_S = 30.0  # of nodes that start a process for it
HEAD_TIMEOUT_S = 1.0
HERE = "local"  # starts Ray, whatever runs beside it


@contextmanager
def ray_cluster(config: ClusterConfig, own_code: Sequence[str] = ()) -> Iterator[str]:
    """Join the configured cluster, or start Ray here; yield the dashboard's address.

    A cluster that was joined is left running; one that was started is shut down.

    Args:
        config: which cluster.
        own_code: folders of packages and files of modules that workers import; Ray copies
            them to every node.
    """
    # Without an address Ray joins whatever cluster somebody started on this machine last, and
    # dies with it; `auto` is there for those who want that.
    address = config.address or os.environ.get("RAY_ADDRESS") or HERE
    # Actors inherit this; uv's run hook would otherwise rebuild the environment for each worker.
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    # Older Rays hide the GPUs from an actor that asks for none, and warn in every process that
    # newer ones won't: take the newer way with both.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if address != HERE:
        require_reachable(config, address)
    try:
        with own_handlers():
            context = ray.init(
                address=address,
                include_dashboard=config.dashboard if address == HERE else None,
                log_to_driver=False,  # engines log hundreds of lines; Ray's session folder has them
                logging_level=logging.ERROR,
                namespace="ttsgrid",
                runtime_env={"py_modules": list(own_code)} if own_code else None,
            )
    except StoppedError:  # a signal, and nothing is wrong with Ray
        ray.shutdown()
        raise
    except Exception as error:  # Ray raises bare `Exception` for a node that is slow to start
        ray.shutdown()  # of what it started before it failed
        raise PlacementError(_why_not(config, address, error)) from error
    try:
        yield context.dashboard_url or ""
    finally:
        ray.shutdown()


def _why_not(config: ClusterConfig, address: str, error: Exception) -> str:
    reason = next(iter(str(error).splitlines()), "") or type(error).__name__
    if address != HERE:
        return f"the Ray cluster at {setting_of(config, address)} can't be joined: {reason}"
    slow = "timed out" in reason
    advice = (
        "Ray waits 30 s, whatever is set: end what else takes memory or time here, try again"
        if slow
        else "the folder of its files must be writable and short (RAY_TMPDIR)"
    )
    return f"Ray did not start on this machine: {reason} {advice}, or join a cluster (cluster=ray)"


def cluster_nodes(config: ClusterConfig | None = None) -> Nodes:
    """Return the nodes of the joined cluster, in use or not, and those that it may add.

    Args:
        config: what it says of new nodes counts where Ray tells nothing of them.
    """
    alive = tuple(_capacity(node["Resources"]) for node in ray.nodes() if node["Alive"])
    told = () if is_client() else _promised()
    promised = told or (stated_nodes(config, alive) if config else ())
    return Nodes(alive, promised)


def seen_nodes(config: ClusterConfig) -> Nodes:
    """Return `cluster_nodes`, of a cluster whose head node answers.

    Ray itself would wait for it for a minute, and then end the process.

    Raises:
        HeadSilentError: nobody listens there.
    """
    if not is_client():
        address = ray.get_runtime_context().gcs_address
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), HEAD_TIMEOUT_S).close()
        except OSError as error:
            raise HeadSilentError(f"Ray's head node at {address} does not answer") from error
    return cluster_nodes(config)


def stated_nodes(config: ClusterConfig, alive: Sequence[Capacity]) -> tuple[Capacity, ...]:
    """Return the nodes that can be added yet, as a configuration says; those added count."""
    # No autoscaler in Ray's own Python reports its node groups (`ReportClusterConfig`, 2.60).
    new = Capacity(config.new_node_gpus, config.new_node_memory_gib, config.new_node_cpus)
    added = sum(node.gpus >= new.gpus and node.cpus >= new.cpus for node in alive)
    return (new,) * max(0, config.new_nodes - added)


def free_nodes() -> Nodes:
    """Return what of each node nobody has reserved."""
    if is_client():
        free = ray.get(ray.remote(num_cpus=0)(available_resources_per_node).remote())
    else:
        free = available_resources_per_node()
    return Nodes(tuple(_capacity(node) for node in free.values()))


def smallest_gpu_gib() -> float | None:
    """Return the memory of the cluster's smallest GPU; None where a node can't tell."""
    alive = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("GPU")]
    there = [NodeAffinitySchedulingStrategy(node["NodeID"], soft=False) for node in alive]
    ask = ray.remote(num_cpus=0)(gpu_gib)
    asked = [ask.options(scheduling_strategy=node).remote() for node in there]
    try:
        told: list[float | None] = ray.get(asked, timeout=GPU_ANSWER_S)
    except RayError:  # a node that is that slow, or lacks ttsgrid, says so when a worker starts
        return None
    return None if None in told else min((one for one in told if one is not None), default=None)


def _promised() -> tuple[Capacity, ...]:
    """Return the nodes that an autoscaler says it can add."""
    config = ray._private.state.state.get_cluster_config()
    groups = config.node_group_configs if config is not None else ()
    promised: list[Capacity] = []
    for group in groups:
        # -1 stands for any number; more than a run can use need not be imagined.
        most = MANY_NODES if group.max_count < 0 else min(group.max_count, MANY_NODES)
        promised += [_capacity(dict(group.resources))] * most
    return tuple(promised)


def _capacity(resources: Mapping[str, float]) -> Capacity:
    memory_gib = resources.get("memory", 0) / GIB
    return Capacity(resources.get("GPU", 0), memory_gib, resources.get("CPU", 0))
