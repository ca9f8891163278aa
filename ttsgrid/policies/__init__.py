"""Prompt formats of the policy families."""

from ttsgrid.policies.prompts import (
    FORMATS,
    PromptFormat,
    Tokenizer,
    encode_prompt,
    prompt_format,
    split_steps,
)

__all__ = [
    "FORMATS",
    "PromptFormat",
    "Tokenizer",
    "encode_prompt",
    "prompt_format",
    "split_steps",
]
