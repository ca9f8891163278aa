"""How long a solution may get: `max_tokens`, or less where the model's context is too short.

A `max_model_len` that leaves room for the longest prompt and all of `max_tokens` changes no
output, so it is no part of an identity: raising it repeats nothing. One that may cut a
solution short is. A model's own limit stands in its checkpoint, which is identified anyway.
"""

from __future__ import annotations

from collections.abc import Iterable

from ttsgrid.core.records import Problem
from ttsgrid.grid.config import ModelConfig
from ttsgrid.models import prompt_format

# What chat templates write of their own; Llama 3.1's, with its dates, is about 40 tokens.
TEMPLATE_TOKENS = 256


def context_limit(
    policy: ModelConfig, problems: Iterable[Problem], instruction: str | None = None
) -> int | None:
    """Return `max_model_len` where it may end a solution before `max_tokens` does, else None.

    Prompts are bounded, not counted: a tokenizer writes no more tokens than there are bytes.

    Args:
        policy: who writes.
        problems: all that the grid asks it.
        instruction: the benchmark's; None for the format's own.
    """
    if policy.max_model_len is None:
        return None
    room = policy.max_model_len - policy.sampling.max_tokens
    longest = longest_prompt(policy, problems, instruction)
    return None if room >= longest else policy.max_model_len


def longest_prompt(
    policy: ModelConfig, problems: Iterable[Problem], instruction: str | None = None
) -> int:
    """Return a bound on the tokens of a policy's prompts; see `context_limit`."""
    fmt = prompt_format(policy.format, f"policies.{policy.name}.format", instruction)
    written = len(fmt.as_json().encode())
    # At most one token per byte: counting exactly would load every policy's tokenizer to plan.
    return longest_question(problems) + written + TEMPLATE_TOKENS


def longest_question(problems: Iterable[Problem]) -> int:
    """Return the bytes of the longest question."""
    return max((len(problem.question.encode()) for problem in problems), default=0)
