"""PRMs that score given solutions, one after another, in Ray actors as in a sweep."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from rich.console import Console

from ttsgrid.cluster.driver.capacity import Nodes, demand, require_room
from ttsgrid.cluster.driver.fleet_specs import MOST_REPLICAS, worker_spec
from ttsgrid.cluster.driver.ray_cluster import cluster_nodes, ray_cluster
from ttsgrid.cluster.driver.remote_worker import RemoteWorker
from ttsgrid.cluster.driver.step_scoring import score_solutions
from ttsgrid.cluster.wire.scoring_link import ScoreReply, ScoreRequest
from ttsgrid.cluster.wire.tasks import WorkerSpec
from ttsgrid.core.dotted import files_to_ship
from ttsgrid.grid.config import GridConfig
from ttsgrid.grid.own_code import own_code
from ttsgrid.grid.resolve import ResolvedModel


@dataclass(frozen=True)
class PrmJob:
    """What one PRM is to score.

    Attributes:
        on_reply: told the position of a request and its reply, in any order.
    """

    model: ResolvedModel
    requests: Sequence[ScoreRequest]
    on_reply: Callable[[int, ScoreReply], None]


async def run_prm_jobs(grid: GridConfig, jobs: Sequence[PrmJob], console: Console) -> None:
    """Run jobs in order, each PRM's replicas side by side as far as they fit.

    Raises:
        WorkerStartError, PlacementError: a PRM can't run; earlier replies were handed on.
    """
    with ray_cluster(grid.cluster, files_to_ship([*own_code(grid), *grid.plugins])):
        cluster = cluster_nodes(grid.cluster)
        start = partial(
            RemoteWorker.start,
            placement_timeout_s=grid.cluster.placement_timeout_s,
            start_timeout_s=grid.engine.start_timeout_s,
            run_id=uuid.uuid4().hex[:12],
        )
        for job in jobs:
            console.print(
                f"{job.model.identity.name}: {len(job.requests):,} solutions to score",
                highlight=False,
            )
            workers = _workers(grid, job.model, cluster)
            try:
                await score_solutions(
                    workers, job.requests, start, job.on_reply, grid.cluster.max_attempts
                )
            except BaseExceptionGroup as group:  # replicas fail alike: the first says why
                raise _first(group) from None


def _workers(grid: GridConfig, model: ResolvedModel, cluster: Nodes) -> list[WorkerSpec]:
    """One spec per replica, as many as fit the cluster at once."""
    use_gpus = cluster.has_gpus if grid.cluster.use_gpus is None else grid.cluster.use_gpus
    spec = worker_spec(grid, model, (), use_gpus)
    require_room(spec, cluster)
    automatic = MOST_REPLICAS if spec.gpus else 1
    return [spec] * cluster.num_alone(demand(spec), model.config.replicas or automatic)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
