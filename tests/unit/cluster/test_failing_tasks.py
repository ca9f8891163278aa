"""Whatever one task raises fails that unit alone, with its type and message."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from ttsgrid.benchmarks import shipped_benchmark
from ttsgrid.cluster.wire.scoring_link import ScoreReply, ScoreRequest
from ttsgrid.cluster.wire.tasks import Task, TaskOutcome, WorkerSpec
from ttsgrid.cluster.worker.policy_runtime import PolicyRuntime
from ttsgrid.cluster.worker.prm_runtime import PrmRuntime
from ttsgrid.core.records import Problem
from ttsgrid.core.search_settings import SearchSettings
from ttsgrid.core.units import (
    ModelIdentity,
    SampleBlock,
    SamplingIdentity,
    ScoreBlock,
    SearchTree,
    Unit,
)
from ttsgrid.engines.base import Generation, GenerationRequest, TokenLogits
from ttsgrid.engines.fake import FakePolicyEngine, FakePrmEngine
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.models import DecodingTokenizer
from ttsgrid.zoo.tokenizer import build_tokenizer

ZOO = shipped_benchmark("zoo")
BAD = "What is odd?"
POLICY = ModelIdentity("small", "small", "r1", "zoo")
PRM = ModelIdentity("judge", "judge", "r1", "qwen")
SAMPLING = SamplingIdentity(0.7, 1.0, 64, 0)
BEAM = SearchSettings("beam", 4, max_steps=4)
PROBLEMS = [
    Problem(f"p{i}", "zoo", i, question, "1")
    for i, question in enumerate(("What is 1 + 1?", BAD, "What is 2 + 3?"))
]


class OddError(Exception):
    """No error of ttsgrid's, as a library's own error is."""


def spec(role: str) -> WorkerSpec:
    engine = EngineSpec("fake", role, role, role)
    return WorkerSpec(engine, "zoo" if role == "policy" else "qwen", (ZOO,), 1.0, 0, 1.0)


def block(problem: Problem) -> SampleBlock:
    return SampleBlock(problem.id, POLICY, SAMPLING, 0, 4)


def scores(problem: Problem) -> ScoreBlock:
    return ScoreBlock(block(problem), PRM)


def tree(problem: Problem) -> SearchTree:
    return SearchTree(problem.id, POLICY, PRM, SAMPLING, BEAM)


class OddTokenizer:
    """The zoo's tokenizer, but for one question, at which it fails."""

    def __init__(self) -> None:
        self._tokenizer = build_tokenizer(with_bos=True)
        self.bos_token = self._tokenizer.bos_token
        self.decode = self._tokenizer.decode
        self.apply_chat_template = self._tokenizer.apply_chat_template

    def encode(self, text: str, add_special_tokens: bool = True) -> list[int]:
        if BAD in text:
            raise OddError("no such word")
        return list(self._tokenizer.encode(text, add_special_tokens=add_special_tokens))


class OddPolicy(FakePolicyEngine):
    """Fails on one question with an error that is no ValueError, as vLLM's validation does."""

    async def generate(self, request: GenerationRequest) -> Generation:
        if BAD in self._tokenizer.decode(list(request.prompt_ids), skip_special_tokens=True):
            raise OddError("the prompt cannot be empty")
        return await super().generate(request)


class OddPrm(FakePrmEngine):
    """Fails on one question; knows it by its ids."""

    odd_ids: tuple[int, ...] = ()

    async def token_logits(self, ids: tuple[int, ...], *, read_cache: bool) -> TokenLogits:
        if _contains(ids, self.odd_ids):
            raise OddError("the input is odd")
        return await super().token_logits(ids, read_cache=read_cache)


def _contains(ids: Sequence[int], part: Sequence[int]) -> bool:
    return any(tuple(ids[i : i + len(part)]) == part for i in range(len(ids)))


class Peer:
    """A PRM's runtime as the searches' PRM worker."""

    name = "prm"

    def __init__(self, runtime: PrmRuntime) -> None:
        self._runtime = runtime

    async def score_batch(self, requests: Sequence[ScoreRequest]) -> list[ScoreReply]:
        return await self._runtime.score_batch(requests)


