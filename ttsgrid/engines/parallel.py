"""How a vLLM engine is spread over GPUs and nodes.

Each pipeline stage is split over the `num_gpus` of one node (tensor parallelism). With several
stages vLLM's workers are Ray actors, in the placement group that the engine's own actor stands in.
"""

from __future__ import annotations

from typing import Any

from ttsgrid.engines.spec import EngineSpec


def executor_name(spec: EngineSpec) -> str | None:
    """Return which of vLLM's executors runs an engine; None where one process is enough."""
    if spec.num_gpus and spec.pipeline_parallel > 1:
        return "ray"
    return "mp" if spec.num_gpus > 1 else None


def parallel_arguments(spec: EngineSpec) -> dict[str, Any]:
    """Return vLLM's arguments for an engine's GPUs; none on a CPU."""
    if not spec.num_gpus:
        return {}
    return {
        "tensor_parallel_size": spec.num_gpus,
        "pipeline_parallel_size": spec.pipeline_parallel,
        "gpu_memory_utilization": spec.gpu_memory_utilization,
    }
