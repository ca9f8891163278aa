"""How full the engines are: three ratios, each measured side by side in one run.

    python -m tests.gpu.throughput                     a 1.5B policy, a PRM of 7B shape, one GPU
    python -m tests.gpu.throughput --scale small       tiny models, on a CPU

1. A policy worker in its Ray actor over bare `LLM.generate`: tokens/s on the same pools.
2. Beam search in Ray over the sum of what the two bare engines need for the same tokens, each
   at full batch: how much is lost to waiting.
3. The same search in lock-step, and one problem at a time, over ours.

All engines stay up, and idle while another is measured. Weights are random, of real shapes;
lengths are drawn (`tests.gpu.random_models`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

import torch
import vllm

from tests.bench.contenders import Round, started
from tests.bench.searching import Engines, in_lock_step, one_at_a_time
from tests.gpu.bare import bare_llm, bare_prm_tokens_per_s
from tests.gpu.setting import Scale, Setting, prepare
from ttsgrid.cluster.driver.ray_cluster import ray_cluster
from ttsgrid.cluster.driver.remote_worker import RemoteWorker
from ttsgrid.cluster.driver.replica import SEARCHES_AHEAD
from ttsgrid.cluster.wire.tasks import Task
from ttsgrid.grid.config import ClusterConfig

SCALES = {
    "full": Scale("1.5b", "7b", 48, 16, num_steps=6, step_tokens=40, max_num_seqs=256),
    "small": Scale("tiny", "tiny", 8, 8, num_steps=3, step_tokens=8, max_num_seqs=64),
}
START_TIMEOUT_S = 600.0
ALONE_SHARE = 8  # one at a time is slow: one search in so many shows its speed


@dataclass
class Measured:
    """Each round's figures."""

    worker_over_bare: list[float] = field(default_factory=list)
    search_over_engines: list[float] = field(default_factory=list)
    lock_step_over_ours: list[float] = field(default_factory=list)
    alone_over_ours: list[float] = field(default_factory=list)
    facts: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Searched:
    """Searches in Ray: their wall time and tokens."""

    seconds: float
    generated: int
    prm_computed: int


async def in_ray(
    policy: RemoteWorker, prm: RemoteWorker, tasks: Sequence[Task], in_flight: int
) -> Searched:
    """Search in Ray actors, with as much in flight as the driver keeps there."""
    handed_out = SEARCHES_AHEAD * in_flight // tasks[0].unit.num_requests
    room = asyncio.Semaphore(max(1, handed_out))

    async def one(task: Task) -> tuple[int, int]:
        async with room:
            (outcome,) = await policy.run([task], prm.as_prm())
        result = outcome.result
        if result.error:
            raise RuntimeError(result.error)
        read = result.prm_usage.prompt_tokens - result.prm_usage.cached_tokens
        return result.policy_usage.generated_tokens, read

    began = time.perf_counter()
    tokens = await asyncio.gather(*(one(task) for task in tasks))
    seconds = time.perf_counter() - began
    return Searched(seconds, sum(t[0] for t in tokens), sum(t[1] for t in tokens))


async def pools_in_ray(policy: RemoteWorker, setting: Setting) -> Round:
    """Sample the pools in a Ray actor."""
    began = time.perf_counter()
    finished = await asyncio.gather(*(policy.run(chunk, None) for chunk in setting.pools))
    results = [outcome.result for chunk in finished for outcome in chunk]
    failed = [result.error for result in results if result.error]
    if failed:
        raise RuntimeError(failed[0])
    tokens = sum(result.policy_usage.generated_tokens for result in results)
    solutions = sum(len(result.solutions) for result in results)
    return Round(solutions, tokens, time.perf_counter() - began)


