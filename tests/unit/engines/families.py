"""Tiny random policies of the families' real architectures, with a tokenizer of the zoo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoTokenizer,
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from ttsgrid.grid.resolve import ZOO_WEIGHTS

Make = Callable[..., Any]
ROPE = {"rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0, "low_freq_factor": 1.0,
        "high_freq_factor": 4.0, "original_max_position_embeddings": 128}  # fmt: skip

FULL = "full_attention"

# What makes each family itself: biases, norms of queries and keys, windows, scaled positions.
FAMILIES: dict[str, tuple[Make, Make, dict[str, Any]]] = {
    "llama": (LlamaForCausalLM, LlamaConfig, {"rope_parameters": ROPE}),
    "qwen2": (Qwen2ForCausalLM, Qwen2Config, {"tie_word_embeddings": True}),
    "qwen3": (Qwen3ForCausalLM, Qwen3Config, {"head_dim": 32}),
    "mistral": (MistralForCausalLM, MistralConfig, {"sliding_window": 24}),
    "gemma3": (
        Gemma3ForCausalLM,
        Gemma3TextConfig,
        {"head_dim": 32, "sliding_window": 16, "layer_types": [*["sliding_attention"] * 2, FULL]},
    ),
}  # fmt: skip


def tokenizer() -> PreTrainedTokenizerFast:
    return AutoTokenizer.from_pretrained(ZOO_WEIGHTS / "zoo-s")


def random_policy(family: str, vocabulary: int, **told: object) -> PreTrainedModel:
    """Three random layers whose next tokens differ clearly in their logits."""
    cls, config, own = FAMILIES[family]
    torch.manual_seed(0)
    model = cls(
        config(
            vocab_size=vocabulary, hidden_size=64, intermediate_size=96, num_hidden_layers=3,
            num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=512,
            **(own | {"pad_token_id": 0, "bos_token_id": None, "eos_token_id": None} | told),
        )
    )  # fmt: skip
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.15)
    return model.eval()


def write_policy(folder: Path, family: str, **told: object) -> PreTrainedModel:
    """Write a random policy with the zoo's tokenizer, and return it."""
    chosen = tokenizer()
    model = random_policy(family, len(chosen), **told)
    model.save_pretrained(folder)
    chosen.save_pretrained(folder)
    return model
