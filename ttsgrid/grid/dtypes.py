"""Which number format a model's weights are computed in: never `auto`, always what it means.

`auto` means what vLLM 0.32 makes of it (`_resolve_auto_dtype` in `vllm/config/model.py`): the
format that the checkpoint's config names, or else the widest of its weights, or else float32;
and float32 is lowered to bfloat16, a PRM's (a pooling model) to float16, unless the
architecture is unstable in that. This holds on CPUs (x86, ARM) and
on GPUs from Ampere on. The result is what the engine is told, so older GPUs, which lack
bfloat16, refuse it rather than compute something else under the same name.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

SPELLINGS = {"half": "float16", "float": "float32"}
IN_SAFETENSORS = {"F32": "float32", "BF16": "bfloat16", "F16": "float16"}  # widest first
# Numerically unstable in it, says vLLM (`_FLOAT16_NOT_SUPPORTED_MODELS`), by `model_type`.
NOT_IN_FLOAT16 = ("gemma2", "gemma3", "gemma3_text", "glm4")


def resolved_dtype(
    dtype: str, role: str, config: Mapping[str, Any], weights: Collection[str]
) -> str:
    """Return the number format that an engine computes a model in.

    Args:
        dtype: as configured, `auto` included.
        role: `policy` or `prm`.
        config: the checkpoint's config.json.
        weights: the formats in its safetensors headers, as they spell them; may be empty.
    """
    if dtype != "auto":
        return SPELLINGS.get(dtype, dtype)
    allowed = ["bfloat16", "float16"]
    if config.get("model_type") in NOT_IN_FLOAT16:
        allowed.remove("float16")
    stored = _stored(config, weights)
    if stored in allowed:
        return stored
    return "float16" if role == "prm" and "float16" in allowed else "bfloat16"


def _stored(config: Mapping[str, Any], weights: Collection[str]) -> str:
    """Return what the config says, for models with several parts of their text, or the weights."""
    for part in (config, config.get("text_config") or {}):
        said = part.get("dtype") or part.get("torch_dtype")
        if said:
            return SPELLINGS.get(str(said), str(said))
    return next((name for code, name in IN_SAFETENSORS.items() if code in weights), "float32")
