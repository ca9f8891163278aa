"""Which workers a run may start: a spec for each replica of each model that it needs.

Without GPUs an automatic model has one replica: engines on one machine's cores share them
already. With GPUs it has as many as the cluster could hold of it alone; how many start is the
wave's affair (`ttsgrid.cluster.driver.spread`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ttsgrid.cluster.driver.capacity import Nodes, demand
from ttsgrid.cluster.driver.sharing import Pair, crowded_pairs, with_shared_gpus
from ttsgrid.cluster.wire.tasks import WorkerSpec
from ttsgrid.core.records import Problem
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.engines.start import kind_for, require_served
from ttsgrid.grid.config import GridConfig
from ttsgrid.grid.fit import Fit
from ttsgrid.grid.own_code import engine_of
from ttsgrid.grid.plan import Plan, problems_of
from ttsgrid.grid.preflight.gpu_share import gpu_gib_needed
from ttsgrid.grid.resolve import ResolvedModel
from ttsgrid.models.prms import prm_format

# Of a worker that only sends requests and grades; it loads no model.
CPUS_OF_ENDPOINT = 0.2
MEMORY_GIB_OF_ENDPOINT = 0.5
REQUESTS_PER_SEQUENCE = 2  # in flight per worker: what decodes, and as much in line
MOST_REPLICAS = 64  # of an automatic model; whoever has more GPUs says how many


def fleet_of(
    grid: GridConfig,
    models: list[ResolvedModel],
    plan: Plan,
    cluster: Nodes,
    gpu_gib: Callable[[], float | None],
) -> dict[str, list[WorkerSpec]]:
    """Return a spec for each replica of each model that a missing unit needs, in the grid's order.

    Args:
        grid: the validated grid.
        models: its models; several of one name differ in how they are asked.
        plan: its missing units count.
        cluster: where workers will stand.
        gpu_gib: tells the memory of one GPU, where that is asked; None where unknown: then no two
            models share one.
    """
    needed = {model.name for unit, _ in plan.missing.alike() for model in unit.models}
    use_gpus = cluster.has_gpus if grid.cluster.use_gpus is None else grid.cluster.use_gpus
    used = {model.identity.name: model for model in models if model.identity.name in needed}
    single = {
        name: [worker_spec(grid, model, plan.problems, use_gpus)] for name, model in used.items()
    }
    crowded = crowded_pairs(single, _pairs(plan), cluster)
    if crowded and use_gpus and (gib := gpu_gib()) is not None:
        usable = gib * grid.engine.gpu_memory_utilization
        shares = {name: share_of(used[name], single[name][0], usable) for name in used}
        single = with_shared_gpus(single, crowded, shares)
    return {
        name: [spec] * _num_replicas(used[name], spec, cluster) for name, (spec,) in single.items()
    }


def _pairs(plan: Plan) -> list[Pair]:
    """Return the policy and the PRM of each kind of search."""
    trees = [unit.tree for unit, _ in plan.missing.alike() if unit.tree]
    return list(dict.fromkeys((tree.policy.name, tree.prm.name) for tree in trees))


def share_of(model: ResolvedModel, spec: WorkerSpec, usable_gib: float) -> float | None:
    """Return the share of a GPU's usable memory that a model needs; None where unknown."""
    needed = gpu_gib_needed(model, spec.engine.max_model_len)
    return None if needed is None else needed / usable_gib


def automatic_models(
    fleet: Mapping[str, list[WorkerSpec]], models: list[ResolvedModel]
) -> set[str]:
    """Return the names of models whose number of replicas nobody said, and which have GPUs."""
    return {
        model.identity.name
        for model in models
        if model.config.replicas is None
        and model.identity.name in fleet
        and fleet[model.identity.name][0].gpus
    }


def _num_replicas(model: ResolvedModel, spec: WorkerSpec, cluster: Nodes) -> int:
    if model.config.replicas is not None:
        return model.config.replicas
    return max(1, cluster.num_alone(demand(spec), MOST_REPLICAS)) if spec.gpus else 1


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
