"""Searches on workers in Ray actors, and a bare PRM to set them beside; see `contenders`.

Workers remember what they scored and engines cache what they read, so each round of searches
takes problems that none had before.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection

from tests.bench.contenders import Round, in_actor, results_of, serve
from ttsgrid.cluster.driver.ray_cluster import ray_cluster
from ttsgrid.cluster.driver.remote_worker import RemoteWorker
from ttsgrid.cluster.wire.tasks import Task, WorkerSpec
from ttsgrid.cluster.worker.markers import with_markers
from ttsgrid.grid.config import ClusterConfig

TokenIds = tuple[int, ...]


@dataclass(frozen=True)
class Pair:
    """A policy and the PRM that its searches score with."""

    policy: WorkerSpec
    prm: WorkerSpec


def searches_in_ray(pair: Pair, rounds: Sequence[Sequence[Task]], pipe: Connection) -> None:
    """The sweep's two workers in their Ray actors, handed a round's searches all at once."""

    async def main() -> None:
        async with in_actor(pair.policy) as policy, in_actor(pair.prm) as prm:
            pipe.send("ready")
            remaining = iter(rounds)
            while await asyncio.to_thread(pipe.recv):
                pipe.send(await _searched(policy, prm, next(remaining)))

    with ray_cluster(ClusterConfig(dashboard=False)):
        asyncio.run(main())


async def _searched(policy: RemoteWorker, prm: RemoteWorker, tasks: Sequence[Task]) -> Round:
    written, read = await _counters(policy, prm)
    peer, began = prm.as_prm(), time.perf_counter()
    finished = await asyncio.gather(*(policy.run((task,), peer) for task in tasks))
    seconds = time.perf_counter() - began
    written_by_now, read_by_now = await _counters(policy, prm)
    solutions = tuple(
        (task.problem.question, solution.steps)
        for task, result in zip(tasks, results_of(finished), strict=True)
        for solution in result.solutions
    )
    return Round(len(solutions), written_by_now - written, seconds, read_by_now - read, solutions)


async def _counters(policy: RemoteWorker, prm: RemoteWorker) -> tuple[int, int]:
    """Return the tokens that the policy wrote so far, and those that the PRM computed."""
    answered = await asyncio.gather(policy.refresh_stats(), prm.refresh_stats())
    assert all(answered)
    return policy.stats.generated_tokens, prm.stats.computed_prompt_tokens


def bare_prm(spec: WorkerSpec, inputs: Sequence[TokenIds], pipe: Connection) -> None:
    """`vllm.LLM.encode` on all inputs at once, none of which it finds in its cache."""
    from vllm import LLM, PoolingParams  # noqa: PLC0415 (in this process alone)
    from vllm.inputs import TokensPrompt  # noqa: PLC0415

    from ttsgrid.engines.vllm_arguments import engine_arguments  # noqa: PLC0415

    llm = LLM(**engine_arguments(with_markers(spec)))
    prompts = [TokensPrompt(prompt_token_ids=list(ids)) for ids in inputs]
    parameters = PoolingParams(use_activation=False, skip_reading_prefix_cache=True)

    def one_round() -> Round:
        began = time.perf_counter()
        outputs = llm.encode(prompts, parameters, pooling_task="token_classify", use_tqdm=False)
        seconds = time.perf_counter() - began
        return Round(len(outputs), sum(len(o.outputs.data) for o in outputs), seconds)

    serve(pipe, one_round)
    llm.llm_engine.engine_core.shutdown()


def as_many(inputs: Sequence[TokenIds], tokens: int) -> list[TokenIds]:
    """Repeat inputs until they have so many tokens together."""
    taken, total = list[TokenIds](), 0
    for ids in itertools.cycle(inputs):
        if total >= tokens:
            return taken
        taken.append(ids)
        total += len(ids)
    raise ValueError("no inputs")
