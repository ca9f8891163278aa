"""Beam search three ways on the same two engines, and what those engines give at best.

`together` is what a policy worker and a PRM worker run, with as much in flight as the
driver keeps there, and without Ray between them. `one_at_a_time` is how search-and-learn
goes about it (`sal/search/beam_search.py`): the next problem begins when the last one is
done, and the PRM reads each partial solution from its first token. `in_lock_step` is the
strongest way among the peers (`tests.bench.lock_step`).
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from transformers import AutoTokenizer

from tests.bench.lock_step import LockStep
from ttsgrid.cluster.driver.replica import SEARCHES_AHEAD
from ttsgrid.cluster.wire.scoring_link import ScoreReply, ScoreRequest
from ttsgrid.cluster.wire.tasks import Task, WorkerSpec
from ttsgrid.cluster.worker.policy_runtime import PolicyRuntime
from ttsgrid.cluster.worker.prm_runtime import PrmRuntime
from ttsgrid.core.identity import derive_seed
from ttsgrid.core.price import distinct, prefixes_of
from ttsgrid.core.records import UnitResult, Usage
from ttsgrid.core.search_trace import SearchTrace
from ttsgrid.engines.base import EngineStats, GenerationRequest, PolicyEngine
from ttsgrid.engines.scoring import ScoredSteps, StepScorer
from ttsgrid.engines.start import start_engine
from ttsgrid.engines.vllm_engine import VllmPolicyEngine, VllmPrmEngine
from ttsgrid.models import encode_prompt, prompt_format
from ttsgrid.models.prms import PrmFormat, prm_format, score_from_logits
from ttsgrid.models.prms.base import ScoringInput
from ttsgrid.models.remembered import RememberingTokenizer
from ttsgrid.strategies.search.protocol import StepScoring
from ttsgrid.strategies.search.run import run_search
from ttsgrid.strategies.search.session import SearchSession

Read = tuple[tuple[str, ...], ScoringInput]
"""A scored candidate's steps, and how the PRM reads them."""


@dataclass(frozen=True)
class Ran:
    """One way's searches.

    Attributes:
        seconds: wall time of all of them.
        busy: share of it in which the policy's engine worked.
        generated: tokens the policy wrote.
        prm_computed: tokens the PRM's engine ran over.
        prm_in_trees: tokens of the trees as the PRM reads them: a question once a tree,
            each candidate's own step once.
        prm_in_blocks: the least that a cache of whole blocks lets the PRM compute for one tree
            after the other: a block is computed again by each step that ends in it, equal
            candidates once.
        num_answers: for a check that both ways search.
    """

    seconds: float
    busy: float
    generated: int
    prm_computed: int
    prm_in_trees: int
    prm_in_blocks: int
    num_answers: int


@dataclass
class Engines:
    """A policy's and a PRM's engine, with what makes requests for them."""

    policy_spec: WorkerSpec
    prm_spec: WorkerSpec
    policy: VllmPolicyEngine
    prm: VllmPrmEngine

    def __post_init__(self) -> None:
        self.policy_tokenizer = AutoTokenizer.from_pretrained(self.policy_spec.engine.source)
        self.prm_tokenizer = AutoTokenizer.from_pretrained(self.prm_spec.engine.source)
        self.remembering = RememberingTokenizer(self.prm_tokenizer)  # to count afterwards
        self.prm_format: PrmFormat = prm_format(self.prm_spec.format)

    @classmethod
    async def start(cls, policy: WorkerSpec, prm: WorkerSpec) -> Engines:
        """Start both engines beside this process, so that each has a core."""
        specs = [replace(worker.engine, own_process=True) for worker in (policy, prm)]
        writer, reader = [await start_engine(spec) for spec in specs]
        assert isinstance(writer, VllmPolicyEngine)
        assert isinstance(reader, VllmPrmEngine)
        return cls(policy, prm, writer, reader)

    async def forget(self) -> None:
        """Empty both prefix caches, so that no way profits from another's."""
        for engine in (self.policy, self.prm):
            of_vllm: Any = engine._engine  # the kind with a process of its own, by `start`
            await of_vllm.reset_prefix_cache()

    def close(self) -> None:
        """Stop both."""
        self.policy.close()
        self.prm.close()

    def prompt(self, question: str) -> tuple[int, ...]:
        """Return the policy's prompt for a question."""
        fmt = prompt_format(self.policy_spec.format)
        return tuple(encode_prompt(fmt, self.policy_tokenizer, question))


