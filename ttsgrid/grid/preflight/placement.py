"""Where a plan's models go: the GPUs that each takes, and what lies on one of them.

Sizes come from files, or else from the settings, so a model is placed where its files can't be
had. A check refuses what can't fit (`ttsgrid.grid.preflight.memory`); a plan says so and goes on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ttsgrid.core.errors import ConfigError
from ttsgrid.core.tally import counted
from ttsgrid.grid.config import GridConfig
from ttsgrid.grid.own_code import engine_of
from ttsgrid.grid.preflight.memory import Memory, NoRoomHereError, memory_for, require_memory
from ttsgrid.grid.preflight.weights import GIB, weight_bytes
from ttsgrid.grid.resolve import ResolvedModel

MANY = 4  # models that take equally many GPUs, from which on a plan says so once
LOADING = ("vllm", "transformers")  # the kinds of engines that load a checkpoint's weights


def placements(grid: GridConfig, models: Sequence[ResolvedModel]) -> Iterator[str]:
    """Yield what a plan says of its models' weights and of the memory for them.

    Args:
        grid: the validated grid.
        models: those of the grid, found or assumed.
    """
    memory = memory_for(grid)
    placed: list[ResolvedModel] = []
    homeless: dict[str, list[NoRoomHereError]] = defaultdict(list)
    for model in loaded_models(grid, models):
        try:
            note = require_memory(model, grid, memory)
        except NoRoomHereError as error:
            homeless[_assumed(model)].append(error)
            continue
        except ConfigError as error:
            yield _assumed(model) + str(error)
            continue
        if note is not None:
            yield _assumed(model) + note
        placed.append(model)
    yield from (start + _no_room(errors) for start, errors in homeless.items())
    if placed and is_on_gpus(grid, memory):
        yield f"{_gpus(grid, memory)}: {'; '.join(_all_placed(placed))}."


def _no_room(errors: Sequence[NoRoomHereError]) -> str:
    """What one model says itself, of several in one sentence."""
    if len(errors) == 1:
        return str(errors[0])
    weights = ", ".join(f"{error.name} ({_spread(error)})" for error in errors)
    return (
        f"this machine, with {errors[0].machine_gib:,.3g} GiB and no GPU, can't hold these GiB of "
        f"weights: {weights}; take smaller models or another machine (cluster.address), or set "
        "engine.gpu_memory_gib to what a GPU has there."
    )


def _spread(error: NoRoomHereError) -> str:
    if error.num_gpus == 1:
        return f"{error.gib:,.3g}"
    return f"{error.num_gpus} x {error.gib / error.num_gpus:,.3g}"


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


def _all_placed(models: Sequence[ResolvedModel]) -> Iterator[str]:
    """Yield where each model goes; of many that take equally many GPUs, in one part."""
    alike: dict[tuple[str, str], list[ResolvedModel]] = defaultdict(list)
    for model in models:
        alike[_gpus_of(model), _weights_of(model)].append(model)
    for (each, of), group in alike.items():
        sizes = [size for model in group if (size := _gib_on_each(model)) is not None]
        if len(group) < MANY or len(sizes) < len(group):
            yield from map(_placed, group)
            continue
        most = max(zip(sizes, (model.config.name for model in group), strict=True))
        yield (
            f"{each} for each of {len(group)} models, with {min(sizes):,.3g} to {most[0]:,.3g} GiB "
            f"of {of} on it, most of {most[1]}"
        )


def _placed(model: ResolvedModel) -> str:
    takes, gib = f"{model.config.name} takes {_gpus_of(model)}", _gib_on_each(model)
    if gib is None:
        return f"{takes}, its size unknown (parameters)"
    return f"{takes}, with {gib:,.3g} GiB of {_weights_of(model)} on each"


def _gpus_of(model: ResolvedModel) -> str:
    replicas, each = model.config.replicas, counted(model.config.gpus_of_replica, "GPU")
    return f"{replicas} x {each}" if replicas is not None and replicas > 1 else each


def _weights_of(model: ResolvedModel) -> str:
    return "assumed weights" if model.unreached else "weights"


def _gib_on_each(model: ResolvedModel) -> float | None:
    size = weight_bytes(model)
    return None if size is None else size / GIB / model.config.gpus_of_replica


def _assumed(model: ResolvedModel) -> str:
    return "Assumed from parameters and dtype: " if model.unreached else ""
