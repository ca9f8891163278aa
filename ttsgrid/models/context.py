"""How many tokens a model reads, as its config.json says.

Read as vLLM 0.32 reads it (`_get_and_verify_max_len` in `vllm/config/model.py`), so that what
is planned is what an engine accepts: the smallest of the lengths that the config of the text
model names, times the factor of a RoPE scaling whose length is not scaled already.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LENGTHS = (
    "max_position_embeddings",
    "n_positions",
    "max_seq_len",
    "seq_length",
    "model_max_length",
    "max_sequence_length",
    "max_seq_length",
    "seq_len",
)
# Of these, the config names the length after scaling.
SCALED_ALREADY = ("su", "longrope", "llama3", "yarn", "deepseek_yarn", "deepseek_llama_scaling")


def own_context(config: Mapping[str, Any]) -> int | None:
    """Return the longest sequence that a model was made for, in tokens.

    Args:
        config: its config.json.

    Returns:
        None where the config names no length.
    """
    text = config.get("text_config") or config
    named = [int(text[key]) for key in LENGTHS if text.get(key)]
    if not named:
        return None
    return int(min(named) * _rope_factor(text))


def _rope_factor(text: Mapping[str, Any]) -> float:
    rope = text.get("rope_scaling") or text.get("rope_parameters") or {}
    kind = rope.get("rope_type") or rope.get("type")
    # Gemma 3 names its length after scaling, whatever the kind.
    if kind in SCALED_ALREADY or "gemma3" in str(text.get("model_type", "")):
        return 1.0
    return float(rope.get("factor") or 1.0)
