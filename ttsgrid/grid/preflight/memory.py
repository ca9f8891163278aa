"""What a machine's memory holds, against what a model's weights take.

A grid that joins a cluster runs elsewhere: there only what the settings state is compared.
Weights must leave room for keys and values, which nothing here counts.
"""

from __future__ import annotations

import math
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ttsgrid.core.errors import ConfigError
from ttsgrid.grid.config import GridConfig
from ttsgrid.grid.preflight.weights import GIB, weight_bytes
from ttsgrid.grid.resolve import ResolvedModel

CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


@dataclass(frozen=True)
class Memory:
    """Memory for weights, in GiB; None where it isn't known.

    Attributes:
        gpu_gib: of one GPU; None also where engines run on CPUs.
        machine_gib: of this machine, or of its container.
        is_here: whether engines run on this machine.
    """

    gpu_gib: float | None = None
    machine_gib: float | None = None
    is_here: bool = True


def memory_for(grid: GridConfig) -> Memory:
    """Return what is known of the memory that a grid's engines will have."""
    is_here = (grid.cluster.address or os.environ.get("RAY_ADDRESS")) is None
    stated = grid.engine.gpu_memory_gib
    found = gpu_gib() if is_here and grid.cluster.use_gpus is not False else None
    gpu = None if grid.cluster.use_gpus is False else stated or found
    return Memory(gpu, machine_gib() if is_here else None, is_here)


@dataclass(eq=False)
class NoRoomHereError(ConfigError):
    """A model's weights are larger than the memory of a machine without GPUs.

    Attributes:
        where: of the model, as settings name it.
        name: of the model.
        gib: of its weights.
        machine_gib: of the machine.
        num_gpus: over which a replica is spread where it runs.
    """

    where: str
    name: str
    gib: float
    machine_gib: float
    num_gpus: int

    def __str__(self) -> str:
        return (
            f"{self.where}.model: the weights of {self.name} take {self.gib:,.3g} GiB, and this "
            f"machine has {self.machine_gib:,.3g} and no GPU; take a smaller model or another "
            "machine (cluster.address), or set engine.gpu_memory_gib to what a GPU has where it "
            f"will run: each of {self.num_gpus} (num_gpus x pipeline_parallel) holds "
            f"{self.gib / self.num_gpus:,.3g}"
        )


def require_memory(model: ResolvedModel, grid: GridConfig, memory: Memory) -> str | None:
    """Refuse weights that can't fit.

    Returns:
        A note where Ray is told of less than the weights take; else None.

    Raises:
        ConfigError: they can't; the message names the settings.
    """
    size = weight_bytes(model)
    if size is None:
        return None
    gib, name = size / GIB, model.config.name
    if memory.gpu_gib is not None:
        _require_gpus(model, gib, memory.gpu_gib, grid.engine.gpu_memory_utilization)
        return None
    if memory.machine_gib is not None and gib > memory.machine_gib and not grid.cluster.use_gpus:
        number = model.config.gpus_of_replica
        raise NoRoomHereError(model.where, name, gib, memory.machine_gib, number)
    if memory.is_here and gib > grid.engine.memory_gib:
        return (
            f"{name}'s weights take {gib:,.3g} GiB, and engine.memory_gib="
            f"{grid.engine.memory_gib:g} reserves less: raise it, so that no more engines are "
            "placed than fit."
        )
    return None


def _require_gpus(model: ResolvedModel, gib: float, gpu: float, share: float) -> None:
    number = model.config.gpus_of_replica
    if gib / number <= gpu * share:
        return
    least = math.ceil(gib / (gpu * share))
    or_else = "" if model.config.quantization else ", or quantize (quantization: fp8)"
    raise ConfigError(
        f"{model.where}.num_gpus={model.config.num_gpus}: the weights of {model.config.name} take "
        f"{gib:,.3g} GiB, so {gib / number:,.3g} on each GPU, of which {gpu * share:,.3g} GiB may "
        "be used (engine.gpu_memory_utilization); raise num_gpus or pipeline_parallel, so that "
        f"they make {least} GPUs or more{or_else}"
    )


def gpu_gib() -> float | None:
    """Return the memory of this machine's smallest GPU; None where it has none."""
    return min(_gpu_gibs(), default=None)


def _gpu_gibs() -> list[float]:
    if shutil.which("nvidia-smi") is None:
        return []
    asked = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        said = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=True).stdout
        return [float(line) / 1024 for line in said.splitlines()]
    except (OSError, subprocess.SubprocessError, ValueError):
        return []


def num_gpus_here() -> int | None:
    """Return how many GPUs this machine has; None where it has none."""
    return len(_gpu_gibs()) or None


def machine_gib() -> float | None:
    """Return this machine's memory, or its container's limit where that is less.

    None on Windows, which doesn't say; no engine runs there.
    """
    if not hasattr(os, "sysconf"):
        return None
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = int(CGROUP_LIMIT.read_text())
    except (OSError, ValueError):  # no cgroups of version 2, or `max`
        limit = whole
    return min(whole, limit) / GIB
