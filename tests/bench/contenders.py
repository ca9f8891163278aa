"""Ways to generate the same solutions, each in a process of its own.

All engines get the arguments, the environment and the requests (prompt ids, sampling,
seeds) of the default sweep's policy worker. They start one after the other, idle while
another is measured, and run rounds on request, so that whatever else the machine does
falls on all alike.
"""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TypeVar

import uvloop
from transformers import AutoTokenizer

from ttsgrid.cluster.driver.ray_cluster import ray_cluster
from ttsgrid.cluster.driver.remote_worker import RemoteWorker
from ttsgrid.cluster.wire.tasks import Task, TaskOutcome, WorkerSpec
from ttsgrid.cluster.worker.runtime import start_runtime
from ttsgrid.core.records import UnitResult
from ttsgrid.grid.config import ClusterConfig
from ttsgrid.models import encode_prompt, prompt_format
from ttsgrid.strategies.sampling import sample_seed

Chunks = Sequence[tuple[Task, ...]]
Spec = TypeVar("Spec")
Work = TypeVar("Work")
START_TIMEOUT_S = 600.0
THREADS = 1  # of an engine, as a worker sets it that reserves less than two CPUs


@dataclass(frozen=True)
class Round:
    """What one round generated, or a PRM alone read, and the wall time it took.

    Attributes:
        prm_tokens: of searches, those that the PRM's engine computed.
        solutions: of searches, each answer's question and steps.
    """

    num_solutions: int
    tokens: int
    seconds: float
    prm_tokens: int = 0
    solutions: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def tokens_per_s(self) -> float:
        return self.tokens / self.seconds


def bare_llm(spec: WorkerSpec, chunks: Chunks, pipe: Connection) -> None:
    """`vllm.LLM.generate` on all requests at once; its output stays token ids."""
    from vllm import LLM, SamplingParams  # noqa: PLC0415 (in this process alone)
    from vllm.inputs import TokensPrompt  # noqa: PLC0415

    from ttsgrid.engines.vllm_arguments import engine_arguments  # noqa: PLC0415

    llm = LLM(**engine_arguments(spec.engine))
    tokenizer = AutoTokenizer.from_pretrained(spec.engine.source)
    fmt = prompt_format(spec.format)
    prompts, parameters = [], []
    for task in itertools.chain.from_iterable(chunks):
        ids = encode_prompt(fmt, tokenizer, task.problem.question)
        sampling = task.unit.sampling
        block = task.unit.block
        assert block is not None
        for index in range(block.start, block.stop):
            seed = None if sampling.greedy else sample_seed(block.family, index)
            prompts.append(TokensPrompt(prompt_token_ids=ids))
            parameters.append(
                SamplingParams(
                    temperature=sampling.temperature,
                    top_p=sampling.top_p,
                    max_tokens=sampling.max_tokens,
                    seed=seed,
                    detokenize=False,
                )
            )

    def one_round() -> Round:
        started = time.perf_counter()
        outputs = llm.generate(prompts, parameters, use_tqdm=False)
        seconds = time.perf_counter() - started
        return Round(len(outputs), sum(len(o.outputs[0].token_ids) for o in outputs), seconds)

    serve(pipe, one_round)
    llm.llm_engine.engine_core.shutdown()


def policy_runtime(spec: WorkerSpec, chunks: Chunks, pipe: Connection) -> None:
    """The sweep's policy worker without Ray: generates, decodes, cuts into steps, grades."""

    async def main() -> None:
        runtime = await start_runtime(spec)
        try:
            await _serve_async(pipe, runtime.run, chunks)
        finally:
            runtime.close()

    uvloop.run(main())  # the loop that Ray gives its actors


def ray_worker(spec: WorkerSpec, chunks: Chunks, pipe: Connection) -> None:
    """The sweep's policy worker in its Ray actor, as the driver sees it."""

    async def main() -> None:
        async with in_actor(spec) as worker:
            await _serve_async(pipe, worker.run, chunks)

    with ray_cluster(ClusterConfig(dashboard=False)):
        asyncio.run(main())


@asynccontextmanager
async def in_actor(spec: WorkerSpec) -> AsyncIterator[RemoteWorker]:
    """Start a worker in its Ray actor."""
    worker = await RemoteWorker.start(
        spec,
        placement_timeout_s=START_TIMEOUT_S,
        start_timeout_s=START_TIMEOUT_S,
        run_id="bench",
    )
    try:
        yield worker
    finally:
        await worker.stop()


async def _serve_async(
    pipe: Connection,
    run: Callable[[tuple[Task, ...], None], Awaitable[list[TaskOutcome]]],
    chunks: Chunks,
) -> None:
    pipe.send("ready")
    while await asyncio.to_thread(pipe.recv):
        started = time.perf_counter()
        finished = await asyncio.gather(*(run(chunk, None) for chunk in chunks))
        pipe.send(_measured(finished, time.perf_counter() - started))


def _measured(finished: Sequence[list[TaskOutcome]], seconds: float) -> Round:
    results = results_of(finished)
    tokens = sum(result.policy_usage.generated_tokens for result in results)
    return Round(sum(len(result.solutions) for result in results), tokens, seconds)


def results_of(finished: Sequence[list[TaskOutcome]]) -> list[UnitResult]:
    """Return the results of calls to workers; a failed task fails the bench."""
    results = [item.result for chunk in finished for item in chunk]
    failed = [result.error for result in results if result.error]
    if failed:
        raise RuntimeError(f"{len(failed)} tasks failed, first: {failed[0]}")
    return results


def serve(pipe: Connection, one_round: Callable[[], Round]) -> None:
    """Run a round whenever the other end asks for one."""
    pipe.send("ready")
    while pipe.recv():
        pipe.send(one_round())


@contextmanager
def started(
    contender: Callable[[Spec, Work, Connection], None], spec: Spec, work: Work
) -> Iterator[Callable[[], Round]]:
    """Start a contender's process and its engine; yield what runs a round."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(THREADS)
    process = context.Process(target=contender, args=(spec, work, there))
    process.start()
    there.close()

    def answer() -> Round | str:
        try:
            found: Round | str = here.recv()
        except EOFError:
            raise RuntimeError(f"{contender.__name__} ended early; see its output") from None
        return found

    def one_round() -> Round:
        here.send(True)
        found = answer()
        assert isinstance(found, Round)
        return found

    try:
        assert answer() == "ready"
        yield one_round
    finally:
        with suppress(BrokenPipeError):
            here.send(False)
        process.join(60)
        if process.is_alive():
            process.kill()
