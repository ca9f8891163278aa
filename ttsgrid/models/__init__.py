"""Prompt formats of the policy families."""

from ttsgrid.models.formats import (
    FORMATS,
    SAMPLING_OF_FORMAT,
    base_format,
    inline_format,
    named_base,
    prompt_format,
)
from ttsgrid.models.prompts import (
    DecodingTokenizer,
    PromptFormat,
    Tokenizer,
    encode_prompt,
    split_steps,
)
from ttsgrid.models.reasoning import Reasoning

__all__ = [
    "FORMATS",
    "SAMPLING_OF_FORMAT",
    "DecodingTokenizer",
    "PromptFormat",
    "Reasoning",
    "Tokenizer",
    "base_format",
    "encode_prompt",
    "inline_format",
    "named_base",
    "prompt_format",
    "split_steps",
]