async def bare_tokens_per_s(
    engines: Engines, tasks: Sequence[Task], samples: int, at_once: int
) -> float:
    """Sample whole solutions, `samples` a task, and return the policy's tokens/s."""
    await engines.forget()
    room = asyncio.Semaphore(at_once)
    sampling = tasks[0].unit.sampling

    async def one(task: Task, index: int) -> int:
        async with room:
            request = GenerationRequest(
                prompt_ids=engines.prompt(task.problem.question),
                temperature=sampling.temperature,
                top_p=sampling.top_p,
                max_tokens=sampling.max_tokens,
                seed=derive_seed(task.unit.id, index),
            )
            return (await engines.policy.generate(request)).usage.generated_tokens

    began = time.perf_counter()
    tokens = await asyncio.gather(*(one(t, i) for t in tasks for i in range(samples)))
    return sum(tokens) / (time.perf_counter() - began)


async def together(engines: Engines, tasks: Sequence[Task], requests_in_flight: int) -> Ran:
    """Search as workers do: many problems at once, scores computed incrementally."""
    writer = PolicyRuntime(engines.policy_spec, engines.policy, engines.policy_tokenizer)
    reader = _Peer(PrmRuntime(engines.prm_spec, engines.prm, engines.prm_tokenizer))
    # As many as the driver hands out; which of them run, the runtime decides.
    num_handed_out = SEARCHES_AHEAD * requests_in_flight // tasks[0].unit.num_requests
    room = asyncio.Semaphore(num_handed_out)

    async def one(task: Task) -> UnitResult:
        async with room:
            (finished,) = await writer.run([task], reader)
        if finished.result.error:
            raise RuntimeError(finished.result.error)
        return finished.result

    async def all_of_them() -> list[SearchTrace]:
        results = await asyncio.gather(*(one(task) for task in tasks))
        return [SearchTrace.from_json(result.trace or "") for result in results]

    return await _measured(engines, all_of_them)


async def one_at_a_time(engines: Engines, tasks: Sequence[Task]) -> Ran:
    """Search one problem after the other, each step's solutions scored from the start."""

    async def all_of_them() -> list[SearchTrace]:
        scorer = _FullScorer(engines)
        return [await _search(engines, task, engines.policy, scorer) for task in tasks]

    return await _measured(engines, all_of_them)


async def in_lock_step(engines: Engines, tasks: Sequence[Task]) -> Ran:
    """Search all problems at once, every round at the pace of its slowest request."""

    async def all_of_them() -> list[SearchTrace]:
        scorer = StepScorer(engines.prm, engines.prm_format, engines.prm_tokenizer)
        rounds = LockStep(engines.policy, scorer)
        return await rounds.run([_search(engines, task, rounds, rounds) for task in tasks])

    return await _measured(engines, all_of_them)


async def _search(
    engines: Engines, task: Task, policy: PolicyEngine, scorer: StepScoring
) -> SearchTrace:
    assert task.unit.tree is not None
    session = SearchSession(
        task.unit.tree.settings,
        policy,
        scorer,
        question=task.problem.question,
        prompt_ids=engines.prompt(task.problem.question),
        decode=partial(engines.policy_tokenizer.decode, skip_special_tokens=True),
        is_final=lambda text: "\\boxed" in text,
        sampling=task.unit.sampling,
        seed_of=partial(derive_seed, task.unit.id),
    )
    return (await run_search(session)).trace


