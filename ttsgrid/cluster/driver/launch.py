"""From a plan to a running fleet: worker specs, Ray, the driver; the bridge to `cluster`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from rich.console import Console
from transformers import AutoTokenizer

from ttsgrid.cluster.driver.capacity import Nodes, require_room
from ttsgrid.cluster.driver.committer import Committer
from ttsgrid.cluster.driver.driver import Driver
from ttsgrid.cluster.driver.progress import Progress
from ttsgrid.cluster.driver.ray_cluster import cluster_nodes, free_nodes, ray_cluster
from ttsgrid.cluster.driver.ray_metrics import RayMetrics
from ttsgrid.cluster.driver.remote_worker import RemoteWorker
from ttsgrid.cluster.driver.replica import Limits
from ttsgrid.cluster.driver.standstill import Room
from ttsgrid.cluster.driver.stopping import run_until_stopped, stopped
from ttsgrid.cluster.wire.tasks import WorkerSpec
from ttsgrid.core.dotted import files_to_ship
from ttsgrid.core.records import Problem
from ttsgrid.core.units import SampleBlock, ScoreBlock
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.engines.start import kind_for, require_served
from ttsgrid.grid.config import GridConfig
from ttsgrid.grid.fit import Fit
from ttsgrid.grid.own_code import engine_of, own_code
from ttsgrid.grid.plan import Plan, problems_of
from ttsgrid.grid.resolve import ResolvedModel
from ttsgrid.models.prms import prm_format
from ttsgrid.store import Store
from ttsgrid.store.solutions import load_solutions

# Of a worker that only sends requests and grades; it loads no model.
CPUS_OF_ENDPOINT = 0.2
MEMORY_GIB_OF_ENDPOINT = 0.5
REQUESTS_PER_SEQUENCE = 2  # in flight per worker: what decodes, and as much in line


async def run_missing(
    grid: GridConfig,
    plan: Plan,
    models: list[ResolvedModel],
    store: Store,
    console: Console,
    todo: Mapping[str, int],
) -> int:
    """Run a plan's missing units; return how many failed."""
    with ray_cluster(grid.cluster, files_to_ship([*own_code(grid), *grid.plugins])) as dashboard:
        if dashboard:
            console.print(f"Ray dashboard: http://{dashboard}", highlight=False)
        cluster = cluster_nodes()
        workers = worker_specs(grid, models, plan, cluster)
        # Ray would leave such an actor pending, and say nothing until the placement times out.
        for specs in workers.values():
            require_room(specs[0], cluster)
        progress = Progress(console, todo)
        limits = Limits(
            max_attempts=grid.cluster.max_attempts,
            requests_in_flight=REQUESTS_PER_SEQUENCE * grid.engine.max_num_seqs,
            silence_s=grid.cluster.silence_s,
            first_result_s=grid.engine.start_timeout_s,
            standstill_s=grid.cluster.placement_timeout_s,
        )
        start = partial(
            RemoteWorker.start,
            placement_timeout_s=None,  # others may work meanwhile: the driver decides
            start_timeout_s=grid.engine.start_timeout_s,
            run_id=store.run_id,
        )
        driver = Driver(
            plan,
            workers,
            start,
            Committer(store, progress.figures.committed),
            progress,
            Room(cluster_nodes, free_nodes),
            limits,
            RayMetrics(store.run_id).tell,
        )
        with progress.shown():
            work = driver.run(load_solutions(store.files, blocks_to_score(plan)))
            sent = await run_until_stopped(work, driver.drain, grid.cluster.grace_s, progress.note)
        if sent is not None:
            raise stopped(sent, progress.committed_of_all, drain=grid.cluster.drain)
        return progress.num_failed


def blocks_to_score(plan: Plan) -> set[str]:
    """Return ids of committed blocks whose solutions a missing scoring unit needs."""
    scores = plan.missing.where(lambda unit: unit.kind == ScoreBlock.kind)
    samples = plan.missing.where(lambda unit: unit.kind == SampleBlock.kind)
    awaited = {unit.awaits for unit in scores if unit.awaits}
    return awaited.difference(unit.id for unit in samples)


def worker_specs(
    grid: GridConfig, models: list[ResolvedModel], plan: Plan, cluster: Nodes
) -> dict[str, list[WorkerSpec]]:
    """Return one spec per replica of each model that a missing unit needs, in the grid's order."""
    needed = {model.name for unit, _ in plan.missing.alike() for model in unit.models}
    use_gpus = cluster.has_gpus if grid.cluster.use_gpus is None else grid.cluster.use_gpus
    return {
        model.identity.name: [worker_spec(grid, model, plan.problems, use_gpus)]
        * model.config.replicas
        for model in models
        if model.identity.name in needed
    }


def worker_spec(
    grid: GridConfig, model: ResolvedModel, problems: tuple[Problem, ...], use_gpus: bool
) -> WorkerSpec:
    """Return what a worker of one model holds and reserves."""
    engine, asked, head = grid.engine, model.config.endpoint, _head(model)
    gpus = model.config.num_gpus if use_gpus and asked is None else 0
    stages = model.config.pipeline_parallel if gpus else 1
    told = engine_of(grid, model.config).as_told()
    spec = EngineSpec(
        **(told | {"kind": kind_for(told["kind"], head)}),
        role=model.role,
        name=model.identity.name,
        source=model.source,
        revision=model.commit,
        dtype=model.dtype,
        quantization=model.config.quantization,
        num_gpus=gpus,
        pipeline_parallel=stages,
        max_model_len=_engine_tokens(grid, model, problems),
        head=head,
        marker_tokens=_marker_tokens(model),
        endpoint=asked,
    )
    require_served(spec)
    return WorkerSpec(
        spec,
        model.config.format,
        grid.benchmarks,
        min(engine.cpus, CPUS_OF_ENDPOINT) if asked else engine.cpus,
        gpus * stages,
        min(engine.memory_gib, MEMORY_GIB_OF_ENDPOINT) if asked else engine.memory_gib,
        grid.plugins,
        REQUESTS_PER_SEQUENCE * asked.concurrency if asked else None,
    )


def _engine_tokens(
    grid: GridConfig, model: ResolvedModel, problems: tuple[Problem, ...]
) -> int | None:
    """Return the longest sequence that any benchmark needs; None for the model's own limit."""
    needed = [
        Fit(problems_of(benchmark.name, problems), benchmark.instruction).engine_tokens(model)
        for benchmark in grid.benchmarks
    ]
    known = [tokens for tokens in needed if tokens is not None]
    return max(known) if len(known) == len(needed) else None


def _head(model: ResolvedModel) -> str:
    return prm_format(model.config.format).engine_task if model.role == "prm" else "token_classify"


def _marker_tokens(model: ResolvedModel) -> tuple[int, int] | None:
    """Look up the (negative, positive) token ids of a PRM that scores with two tokens."""
    if _head(model) != "marker_logits":
        return None
    tokenizer = AutoTokenizer.from_pretrained(model.source, revision=model.commit)
    markers = prm_format(model.config.format).marker_ids(tokenizer)
    return None if markers is None else (markers[1], markers[0])
