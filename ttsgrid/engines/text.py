"""What ttsgrid asks of an engine that speaks text: the whole conversation in, an answer out.

A hosted model shows no token ids, so it can be no `PolicyEngine`: nothing here makes ids up.
It writes whole solutions, which is all that pools need. A search needs more: to go on from a
partial solution, exactly as it was scored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ttsgrid.core.records import FinishReason, Usage
from ttsgrid.engines.base import Engine


@dataclass(frozen=True)
class Turn:
    """One turn of a conversation; `role` is `system`, `user` or `assistant`."""

    role: str
    content: str


@dataclass(frozen=True)
class TextRequest:
    """One answer to sample.

    Attributes:
        turns: the conversation, the user's turn last.
        stop: texts that end the answer, and are no part of it.
        top_k: samples from so many of the likeliest tokens; None for all.
        seed: of this request alone, where the engine takes one.
    """

    turns: tuple[Turn, ...]
    temperature: float
    top_p: float
    max_tokens: int
    seed: int
    stop: tuple[str, ...] = ()
    top_k: int | None = None


@dataclass(frozen=True)
class TextGeneration:
    """One sampled answer.

    Attributes:
        text: the answer alone.
        reasoning: what the model thought before it, where the engine tells; else empty.
        usage: tokens as the engine counts them; generated ones include the reasoning's.
        reasoning_tokens: those of the reasoning, where the engine says.
    """

    text: str
    reasoning: str
    finish_reason: FinishReason
    usage: Usage
    reasoning_tokens: int | None = None


class TextEngine(Engine, Protocol):
    """Answers conversations."""

    async def write(self, request: TextRequest) -> TextGeneration:
        """Sample one answer.

        Raises:
            EngineError: this request failed and the engine lives.
            EndpointDownError: there is nothing more to be had from it.
        """
        ...
