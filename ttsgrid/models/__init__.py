"""Prompt formats of the policy families."""

from ttsgrid.models.prompts import (
    FORMATS,
    DecodingTokenizer,
    PromptFormat,
    Tokenizer,
    encode_prompt,
    prompt_format,
    split_steps,
)

__all__ = [
    "FORMATS",
    "DecodingTokenizer",
    "PromptFormat",
    "Tokenizer",
    "encode_prompt",
    "prompt_format",
    "split_steps",
]
