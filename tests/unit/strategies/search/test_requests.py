"""What a search asks of its engines, when, and what fails loudly."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence

import pytest

from tests.unit.strategies.search.scripted import PROMPT, QUESTION
from tests.unit.strategies.search.written import (
    Book,
    Table,
    beam,
    search,
    searching,
    seeds,
)
from ttsgrid.core.errors import EngineError, ScoringError
from ttsgrid.core.records import FinishReason, Usage
from ttsgrid.core.units import SamplingIdentity
from ttsgrid.engines.base import EngineStats, Generation, GenerationRequest
from ttsgrid.engines.scoring import ScoredSteps
from ttsgrid.strategies.search.run import run_search
from ttsgrid.strategies.search.session import SearchSession


class FreshIds:
    """Writes each step with ids that no tokenizer would give its text."""

    device = "cpu"
    block_tokens = 32
    max_input_tokens = 1 << 20

    def __init__(self) -> None:
        self.spelling: dict[int, str] = {}
        self.written: set[tuple[int, ...]] = {()}

    async def generate(self, request: GenerationRequest) -> Generation:
        before = request.prompt_ids[len(PROMPT) :]
        assert before in self.written
        text = "boxed" if len(before) == 2 else "a\n\n"
        new = 5000 + len(self.spelling)
        self.spelling[new] = text
        self.written.add((*before, new))
        stopped_by = None if text == "boxed" else "\n\n"
        return Generation((new,), FinishReason.STOP, stopped_by, Usage(0, 0, 1))

    def decode(self, ids: Sequence[int]) -> str:
        return "".join(self.spelling[i] for i in ids)

    def stats(self) -> EngineStats:
        return EngineStats()

    def close(self) -> None:
        """Nothing to free."""


def test_children_continue_the_exact_ids_of_their_parent() -> None:
    policy = FreshIds()
    session = SearchSession(
        beam("search_and_learn", 4, 2),
        policy,
        Table({"a": 0.5, "boxed": 0.5}),
        question=QUESTION,
        prompt_ids=PROMPT,
        decode=policy.decode,
        is_final=None,
        sampling=SamplingIdentity(0.7, 1.0, 99, 0),
        seed_of=seeds,
    )
    outcome = asyncio.run(run_search(session))
    assert outcome.answers[0].text == "a\n\na\n\nboxed"


class FailingPolicy(Book):
    """Fails its second request; the others wait for ever."""

    cancelled = 0

    async def generate(self, request: GenerationRequest) -> Generation:
        self.requests.append(request)
        if len(self.requests) == 2:
            raise EngineError("out of memory")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        raise AssertionError("nothing sets the event")


def test_a_failed_request_fails_the_search_and_cancels_its_siblings() -> None:
    policy = FailingPolicy({})
    with pytest.raises(EngineError, match="out of memory"):
        search(beam("paper", 4, 2), policy, Table({}))
    assert policy.cancelled == 3


@pytest.mark.parametrize("scores", [(), (0.5, 0.5), (math.nan,), (math.inf,)])
def test_a_missing_or_impossible_score_fails_the_search_instead_of_becoming_zero(
    scores: tuple[float, ...],
) -> None:
    class OddPrm(Table):
        async def score(self, question: str, steps: Sequence[str]) -> ScoredSteps:
            return ScoredSteps(scores, Usage())

    with pytest.raises(ScoringError, match="score"):
        search(beam("paper"), Book({"": ["a\n\n", "b\n\n"]}), OddPrm({}))


def test_a_candidate_is_scored_before_its_siblings_are_written() -> None:
    scored = asyncio.Event()

    class SlowSibling(Book):
        async def generate(self, request: GenerationRequest) -> Generation:
            written = await super().generate(request)
            if len(self.requests) == 2:
                await asyncio.wait_for(scored.wait(), timeout=5)
            return written

    class Signalling(Table):
        async def score(self, question: str, steps: Sequence[str]) -> ScoredSteps:
            scored.set()
            return await super().score(question, steps)

    book = SlowSibling({"": ["boxed 1<end>", "boxed 2<end>"]})
    outcome = search(beam("paper"), book, Signalling({"boxed 1": 0.1, "boxed 2": 0.2}))
    assert outcome.answers[0].text == "boxed 2"


def test_a_search_never_waits_for_another_on_the_same_engine() -> None:
    class Stuck(Book):
        async def generate(self, request: GenerationRequest) -> Generation:
            await asyncio.Event().wait()
            raise AssertionError("nothing sets the event")

    async def both() -> str:
        table = Table({"a": 0.5, "boxed": 0.5})
        stuck = asyncio.create_task(searching(beam("paper"), Stuck({}), table))
        book = Book({"": ["a\n\n"] * 2, "a\n\n": ["boxed<end>"] * 2})
        outcome = await asyncio.wait_for(searching(beam("paper"), book, table), timeout=5)
        assert not stuck.done()
        stuck.cancel()
        return outcome.answers[0].text

    assert asyncio.run(both()) == "a\n\nboxed"
