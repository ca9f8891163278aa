"""The catalogue of vLLM's quantization methods, and what an engine is told of one.

The names are those of vLLM 0.32 (`QUANTIZATION_METHODS` in
vllm/model_executor/layers/quantization/__init__.py), so that a wrong one is refused where vLLM is
not installed. `online` is left out: it needs settings that ttsgrid doesn't have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ttsgrid.core.checks import require_choice
from ttsgrid.core.errors import ConfigError
from ttsgrid.engines.spec import EngineSpec

# vLLM 0.32 refuses these without a word more, though Meta's 405B in FP8 is stored in the first
# (`DEPRECATED_QUANTIZATION_METHODS` beside the names).
DEPRECATED_QUANTIZATIONS = ("fbgemm_fp8", "fp_quant")


@dataclass(frozen=True)
class Quantization:
    """One method.

    Attributes:
        weight_bytes: memory of one weight; None where each checkpoint says it for itself.
        when_loading: whether vLLM makes it of full-precision weights; else a checkpoint must be
            stored in it.
    """

    weight_bytes: float | None
    when_loading: bool = False


QUANTIZATIONS: Mapping[str, Quantization] = {
    "fp8": Quantization(1.0, when_loading=True),
    "fp8_per_tensor": Quantization(1.0, when_loading=True),
    "fp8_per_block": Quantization(1.0, when_loading=True),
    "fp8_per_channel": Quantization(1.0, when_loading=True),
    "mxfp8": Quantization(1.0, when_loading=True),
    "mxfp4": Quantization(0.5, when_loading=True),
    # Of a mixture's experts alone, which are nearly all of its weights.
    "experts_int8": Quantization(1.0, when_loading=True),
    "int8_per_channel_weight_only": Quantization(1.0, when_loading=True),
    "nvfp4_per_token": Quantization(0.5, when_loading=True),
    "fbgemm_fp8": Quantization(1.0),
    "deepseek_v4_fp8": Quantization(1.0),
    "modelopt": Quantization(1.0),
    "modelopt_mxfp8": Quantization(1.0),
    "modelopt_fp4": Quantization(0.5),
    "gpt_oss_mxfp4": Quantization(0.5),
    **dict.fromkeys(("awq", "auto_awq", "awq_marlin"), Quantization(0.5)),
    **dict.fromkeys(("gptq", "auto_gptq", "gptq_marlin"), Quantization(0.5)),
    **dict.fromkeys(
        ("compressed-tensors", "fp_quant", "humming", "inc", "modelopt_mixed"), Quantization(None)
    ),
    **dict.fromkeys(("moe_wna16", "quark", "torchao"), Quantization(None)),
}


def require_quantization(kind: str, quantization: str | None, setting: str) -> None:
    """Refuse a method that an engine doesn't know; an engine of one's own has its own names.

    Args:
        kind: of the engine.
        quantization: as configured; None for as stored.
        setting: where it is configured, e.g. `policies.mine.quantization`.

    Raises:
        ConfigError: vLLM knows no such method, or transformers is told one.
    """
    if quantization is None:
        return
    if kind == "transformers":
        raise ConfigError(
            f"{setting}={quantization} is for engine.kind=vllm; leave it out with "
            "engine.kind=transformers, which computes in the model's dtype"
        )
    if kind == "vllm":
        require_choice(setting, quantization, QUANTIZATIONS)


def quantization_arguments(spec: EngineSpec) -> dict[str, Any]:
    """Return vLLM's arguments for how weights are quantized, by it or in the checkpoint."""
    arguments: dict[str, Any] = {"quantization": spec.quantization}
    if spec.quantization in DEPRECATED_QUANTIZATIONS:
        arguments["allow_deprecated_quantization"] = True
    return arguments
