"""From a plan to a running fleet: worker specs, Ray, the driver; the bridge to `cluster`."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from rich.console import Console

from ttsgrid.cluster.driver.capacity import require_room
from ttsgrid.cluster.driver.committer import Committer
from ttsgrid.cluster.driver.driver import Driver
from ttsgrid.cluster.driver.figures import Figures
from ttsgrid.cluster.driver.fleet_specs import REQUESTS_PER_SEQUENCE, automatic_models, fleet_of
from ttsgrid.cluster.driver.progress import Progress
from ttsgrid.cluster.driver.ray_cluster import (
    free_nodes,
    ray_cluster,
    seen_nodes,
    smallest_gpu_gib,
)
from ttsgrid.cluster.driver.ray_metrics import RayMetrics
from ttsgrid.cluster.driver.remote_worker import RemoteWorker
from ttsgrid.cluster.driver.replica import Limits
from ttsgrid.cluster.driver.spread import Spread
from ttsgrid.cluster.driver.standstill import Room
from ttsgrid.cluster.driver.stopping import run_until_stopped, stopped
from ttsgrid.core.dotted import files_to_ship
from ttsgrid.core.spent import Part, Spent
from ttsgrid.core.units import SampleBlock, ScoreBlock
from ttsgrid.grid.config import GridConfig
from ttsgrid.grid.own_code import own_code
from ttsgrid.grid.plan import Plan
from ttsgrid.grid.preflight.memory import memory_for
from ttsgrid.grid.resolve import ResolvedModel, sizes_of
from ttsgrid.store import Store
from ttsgrid.store.solutions import load_solutions


async def run_missing(
    grid: GridConfig,
    plan: Plan,
    models: list[ResolvedModel],
    store: Store,
    console: Console,
    todo: Mapping[str, int],
    heard: Callable[[Figures], None],
    spent: Spent,
) -> int:
    """Run a plan's missing units, `heard` and `spent` hear of it; return how many failed."""
    spent.begin(Part.START)
    with ray_cluster(grid.cluster, files_to_ship([*own_code(grid), *grid.plugins])) as dashboard:
        if dashboard:
            console.print(f"Ray dashboard: http://{dashboard}", highlight=False)
        nodes = partial(seen_nodes, grid.cluster)
        cluster = nodes()
        workers = fleet_of(grid, models, plan, cluster, partial(_gpu_gib, grid))
        # Ray would leave such an actor pending, and say nothing until the placement times out.
        for specs in workers.values():
            require_room(specs[0], cluster)
        progress = Progress(console, todo, spent=spent)
        start = partial(
            RemoteWorker.start,
            placement_timeout_s=None,  # others may work meanwhile: the driver decides
            start_timeout_s=grid.engine.start_timeout_s,
            run_id=store.run_id,
            turns=defaultdict(asyncio.Lock),
        )
        driver = Driver(
            plan,
            workers,
            start,
            Committer(store, progress.figures.committed),
            progress,
            Room(nodes, free_nodes),
            _limits(grid),
            Spread(frozenset(automatic_models(workers, models)), sizes_of(models)),
            partial(_tell, (RayMetrics(store.run_id).tell, heard)),
        )
        spent.end(Part.START)  # of Ray; each worker counts its own
        with progress.shown():
            work = driver.run(load_solutions(store.files, blocks_to_score(plan)))
            sent = await run_until_stopped(work, driver.drain, grid.cluster.grace_s, progress.note)
        if sent is not None:
            raise stopped(sent, progress.committed_of_all, drain=grid.cluster.drain)
        return progress.num_failed


def _gpu_gib(grid: GridConfig) -> float | None:
    """Return the memory of one GPU, as stated, or as this machine or the cluster's nodes tell."""
    return memory_for(grid).gpu_gib or smallest_gpu_gib()


def _limits(grid: GridConfig) -> Limits:
    return Limits(
        max_attempts=grid.cluster.max_attempts,
        requests_in_flight=REQUESTS_PER_SEQUENCE * grid.engine.max_num_seqs,
        silence_s=grid.cluster.silence_s,
        first_result_s=grid.engine.start_timeout_s,
        standstill_s=grid.cluster.placement_timeout_s,
    )


def _tell(hearers: Iterable[Callable[[Figures], None]], figures: Figures) -> None:
    for hear in hearers:
        hear(figures)


def blocks_to_score(plan: Plan) -> set[str]:
    """Return ids of committed blocks whose solutions a missing scoring unit needs."""
    scores = plan.missing.where(lambda unit: unit.kind == ScoreBlock.kind)
    samples = plan.missing.where(lambda unit: unit.kind == SampleBlock.kind)
    awaited = {unit.awaits for unit in scores if unit.awaits}
    return awaited.difference(unit.id for unit in samples)
