"""Tiny random checkpoints of the real architectures, in the layouts that are published."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import Qwen2Config, Qwen2ForCausalLM

VOCABULARY = 300
SIZE = 64


def qwen2_config(**told: object) -> Qwen2Config:
    return Qwen2Config(
        vocab_size=VOCABULARY, hidden_size=SIZE, intermediate_size=96, num_hidden_layers=3,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=1024, **told,
    )  # fmt: skip


def random_qwen2(seed: int = 0) -> Qwen2ForCausalLM:
    """A causal LM whose numbers differ enough from token to token to show a wrong one."""
    torch.manual_seed(seed)
    model = Qwen2ForCausalLM(qwen2_config(tie_word_embeddings=False))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.15)
    return model.eval()


def random_head(shapes: dict[str, tuple[int, ...]], seed: int = 1) -> dict[str, Tensor]:
    torch.manual_seed(seed)
    return {name: torch.randn(shape) * 0.3 for name, shape in shapes.items()}


def write_headed(
    folder: Path, trunk: Qwen2ForCausalLM, head: dict[str, Tensor], architecture: str
) -> Path:
    """Write a PRM as its makers do: the trunk under `model.`, the head beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {k: v.contiguous().clone() for k, v in trunk.state_dict().items()} | head
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    config = trunk.config.to_dict() | {"architectures": [architecture], "dtype": "float32"}
    # Code of the makers' own, which is named in their configs, and isn't there.
    config["auto_map"] = {"AutoModel": f"modeling_theirs.{architecture}"}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


SKYWORK_HEAD = {"v_head.summary.weight": (1, SIZE), "v_head.summary.bias": (1,)}
TWO_LAYERS = {
    "score.0.weight": (SIZE, SIZE),
    "score.0.bias": (SIZE,),
    "score.2.weight": (2, SIZE),
    "score.2.bias": (2,),
}
