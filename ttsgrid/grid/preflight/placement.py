"""Where a plan's models go: the GPUs that each takes, and what lies on one of them.

Sizes come from files, or else from the settings, so a model is placed where its files can't be
had. A check refuses what can't fit (`ttsgrid.grid.preflight.memory`); a plan says so and goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ttsgrid.core.errors import ConfigError
from ttsgrid.core.tally import counted
from ttsgrid.grid.config import GridConfig
from ttsgrid.grid.own_code import engine_of
from ttsgrid.grid.preflight.memory import Memory, memory_for, require_memory
from ttsgrid.grid.preflight.weights import GIB, weight_bytes
from ttsgrid.grid.resolve import ResolvedModel

LOADING = ("vllm", "transformers")  # the kinds of engines that load a checkpoint's weights


def placements(grid: GridConfig, models: Sequence[ResolvedModel]) -> Iterator[str]:
    """Yield what a plan says of its models' weights and of the memory for them.

    Args:
        grid: the validated grid.
        models: those of the grid, found or assumed.
    """
    memory = memory_for(grid)
    placed: list[str] = []
    for model in loaded_models(grid, models):
        try:
            note = require_memory(model, grid, memory)
        except ConfigError as error:
            yield _assumed(model) + str(error)
            continue
        if note is not None:
            yield _assumed(model) + note
        placed.append(_placed(model))
    if placed and is_on_gpus(grid, memory):
        yield f"{_gpus(grid, memory)}: {'; '.join(placed)}."


def loaded_models(grid: GridConfig, models: Sequence[ResolvedModel]) -> list[ResolvedModel]:
    """Return the models whose weights an engine of the grid loads."""
    return [
        model
        for model in models
        if model.config.endpoint is None and engine_of(grid, model.config).kind in LOADING
    ]


def is_on_gpus(grid: GridConfig, memory: Memory) -> bool:
    """Say whether GPUs are known of, or asked for, or may well be where the grid will run."""
    if grid.cluster.use_gpus is False:
        return False
    return memory.gpu_gib is not None or bool(grid.cluster.use_gpus) or not memory.is_here


def _gpus(grid: GridConfig, memory: Memory) -> str:
    if memory.gpu_gib is None:
        return "On GPUs (engine.gpu_memory_gib tells what one has, to compare)"
    usable = memory.gpu_gib * grid.engine.gpu_memory_utilization
    return f"On GPUs with {memory.gpu_gib:,.3g} GiB, {usable:,.3g} of them for an engine"


def _placed(model: ResolvedModel) -> str:
    config, size = model.config, weight_bytes(model)
    each = counted(config.gpus_of_replica, "GPU")
    if config.replicas is not None and config.replicas > 1:
        each = f"{config.replicas} x {each}"
    if size is None:
        return f"{config.name} takes {each}, its size unknown (parameters)"
    gib = f"{size / GIB / config.gpus_of_replica:,.3g} GiB"
    of = "assumed weights" if model.unreached else "weights"
    return f"{config.name} takes {each}, with {gib} of {of} on each"


def _assumed(model: ResolvedModel) -> str:
    return "Assumed from parameters and dtype: " if model.unreached else ""
