"""Tiny random PRMs of the real architectures, over real vocabularies, in published layouts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import (
    AutoModel,
    LlamaConfig,
    MistralConfig,
    PretrainedConfig,
    Qwen2Config,
    Qwen3Config,
)

SIZE, CONTEXT = 32, 2048
SIZES: dict[str, Any] = {
    "hidden_size": SIZE,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": CONTEXT,
}
CONFIGS: dict[str, PretrainedConfig] = {
    "qwen2": Qwen2Config(vocab_size=151_700, rope_theta=1e6, **SIZES),
    "qwen3": Qwen3Config(vocab_size=151_700, rope_theta=1e6, **SIZES),
    "mistral": MistralConfig(vocab_size=32_000, sliding_window=None, **SIZES),
    "llama": LlamaConfig(
        vocab_size=128_256,
        rope_parameters={
            "rope_type": "llama3",
            "rope_theta": 500_000.0,
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 1024,
        },
        **SIZES,
    ),
}
LINEAR = {"score.weight": (2, SIZE), "score.bias": (2,)}
VALUE = {"v_head.summary.weight": (1, SIZE), "v_head.summary.bias": (1,)}


def two_layers(num_labels: int) -> dict[str, tuple[int, ...]]:
    return {
        "score.0.weight": (SIZE, SIZE),
        "score.0.bias": (SIZE,),
        "score.2.weight": (num_labels, SIZE),
        "score.2.bias": (num_labels,),
    }


@dataclass(frozen=True)
class TinyPrm:
    """A trunk as transformers runs it, and its head's weights by their published names."""

    trunk: Any
    head: Mapping[str, Tensor]
    architecture: str

    def hidden(self, ids: Sequence[int]) -> Tensor:
        """Return the last layer's states, normed, of one whole input."""
        with torch.inference_mode():
            states: Tensor = self.trunk(input_ids=torch.tensor([list(ids)])).last_hidden_state[0]
        return states

    def write(self, folder: Path, beside: Mapping[str, Any] | None = None) -> Path:
        """Write the checkpoint; `beside` goes into its config."""
        folder.mkdir(parents=True, exist_ok=True)
        trunk = {f"model.{name}": tensor for name, tensor in self.trunk.state_dict().items()}
        tensors = {
            name: tensor.contiguous().clone() for name, tensor in (trunk | dict(self.head)).items()
        }
        save_file(tensors, folder / "model.safetensors", {"format": "pt"})
        config = self.trunk.config.to_dict() | dict(beside or {})
        config |= {"architectures": [self.architecture], "dtype": "float32"}
        (folder / "config.json").write_text(json.dumps(config))
        return folder


def tiny_prm(
    family: str, architecture: str, head: Mapping[str, tuple[int, ...]], seed: int = 0
) -> TinyPrm:
    """Draw weights large enough that scores differ between steps."""
    torch.manual_seed(seed)
    trunk = AutoModel.from_config(CONFIGS[family], dtype=torch.float32).eval()
    with torch.no_grad():
        for parameter in trunk.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.2)
    weights = {name: torch.randn(shape) * 0.3 for name, shape in head.items()}
    return TinyPrm(trunk, weights, architecture)
