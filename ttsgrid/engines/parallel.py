"""How a vLLM engine is spread over GPUs and nodes, and what it is told of quantized weights.

Each pipeline stage is split over the `num_gpus` of one node (tensor parallelism). With several
stages vLLM's workers are Ray actors, in the placement group that the engine's own actor stands in.
"""

from __future__ import annotations

from typing import Any

from ttsgrid.engines.spec import EngineSpec

# vLLM 0.32 refuses these without a word more, though Meta's 405B in FP8 is stored in the first
# (`DEPRECATED_QUANTIZATION_METHODS` in vllm/model_executor/layers/quantization/__init__.py).
DEPRECATED_QUANTIZATIONS = ("fbgemm_fp8", "fp_quant")


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


def quantization_arguments(spec: EngineSpec) -> dict[str, Any]:
    """Return vLLM's arguments for how weights are quantized, by it or in the checkpoint."""
    arguments: dict[str, Any] = {"quantization": spec.quantization}
    if spec.quantization in DEPRECATED_QUANTIZATIONS:
        arguments["allow_deprecated_quantization"] = True
    return arguments
