"""LoRA on SmolLM2: put on a frozen model, kept as one small file, merged into a checkpoint.

Adapters are kept in bfloat16 and merged in float32, then rounded once.
"""

from __future__ import annotations

from pathlib import Path

import torch
from peft import (
    LoraConfig,
    PeftModel,
    get_peft_model,
    get_peft_model_state_dict,
    set_peft_model_state_dict,
)
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import PreTrainedModel

ALPHA_PER_RANK = 2.0
MATRICES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def with_adapter(model: PreTrainedModel, rank: int, seed: int) -> PeftModel:
    """Return a model whose layers carry a fresh LoRA; all else is frozen."""
    torch.manual_seed(seed)
    config = LoraConfig(
        r=rank, lora_alpha=ALPHA_PER_RANK * rank, target_modules=list(MATRICES), lora_dropout=0.0
    )
    return get_peft_model(model, config)


def trainable(model: nn.Module) -> list[nn.Parameter]:
    """Return the parameters that learn."""
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def save_adapter(model: nn.Module, file: Path, extra: dict[str, Tensor] | None = None) -> None:
    """Keep an adapter, and tensors beside it such as a head's, in one file."""
    tensors = {**get_peft_model_state_dict(model), **(extra or {})}
    rank = min(t.shape[0] for name, t in tensors.items() if name.endswith("lora_A.weight"))
    small = {name: t.detach().to("cpu", torch.bfloat16).contiguous() for name, t in tensors.items()}
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(small, file, metadata={"format": "pt", "rank": str(rank)})


def merged(model: PreTrainedModel, file: Path) -> PreTrainedModel:
    """Return a float32 model with a kept adapter merged into its weights."""
    tensors = {name: t.float() for name, t in load_file(file).items() if "lora_" in name}
    rank = min(t.shape[0] for name, t in tensors.items() if name.endswith("lora_A.weight"))
    adapted = with_adapter(model.float(), rank, seed=0)
    found = set_peft_model_state_dict(adapted, tensors)
    if found.unexpected_keys:
        raise RuntimeError(f"{file} is no adapter of this model: {found.unexpected_keys[:3]}")
    whole: PreTrainedModel = adapted.merge_and_unload()
    return whole
