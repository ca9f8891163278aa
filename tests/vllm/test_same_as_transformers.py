"""vLLM and the transformers engine are the same model: the same greedy tokens, the same scores."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, TypeVar

import pytest
from transformers import AutoTokenizer

from ttsgrid.benchmarks.zoo.task import test_set as held_out
from ttsgrid.engines.base import Generation, GenerationRequest, PolicyEngine, PrmEngine
from ttsgrid.engines.scoring import ScoredSteps, StepScorer
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.engines.start import start_engine
from ttsgrid.grid.resolve import ZOO_WEIGHTS
from ttsgrid.models import encode_prompt, prompt_format, split_steps
from ttsgrid.models.prms import prm_format

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(900)]

KINDS = ("transformers", "vllm")
NUM_PROBLEMS = 30
T = TypeVar("T")


def spec(kind: str, role: str, name: str, **told: Any) -> EngineSpec:  # noqa: ANN401
    return EngineSpec(
        kind, role=role, name=name, source=str(ZOO_WEIGHTS / name), dtype="float32",
        max_model_len=512, kv_cache_gib=0.25, **told,
    )  # fmt: skip


def asked_of(engine_spec: EngineSpec, ask: Callable[[Any], Awaitable[T]]) -> T:
    async def run() -> T:
        engine = await start_engine(engine_spec)
        try:
            return await ask(engine)
        finally:
            engine.close()

    return asyncio.run(run())


@cache
def greedy(kind: str) -> list[Generation]:
    """Whole solutions, then each again up to its first blank line."""
    tokenizer = AutoTokenizer.from_pretrained(ZOO_WEIGHTS / "zoo-m")
    ids = [
        tuple(encode_prompt(prompt_format("zoo"), tokenizer, recipe.question))
        for recipe in held_out(NUM_PROBLEMS)
    ]
    whole = [GenerationRequest(one, 0.0, 1.0, max_tokens=200, seed=0) for one in ids]
    steps = [replace(one, stop=("\n\n",)) for one in whole]
    cut = [replace(one, max_tokens=7) for one in whole]

    async def ask(engine: PolicyEngine) -> list[Generation]:
        return list(await asyncio.gather(*map(engine.generate, [*whole, *steps, *cut])))

    return asked_of(spec(kind, "policy", "zoo-m"), ask)


def test_greedy_tokens_and_how_they_ended_are_equal() -> None:
    ours, theirs = greedy("transformers"), greedy("vllm")
    assert [one.token_ids for one in ours] == [one.token_ids for one in theirs]
    assert [one.finish_reason for one in ours] == [one.finish_reason for one in theirs]
    assert [one.stopped_by for one in ours] == [one.stopped_by for one in theirs]
    prompts = [one.usage.prompt_tokens for one in ours]
    assert prompts == [one.usage.prompt_tokens for one in theirs]


def solutions() -> list[tuple[str, tuple[str, ...]]]:
    tokenizer = AutoTokenizer.from_pretrained(ZOO_WEIGHTS / "zoo-m")
    texts = [
        tokenizer.decode(list(one.token_ids), skip_special_tokens=True)
        for one in greedy("transformers")[:NUM_PROBLEMS]
    ]
    pairs = zip(held_out(NUM_PROBLEMS), texts, strict=True)
    return [(recipe.question, split_steps(text)) for recipe, text in pairs]


@pytest.mark.parametrize(
    ("name", "format_name", "head"),
    [("zoo-prm", "qwen", "token_classify"), ("zoo-shepherd", "math_shepherd", "marker_logits")],
)
def test_step_scores_of_growing_solutions_are_equal(name: str, format_name: str, head: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(ZOO_WEIGHTS / name)
    fmt = prm_format(format_name)
    markers = fmt.marker_ids(tokenizer)
    told = {"head": head, "marker_tokens": markers and (markers[1], markers[0])}

    async def ask(engine: PrmEngine) -> list[ScoredSteps]:
        scorer = StepScorer(engine, fmt, tokenizer)

        async def grow(question: str, steps: Sequence[str]) -> ScoredSteps:
            for end in range(1, len(steps)):
                await scorer.score(question, steps[:end])
            return await scorer.score(question, steps)

        return list(await asyncio.gather(*(grow(q, s) for q, s in solutions())))

    ours, theirs = (asked_of(spec(kind, "prm", name, **told), ask) for kind in KINDS)
    for one, other in zip(ours, theirs, strict=True):
        assert one.scores == pytest.approx(other.scores, abs=1e-4)
        assert (one.prefixes, one.block_tokens) == (other.prefixes, other.block_tokens)
    assert sum(len(one.scores) for one in ours) > 3 * NUM_PROBLEMS
