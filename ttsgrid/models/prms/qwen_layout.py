"""A PRM of one's own in the layout of Qwen2.5-Math-PRM, over layers that are Llama's.

Qwen2 has the layers of Llama, and biases in three projections: at zero, they change nothing.
So a trunk that was trained as a Llama is served as `Qwen2ForProcessRewardModel`, whose weights
are `model.*` and a head `score.*`. Imported by what makes checkpoints alone: it brings torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from transformers import LlamaConfig, Qwen2Config

ARCHITECTURE = "Qwen2ForProcessRewardModel"
WITH_BIAS = ("q_proj.weight", "k_proj.weight", "v_proj.weight")


def qwen_config(llama: LlamaConfig, **told: Any) -> Qwen2Config:  # noqa: ANN401 - transformers'
    """Return the config of a PRM with these layers.

    Args:
        llama: of the trunk.
        told: what is not the layers', such as `eos_token_id`.
    """
    return Qwen2Config(
        vocab_size=llama.vocab_size,
        hidden_size=llama.hidden_size,
        intermediate_size=llama.intermediate_size,
        num_hidden_layers=llama.num_hidden_layers,
        num_attention_heads=llama.num_attention_heads,
        num_key_value_heads=llama.num_key_value_heads,
        max_position_embeddings=llama.max_position_embeddings,
        rms_norm_eps=llama.rms_norm_eps,
        rope_parameters=dict(llama.rope_parameters),
        tie_word_embeddings=False,
        bos_token_id=None,
        num_labels=2,
        architectures=[ARCHITECTURE],
        **told,
    )


def with_biases(layers: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights of Llama's layers with Qwen2's biases, which are zero."""
    biases = {
        name.replace(".weight", ".bias"): torch.zeros(weight.shape[0])
        for name, weight in layers.items()
        if name.endswith(WITH_BIAS)
    }
    return {**layers, **biases}
