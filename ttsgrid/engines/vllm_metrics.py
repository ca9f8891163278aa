"""vLLM's own metrics, told to Ray, where they are asked for."""

from __future__ import annotations

import importlib
from typing import Any

from ttsgrid.engines.spec import EngineSpec


def stat_loggers(spec: EngineSpec) -> list[Any] | None:
    """Return what tells Ray vLLM's own metrics; None where nobody asked for them."""
    if not spec.vllm_metrics:
        return None
    # Here, since it loads Ray Serve, pandas and FastAPI: 2 CPU seconds of each engine's start.
    from vllm.v1.metrics import ray_wrappers  # noqa: PLC0415

    # vLLM 0.32 looks for Ray's metrics and Ray Serve together, and without Serve, of which it
    # wants the name of a replica that isn't there, it takes neither.
    if ray_wrappers.ray_metrics is None:
        ray_wrappers.ray_metrics = importlib.import_module("ray.util.metrics")
    return [ray_wrappers.RayPrometheusStatLogger]