async def measure(setting: Setting, max_num_seqs: int) -> Measured:
    """Start all engines, warm them up, and measure in turns."""
    found = Measured()
    with ExitStack() as stack:
        say("starting bare LLM.generate")
        bare = stack.enter_context(started(bare_llm, setting.policy, setting.pools))
        stack.enter_context(ray_cluster(ClusterConfig(dashboard=False)))
        say("starting the Ray actors")
        workers = [
            await RemoteWorker.start(
                spec,
                placement_timeout_s=START_TIMEOUT_S,
                start_timeout_s=START_TIMEOUT_S,
                run_id="bench",
            )
            for spec in (setting.policy, setting.prm)
        ]
        say("starting the engines of the other ways")
        engines = await Engines.start(setting.policy, setting.prm)
        try:
            say("warming up")
            await asyncio.to_thread(bare)
            await pools_in_ray(workers[0], setting)
            warm_up, *rounds = setting.searches
            await in_ray(workers[0], workers[1], warm_up, max_num_seqs)
            await in_lock_step(engines, warm_up)
            for number, searches in enumerate(rounds, 1):
                plain: Round = await asyncio.to_thread(bare)
                pooled = await pools_in_ray(workers[0], setting)
                found.worker_over_bare.append(pooled.tokens_per_s / plain.tokens_per_s)
                facts = {"bare": plain.tokens_per_s, "worker": pooled.tokens_per_s}
                facts |= await one_round(searches, workers, engines, plain, max_num_seqs, found)
                found.facts.append(facts)
                say(f"round {number} of {len(rounds)}: {shown(facts)}")
        finally:
            engines.close()
            for worker in workers:
                await worker.stop()
    return found


async def one_round(
    searches: Sequence[Task],
    workers: Sequence[RemoteWorker],
    engines: Engines,
    plain: Round,
    max_num_seqs: int,
    found: Measured,
) -> dict[str, float]:
    """Search in each way once; add the ratios, return the facts (tokens/s, tokens, seconds)."""
    read_per_s = await bare_prm_tokens_per_s(engines, searches)
    ours = await in_ray(workers[0], workers[1], searches, 2 * max_num_seqs)
    locked = await in_lock_step(engines, searches)
    alone = await one_at_a_time(engines, searches[::ALONE_SHARE])
    needed = ours.generated / plain.tokens_per_s + ours.prm_computed / read_per_s
    speed = ours.generated / ours.seconds
    lock_step, one_by_one = (ran.generated / ran.seconds for ran in (locked, alone))
    found.search_over_engines.append(ours.seconds / needed)
    found.lock_step_over_ours.append(speed / lock_step)
    found.alone_over_ours.append(speed / one_by_one)
    return {
        "PRM": read_per_s,
        "search": speed,
        "lock-step": lock_step,
        "one at a time": one_by_one,
        "searched tokens": ours.generated,
        "PRM tokens": ours.prm_computed,
        "engines' own seconds": needed,
        "search seconds": ours.seconds,
        "lock-step seconds": locked.seconds,
    }


def shown(facts: dict[str, float]) -> str:
    """Return figures in one line; speeds are tokens/s."""
    return ", ".join(f"{name} {value:,.4g}" for name, value in facts.items())


def say(line: str) -> None:
    """Print at once, with the time since the start."""
    print(f"[{time.perf_counter() - _BEGAN:6.1f} s] {line}", flush=True)


def spread(values: Sequence[float]) -> str:
    """Return median, lowest and highest."""
    return f"{median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def main() -> None:
    """Measure and print; with --out, write the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--scale", choices=SCALES, default="full")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    told = parser.parse_args()
    use_gpu = torch.cuda.is_available()
    device = torch.cuda.get_device_name() if use_gpu else "cpu"
    say(f"vLLM {vllm.__version__}, torch {torch.__version__}, {device}")
    if told.scale == "full" and not use_gpu:
        sys.exit("no GPU here: --scale small runs on a CPU")
    scale = SCALES[told.scale]
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        setting = prepare(scale, told.rounds, Path(folder), use_gpu=use_gpu)
        found = asyncio.run(measure(setting, scale.max_num_seqs))
    print(f"policy {scale.policy}, PRM {scale.prm}, beam N={scale.budget}, {told.rounds} rounds")
    print(f"worker in Ray over bare LLM.generate:           {spread(found.worker_over_bare)}")
    print(f"search in Ray over the sum of the bare engines: {spread(found.search_over_engines)}")
    print(f"speed-up over lock-step:                        {spread(found.lock_step_over_ours)}")
    print(f"speed-up over one problem at a time:            {spread(found.alone_over_ours)}")
    if told.out:
        versions = {"vllm": vllm.__version__, "torch": torch.__version__, "device": device}
        told.out.write_text(json.dumps(versions | asdict(found), indent=1))


_BEGAN = time.perf_counter()
if __name__ == "__main__":
    main()
