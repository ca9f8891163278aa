"""Prompt formats of the policy families."""

from ttsgrid.policies.prompts import (
    FORMATS,
    ChatTokenizer,
    PromptFormat,
    encode_prompt,
    prompt_format,
    split_steps,
)

__all__ = [
    "FORMATS",
    "ChatTokenizer",
    "PromptFormat",
    "encode_prompt",
    "prompt_format",
    "split_steps",
]
