"""How much of a GPU a model needs, so that two of them may share one.

What it needs is its weights, keys and values of some sequences, and what an engine takes for
itself. A GPU is shared where a search's policy and PRM find no GPU each, and both fit on one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ttsgrid.grid.preflight.weights import GIB, weight_bytes
from ttsgrid.grid.resolve import ResolvedModel

# CUDA's context, activations of a batch, graphs: 2 to 3 GiB for models of 1B to 14B (vLLM's own
# report at its start, as its users post it).
ENGINE_GIB = 3.0
# An engine with room for less runs, but a handful of sequences at a time.
LEAST_TOKENS = 16_384
# Keys and values of one token over the number of parameters, in bytes, where no config tells:
# 16.4e-6 in Llama 3.1 8B, 13.3e-6 in Qwen2.5 14B, 7.5e-6 in Qwen2.5 7B.
BYTES_PER_PARAMETER = 17e-6
BYTES_OF_NUMBER = 2


def gpu_gib_needed(model: ResolvedModel, longest_tokens: int | None) -> float | None:
    """Return the least memory of one GPU with which a model is worth starting, in GiB.

    Args:
        model: of one GPU; of several, what lies on each.
        longest_tokens: the longest sequence of its engine; None for the model's own limit.

    Returns:
        None where its size is unknown.
    """
    weights, of_token = weight_bytes(model), token_bytes(model)
    if weights is None or of_token is None:
        return None
    longest = longest_tokens or model.context_tokens or 0
    cache = of_token * max(longest, LEAST_TOKENS)
    return (weights + cache) / GIB / model.config.gpus_of_replica + ENGINE_GIB


def token_bytes(model: ResolvedModel) -> float | None:
    """Return what keys and values of one token take in all layers."""
    config: Mapping[str, Any] = model.checkpoint.config
    text = config.get("text_config") or config
    layers, heads = text.get("num_hidden_layers"), text.get("num_attention_heads")
    if not layers or not heads:
        size = model.config.parameters or model.num_parameters
        return None if size is None else size * BYTES_PER_PARAMETER
    size_of_head = text.get("head_dim") or text.get("hidden_size", 0) // heads
    return float(
        2 * layers * (text.get("num_key_value_heads") or heads) * size_of_head * BYTES_OF_NUMBER
    )
