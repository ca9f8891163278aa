"""A worker grades code in other processes: its event loop, and so its engine, goes on."""

from __future__ import annotations

import asyncio
import time

from tests.unit.benchmarks.code.sandboxes import sandbox_or_skip
from ttsgrid.benchmarks import BenchmarkConfig
from ttsgrid.benchmarks.code.rows import human_eval
from ttsgrid.cluster.wire.tasks import Task, WorkerSpec
from ttsgrid.cluster.worker.policy_runtime import PolicyRuntime
from ttsgrid.core.records import FinishReason, Problem, Usage
from ttsgrid.core.units import ModelIdentity, SampleBlock, SamplingIdentity
from ttsgrid.engines.base import EngineStats, Generation, GenerationRequest
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.zoo.tokenizer import build_tokenizer

TOKENIZER = build_tokenizer(with_bos=True)
ROW = {
    "prompt": "def f(x):\n    '''f(1) is 2.'''\n",
    "entry_point": "f",
    "test": "def check(candidate):\n    assert candidate(1) == 2\n",
}
ENDLESS = "```python\ndef f(x):\n    while True: pass\n```\n"


class Looper:
    """Writes a program that never ends."""

    device, block_tokens, max_input_tokens = "cpu", 32, 4096

    async def generate(self, request: GenerationRequest) -> Generation:
        ids = tuple(TOKENIZER.encode(ENDLESS, add_special_tokens=False))
        usage = Usage(len(request.prompt_ids), 0, len(ids))
        return Generation(ids, FinishReason.STOP, None, usage)

    def stats(self) -> EngineStats:
        return EngineStats()

    def close(self) -> None:
        pass


async def _with_longest_pause(runtime: PolicyRuntime, task: Task) -> tuple[list[str | None], float]:
    """Run a task; return its outcomes and the longest time that the loop stood still."""
    running = asyncio.ensure_future(runtime.run([task], None))
    longest, before = 0.0, time.monotonic()
    while not running.done():
        await asyncio.sleep(0.01)
        longest, before = max(longest, time.monotonic() - before), time.monotonic()
    (outcome,) = await running
    assert outcome.result.error is None
    return [solution.outcome for solution in outcome.result.solutions], longest


def test_the_loop_goes_on_while_programs_run_into_their_limits() -> None:
    sandbox_or_skip()
    read = human_eval(ROW)
    code = BenchmarkConfig("code", grader="code", grader_options={"cpu_seconds": 1})
    spec = WorkerSpec(EngineSpec("mine", "policy", "m", "m"), "zoo", (code,), 1.0, 0, 1.0)
    problem = Problem("p", "code", 0, str(read["question"]), str(read["answer"]))
    sampling = SamplingIdentity(0.7, 1.0, 64, 0)
    block = SampleBlock("p", ModelIdentity("m", "m", "r", "zoo"), sampling, 0, 2)
    runtime = PolicyRuntime(spec, Looper(), TOKENIZER)
    started = time.monotonic()
    outcomes, longest = asyncio.run(_with_longest_pause(runtime, Task(block, problem)))
    elapsed = time.monotonic() - started
    assert outcomes == ["time-out", "time-out"]
    assert elapsed > 1  # the tests took their processor time, and the loop none of it
    assert longest < elapsed / 2