def policy_runtime(
    engine: type[FakePolicyEngine] = FakePolicyEngine, tokenizer: DecodingTokenizer | None = None
) -> PolicyRuntime:
    role, zoo = spec("policy"), build_tokenizer(with_bos=True)
    return PolicyRuntime(role, engine(role.engine, zoo), tokenizer or zoo)


def prm_runtime(engine: type[FakePrmEngine] = FakePrmEngine) -> PrmRuntime:
    role, tokenizer = spec("prm"), build_tokenizer(with_bos=False)
    started = engine(role.engine)
    if isinstance(started, OddPrm):
        started.odd_ids = tuple(tokenizer.encode("odd?", add_special_tokens=False))
    return PrmRuntime(role, started, tokenizer)


async def run(
    policy: PolicyRuntime,
    prm: PrmRuntime,
    unit_of: Callable[[Problem], Unit],
    problems: Sequence[Problem] = PROBLEMS,
) -> list[TaskOutcome]:
    tasks = [Task(unit_of(problem), problem) for problem in problems]
    if tasks[0].unit.awaits:
        steps = tuple((sample, ("1 + 1 = 2", f"so {sample}")) for sample in range(4))
        return await prm.run([replace(task, to_score=steps) for task in tasks], None)
    return await policy.run(tasks, Peer(prm))


def check_that_the_odd_one_failed(outcomes: Sequence[TaskOutcome], message: str) -> None:
    one, odd, other = (outcome.result for outcome in outcomes)
    assert odd.error is not None
    assert message in odd.error
    assert "OddError" in odd.error
    assert (odd.solutions, odd.scores, odd.price) == ((), (), None)
    assert (one.error, other.error) == (None, None)
    assert not any(outcome.prm_lost for outcome in outcomes)


@pytest.mark.parametrize("unit_of", [block, tree])
def test_a_tokenizer_that_raises(unit_of: Callable[[Problem], Unit]) -> None:
    policy = policy_runtime(tokenizer=OddTokenizer())
    outcomes = asyncio.run(run(policy, prm_runtime(), unit_of))
    check_that_the_odd_one_failed(outcomes, "no such word")


@pytest.mark.parametrize("unit_of", [block, tree])
def test_a_policy_engine_that_raises(unit_of: Callable[[Problem], Unit]) -> None:
    outcomes = asyncio.run(run(policy_runtime(OddPolicy), prm_runtime(), unit_of))
    check_that_the_odd_one_failed(outcomes, "the prompt cannot be empty")


@pytest.mark.parametrize("unit_of", [scores, tree])
def test_a_prm_engine_that_raises(unit_of: Callable[[Problem], Unit]) -> None:
    outcomes = asyncio.run(run(policy_runtime(), prm_runtime(OddPrm), unit_of))
    check_that_the_odd_one_failed(outcomes, "the input is odd")


@pytest.mark.parametrize("unit_of", [block, tree])
def test_a_grader_that_raises(unit_of: Callable[[Problem], Unit]) -> None:
    policy = policy_runtime()
    grading = policy._gradings["zoo"]
    grader = grading.grader
    one, odd, other = PROBLEMS[0], replace(PROBLEMS[1], answer="odd"), PROBLEMS[2]

    class OddGrader:
        def extract(self, text: str) -> str | None:
            return grader.extract(text)

        def is_final(self, text: str) -> bool:
            return grader.is_final(text)

        def is_correct(self, answer: str, gold: str) -> bool:
            if gold == odd.answer:
                raise OddError("too deep to grade")
            return grader.is_correct(answer, gold)

    policy._gradings["zoo"] = replace(grading, grader=OddGrader())  # type: ignore[arg-type]
    outcomes = asyncio.run(run(policy, prm_runtime(), unit_of, [one, odd, other]))
    check_that_the_odd_one_failed(outcomes, "too deep to grade")
