"""A policy that reads from a book, a PRM with a table, and ways to set and to run them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from tests.unit.strategies.search.scripted import END_MARK, PROMPT, QUESTION, decode, is_final
from ttsgrid.core.identity import derive_seed
from ttsgrid.core.records import FinishReason, Usage
from ttsgrid.core.search_settings import SearchSettings, preset
from ttsgrid.core.units import SamplingIdentity
from ttsgrid.engines.base import EngineStats, Generation, GenerationRequest
from ttsgrid.engines.scoring import ScoredSteps
from ttsgrid.strategies.search.protocol import SearchOutcome
from ttsgrid.strategies.search.run import run_search
from ttsgrid.strategies.search.session import SearchSession

PRESETS = pytest.mark.parametrize("name", ["paper", "search_and_learn"])
END = "<end>"
CUT = "<cut>"


@dataclass
class Book:
    """Continues each text with the lines written for it, in order.

    A line that ends in the separator is a step, one in `<end>` ends with the model's end
    mark, one in `<cut>` met a token limit.
    """

    device = "cpu"
    block_tokens = 32
    max_input_tokens = 1 << 20

    lines: dict[str, list[str]]
    requests: list[GenerationRequest] = field(default_factory=list)

    async def generate(self, request: GenerationRequest) -> Generation:
        self.requests.append(request)
        line = self.lines[decode(request.prompt_ids[len(PROMPT) :])].pop(0)
        text = line.removesuffix(END).removesuffix(CUT)
        ids = tuple(map(ord, text)) + ((END_MARK,) if line.endswith(END) else ())
        stopped = FinishReason.LENGTH if line.endswith(CUT) else FinishReason.STOP
        stopped_by = request.stop[0] if request.stop and line.endswith(request.stop[0]) else None
        return Generation(ids, stopped, stopped_by, Usage(len(request.prompt_ids), 0, len(ids)))

    def stats(self) -> EngineStats:
        return EngineStats()

    def close(self) -> None:
        """Nothing to free."""


@dataclass
class Table:
    """Scores a step by its text."""

    scores: dict[str, float]
    asked: list[tuple[str, ...]] = field(default_factory=list)

    async def score(self, question: str, steps: Sequence[str]) -> ScoredSteps:
        self.asked.append(tuple(steps))
        return ScoredSteps(tuple(self.scores[step] for step in steps), Usage(len(steps), 0, 0))


def beam(name: str, n: int = 2, m: int = 2, kind: str = "beam", depth: int = 40) -> SearchSettings:
    return SearchSettings(kind, n, m, max_steps=depth, rules=preset(name, kind))


def seeds(step: int, index: int) -> int:
    return derive_seed("written", step, index)


async def searching(
    settings: SearchSettings, book: Book, table: Table, max_tokens: int = 1000
) -> SearchOutcome:
    session = SearchSession(
        settings,
        book,
        table,
        question=QUESTION,
        prompt_ids=PROMPT,
        decode=decode,
        is_final=is_final,
        sampling=SamplingIdentity(0.7, 0.95, max_tokens, 0),
        seed_of=seeds,
    )
    return await run_search(session)


def search(
    settings: SearchSettings, book: Book, table: Table, max_tokens: int = 1000
) -> SearchOutcome:
    return asyncio.run(searching(settings, book, table, max_tokens))
