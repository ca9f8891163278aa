"""How large the KV cache may be: what the settings allow, and one longest sequence at least."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from ttsgrid.engines.spec import EngineSpec
from ttsgrid.models.context import own_context

GIB = 1 << 30
# As in vLLM on the same device: prices hang on the size, and so on no engine.
CPU_BLOCK_TOKENS, GPU_BLOCK_TOKENS = 32, 16
WORKING_GIB = 1.0  # of a GPU, for what a step computes
_UNNAMED_CONTEXT = 8192  # of a model whose config names none


def block_tokens(spec: EngineSpec) -> int:
    """Return how many tokens a block holds."""
    return GPU_BLOCK_TOKENS if spec.num_gpus else CPU_BLOCK_TOKENS


def context_tokens(spec: EngineSpec, model: torch.nn.Module) -> int:
    """Return the longest sequence in tokens: the setting, but never above the model's own."""
    own = own_context(_config(spec, model)) or spec.max_model_len or _UNNAMED_CONTEXT
    return min(own, spec.max_model_len or own)


def num_blocks(spec: EngineSpec, model: torch.nn.Module) -> int:
    """Return how many blocks the cache has."""
    size = block_tokens(spec)
    longest = -(-context_tokens(spec, model) // size)
    return max(longest, _cache_bytes(spec) // (size * token_bytes(model)))


def token_bytes(model: torch.nn.Module) -> int:
    """Return what keys and values of one token take in all layers."""
    text: Any = model.config.get_text_config()  # type: ignore[union-attr, operator]
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    head_size = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    bytes_each = next(model.parameters()).element_size()
    return int(2 * text.num_hidden_layers * heads * head_size * bytes_each)


def _cache_bytes(spec: EngineSpec) -> int:
    if not spec.num_gpus:
        return int(spec.kv_cache_gib * GIB)
    free, total = torch.cuda.mem_get_info()
    own = torch.cuda.memory_allocated()  # the weights, which are there by now
    # What another engine holds of a shared GPU is neither free nor ours.
    left = min(total * spec.gpu_memory_utilization - own, free)
    return max(0, int(left - WORKING_GIB * GIB))


def _config(spec: EngineSpec, model: torch.nn.Module) -> dict[str, Any]:
    """Return config.json as it is written, which is what the plan reads."""
    file = Path(spec.source) / "config.json"
    if file.is_file():
        return dict(json.loads(file.read_text(encoding="utf-8")))
    return dict(model.config.to_dict())  # type: ignore[union-attr, operator]
