"""Prompt formats of the policy families."""

from ttsgrid.models.prompts import (
    FORMATS,
    SAMPLING_OF_FORMAT,
    DecodingTokenizer,
    PromptFormat,
    Tokenizer,
    encode_prompt,
    prompt_format,
    split_steps,
)

__all__ = [
    "FORMATS",
    "SAMPLING_OF_FORMAT",
    "DecodingTokenizer",
    "PromptFormat",
    "Tokenizer",
    "encode_prompt",
    "prompt_format",
    "split_steps",
]
