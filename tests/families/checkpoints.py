"""Tiny random checkpoints of every family's real architecture, over real vocabularies.

Weights are random but for one thing: a policy's LM head rules out all but a few dozen tokens
and favours the blank line and the end mark. So its solutions have steps and end, which is what
searches and PRMs must meet.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerFast
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from tests.families import tokenizers

SIZE = 64
# Heads of 32: the least that vLLM's attention on a CPU takes.
SIZES: dict[str, Any] = {
    "hidden_size": SIZE,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 32,
    "max_position_embeddings": 2048,
    "tie_word_embeddings": False,
}
LLAMA_ROPE = {"rope_type": "llama3", "rope_theta": 500_000.0, "factor": 8.0,
              "low_freq_factor": 1.0, "high_freq_factor": 4.0,
              "original_max_position_embeddings": 1024}  # fmt: skip
LAYERS = ["sliding_attention", "full_attention"]
COMPLETION = (
    '{base: completion, user: "Question: {question}\\nAnswer:", stop: ["Question:"], '
    'few_shot: [{question: "What is 1 + 1?", solution: "1 + 1 = 2."}]}'
)


@dataclass(frozen=True)
class Family:
    """A family as it is published.

    Attributes:
        model_type: of its config.
        tokenizer: of `tests.families.tokenizers`.
        format: as ttsgrid's settings name it.
        told: what else its config says.
        architecture: a PRM's; None for the causal LM's own.
        head: names and shapes of a PRM's own weights.
    """

    model_type: str
    tokenizer: str
    format: str
    told: Mapping[str, Any] = field(default_factory=dict)
    architecture: str | None = None
    head: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


POLICIES: dict[str, Family] = {
    "llama": Family("llama", "llama", "llama", {"rope_parameters": LLAMA_ROPE}),
    "qwen2": Family("qwen2", "qwen", "qwen"),
    "qwen3": Family("qwen3", "qwen", "qwen"),
    "gemma3": Family("gemma3_text", "qwen", "qwen", {"sliding_window": 32, "layer_types": LAYERS}),
    "mistral": Family("mistral", "mistral", COMPLETION, {"sliding_window": None}),
}
TWO_LAYERS = {"score.0.weight": (SIZE, SIZE), "score.0.bias": (SIZE,),
              "score.2.weight": (2, SIZE), "score.2.bias": (2,)}  # fmt: skip
PRMS: dict[str, Family] = {
    "qwen-prm": Family(
        "qwen2", "qwen", "qwen",
        architecture="Qwen2ForProcessRewardModel", head=TWO_LAYERS,
    ),
    "shepherd": Family("mistral", "mistral", "math_shepherd", {"sliding_window": None}),
    "rlhflow": Family("llama", "llama", "rlhflow_deepseek", {"rope_parameters": LLAMA_ROPE}),
    "skywork": Family(
        "qwen2", "qwen", "skywork", architecture="Qwen2ForPrmModel",
        head={"v_head.summary.weight": (1, SIZE), "v_head.summary.bias": (1,)},
    ),
}  # fmt: skip


def written(root: Path, names: Collection[str] = (*POLICIES, *PRMS)) -> dict[str, Path]:
    """Write these families' checkpoints below a folder; return where by name."""
    load: dict[str, Callable[[], PreTrainedTokenizerFast]] = {
        "qwen": tokenizers.qwen,
        "llama": tokenizers.llama,
        "mistral": lambda: tokenizers.mistral(root / "pieces"),
    }
    families = {name: (POLICIES | PRMS)[name] for name in names}
    # A vocabulary takes seconds to convert, so each is converted once.
    made = {name: load[name]() for name in {one.tokenizer for one in families.values()}}
    for name, family in families.items():
        _write(root / name, family, made[family.tokenizer], is_policy=name in POLICIES)
    return {name: root / name for name in families}


def _write(
    folder: Path, family: Family, tokenizer: PreTrainedTokenizerFast, *, is_policy: bool
) -> None:
    model = _random_model(family, len(tokenizer), int(tokenizer.eos_token_id))
    if is_policy:
        _favour(model, tokenizer)
    tokenizer.save_pretrained(folder)
    model.to(torch.bfloat16)
    if not family.head:
        model.save_pretrained(folder)
        return
    torch.manual_seed(1)
    head = {name: torch.randn(shape).bfloat16() * 0.3 for name, shape in family.head.items()}
    # Without an LM head, as these PRMs are published.
    trunk = {k: v.contiguous() for k, v in model.state_dict().items() if "lm_head" not in k}
    save_file(trunk | head, folder / "model.safetensors", {"format": "pt"})
    model.config.architectures = [family.architecture]
    model.config.save_pretrained(folder)


def _random_model(family: Family, vocabulary: int, end: int) -> PreTrainedModel:
    told = SIZES | {"vocab_size": vocabulary, "eos_token_id": end} | dict(family.told)
    config = CONFIG_MAPPING[family.model_type](bos_token_id=None, pad_token_id=None, **told)
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.15)
    kept: PreTrainedModel = model.eval()
    return kept


def _favour(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> None:
    """Let the first number of each state be the same, and the LM head read its wishes from it."""
    blank, end = _ids(tokenizer, "\n\n"), int(tokenizer.eos_token_id)
    wishes = torch.full((len(tokenizer),), -12.0)
    wishes[_ids(tokenizer, "0 1 2 3 4 5 6 7 8 9 a b + = .")] = 0.0
    wishes[blank] = 2.7
    wishes[end] = 1.0
    with torch.no_grad():
        model.get_input_embeddings().weight[:, 0] = 2.0
        head = model.get_output_embeddings().weight
        head[[*blank, end]] = 0.0  # as likely in every state
        probe = model.base_model(torch.arange(5, 105)[None]).last_hidden_state[0]
        head[:, 0] = wishes / probe[:, 0].mean()  # so wishes are logits in every family


def _ids(tokenizer: PreTrainedTokenizerFast, text: str) -> Sequence[int]:
    return sorted({*tokenizer.encode(text, add_special_tokens=False)})