async def _measured(
    engines: Engines, run: Callable[[], Coroutine[Any, Any, list[SearchTrace]]]
) -> Ran:
    await engines.forget()
    before = engines.policy.stats(), engines.prm.stats()
    began = time.perf_counter()
    traces = await run()
    seconds = time.perf_counter() - began
    written, read = (
        _difference(engine.stats(), earlier)
        for engine, earlier in zip((engines.policy, engines.prm), before, strict=True)
    )
    trees = [list(_read(engines, trace)) for trace in traces]
    return Ran(
        seconds=seconds,
        busy=written.busy_s / seconds,
        generated=written.generated_tokens,
        prm_computed=read.computed_prompt_tokens,
        prm_in_trees=sum(_tokens_in_tree(engines, inputs) for inputs in trees),
        prm_in_blocks=sum(_tokens_in_blocks(engines, inputs) for inputs in trees),
        num_answers=sum(len(trace.answers) for trace in traces),
    )


def _difference(now: EngineStats, before: EngineStats) -> EngineStats:
    return replace(
        now,
        generated_tokens=now.generated_tokens - before.generated_tokens,
        computed_prompt_tokens=now.computed_prompt_tokens - before.computed_prompt_tokens,
        busy_s=now.busy_s - before.busy_s,
    )


def _read(engines: Engines, trace: SearchTrace) -> Iterator[Read]:
    """Yield each scored candidate's steps, and how the PRM reads them."""
    steps: dict[int | None, tuple[str, ...]] = {None: ()}
    for candidate in itertools.chain.from_iterable(trace.steps):  # a parent before its children
        text = candidate.text.strip("\n")
        steps[candidate.id] = own = steps[candidate.parent] + ((text,) if text.strip() else ())
        if candidate.score is not None and own != steps[candidate.parent]:
            yield own, engines.prm_format.encode_open(engines.remembering, trace.question, own)


def _tokens_in_tree(engines: Engines, inputs: Iterable[Read]) -> int:
    """Count a tree's tokens as the PRM reads them, each candidate's step once."""
    total = question = 0
    for steps, encoded in inputs:
        ends = [-1, *encoded.positions]
        total += ends[-1] - (ends[-2] if len(ends) > 2 else -1)
        if len(steps) == 1:
            # A first step comes with the question; each tree has that once.
            question = question or len(encoded.ids) - _alone(engines, steps[0])
            total -= question
    return total + question


def _tokens_in_blocks(engines: Engines, inputs: Iterable[Read]) -> int:
    """Count what the PRM computes of a tree where a cache of its own has whole blocks."""
    block = engines.prm.block_tokens
    return distinct(prefixes_of(encoded.ids, block) for _, encoded in inputs).num_tokens


def _alone(engines: Engines, step: str) -> int:
    """Count the tokens of a step that follows another."""
    first, second = (
        engines.prm_format.encode_open(engines.remembering, "?", steps).ids
        for steps in ([step], [step, step])
    )
    return len(second) - len(first)


@dataclass(frozen=True)
class _Peer:
    """A PRM worker without a process of its own."""

    runtime: PrmRuntime
    name: str = "prm"

    async def score_batch(self, requests: Sequence[ScoreRequest]) -> list[ScoreReply]:
        return await self.runtime.score_batch(requests)


@dataclass(frozen=True)
class _FullScorer:
    """Scores each (partial) solution from its first token, and remembers nothing."""

    engines: Engines

    async def score(self, question: str, steps: Sequence[str]) -> ScoredSteps:
        encoded = self.engines.prm_format.encode_open(self.engines.prm_tokenizer, question, steps)
        logits = await self.engines.prm.token_logits(tuple(encoded.ids), read_cache=False)
        rows = [logits.rows[position] for position in encoded.positions]
        scores = tuple(score_from_logits(positive, negative) for negative, positive in rows)
        return ScoredSteps(scores, Usage(len(encoded.ids), 0, 0))
