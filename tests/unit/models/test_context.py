"""A model's own context is what vLLM takes it to be."""

from __future__ import annotations

from typing import Any

import pytest

from ttsgrid.models.context import own_context


@pytest.mark.parametrize(
    ("config", "tokens"),
    [
        # As published in the config.json of: Qwen2.5-0.5B-Instruct, Qwen2.5-Math-7B,
        # Llama-3.1-8B-Instruct, Gemma 3 4B; then the kinds that multiply.
        ({"model_type": "qwen2", "max_position_embeddings": 32768}, 32768),
        ({"model_type": "qwen2", "max_position_embeddings": 4096, "sliding_window": 4096}, 4096),
        (
            {
                "model_type": "llama",
                "max_position_embeddings": 131072,
                "rope_scaling": {
                    "rope_type": "llama3",
                    "factor": 8.0,
                    "original_max_position_embeddings": 8192,
                },
            },
            131072,
        ),
        (
            {
                "model_type": "gemma3",
                "text_config": {
                    "model_type": "gemma3_text",
                    "max_position_embeddings": 131072,
                    "rope_scaling": {"rope_type": "linear", "factor": 8.0},
                },
            },
            131072,
        ),
        ({"max_position_embeddings": 2048, "rope_scaling": {"type": "linear", "factor": 4}}, 8192),
        ({"max_position_embeddings": 4096, "rope_scaling": {"type": "yarn", "factor": 4}}, 4096),
        ({"n_positions": 1024, "max_position_embeddings": 2048}, 1024),
        ({"model_type": "mamba"}, None),
    ],
)
def test_own_context(config: dict[str, Any], tokens: int | None) -> None:
    assert own_context(config) == tokens
