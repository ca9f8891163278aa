"""How a plan's models would share GPUs: the replicas of each, as `plan_only=true` shows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ttsgrid.grid.config import GridConfig
from ttsgrid.grid.plan import Plan
from ttsgrid.grid.preflight.memory import memory_for, num_gpus_here
from ttsgrid.grid.preflight.placement import is_on_gpus, loaded_models
from ttsgrid.grid.preflight.split import Load, Share, loads_of, replicas_on
from ttsgrid.grid.resolve import ResolvedModel, sizes_of

USUAL_GPUS = 8  # of a node, where nobody says how many there are


def show_replicas(grid: GridConfig, plan: Plan, models: Sequence[ResolvedModel]) -> Iterator[str]:
    """Yield a sentence on replicas, where GPUs are known of or asked for."""
    memory = memory_for(grid)
    if not is_on_gpus(grid, memory):
        return
    loads = loads_of(plan.missing.alike(), sizes_of(models))
    by_name = {
        model.identity.name: model
        for model in loaded_models(grid, models)
        if model.identity.name in loads
    }
    if not by_name:
        return
    here = num_gpus_here() if memory.is_here else None
    num_gpus = grid.plan.num_gpus or here or USUAL_GPUS
    shares = {
        name: _share(model, loads[name], grid.engine.max_num_seqs)
        for name, model in by_name.items()
    }
    least = sum(share.gpus * share.least for share in shares.values())
    if least > num_gpus:
        yield (
            f"Not all models fit on {num_gpus} GPUs at once (plan.num_gpus), where one of each "
            f"takes {least:g}: they take turns, or policy and PRM share a GPU."
        )
        return
    split = replicas_on(num_gpus, shares)
    replicas = ", ".join(f"{number} x {name}" for name, number in split.items())
    yield f"Replicas on {num_gpus} GPUs (plan.num_gpus): {replicas}; `replicas` sets a number."


def _share(model: ResolvedModel, load: Load, max_num_seqs: int) -> Share:
    asked, gpus = model.config.replicas, model.config.gpus_of_replica
    if asked is not None:
        return Share(load.work, gpus, most=asked, least=asked)
    return Share(load.work, gpus, most=load.most_replicas(max_num_seqs))
