"""A base model goes on with a question of its own: its solution ends before that."""

from __future__ import annotations

import asyncio

from ttsgrid.benchmarks import shipped_benchmark
from ttsgrid.cluster.wire.tasks import Task, WorkerSpec
from ttsgrid.cluster.worker.policy_runtime import PolicyRuntime
from ttsgrid.core.records import FinishReason, Problem, Solution, Usage
from ttsgrid.core.units import ModelIdentity, SampleBlock, SamplingIdentity
from ttsgrid.engines.base import EngineStats, Generation, GenerationRequest
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.models import inline_format
from ttsgrid.zoo.tokenizer import build_tokenizer

PROBLEM = Problem("p", "zoo", 0, "What is 1 + 1?", "2")
TOKENIZER = build_tokenizer(with_bos=True)
FORMAT = inline_format(
    {"base": "completion", "user": "Question: {question}\nAnswer:", "stop": ["Question:"]}, "x"
)


class Rambler:
    """Writes until a stop text that it was told, kept in its output as engines keep it."""

    device, block_tokens, max_input_tokens = "cpu", 32, 4096

    async def generate(self, request: GenerationRequest) -> Generation:
        text = "1 + 1 = 2\n\nThe answer is \\boxed{2}.\n\nQuestion: 4?\nThe answer is \\boxed{4}."
        ends = [(text.find(stop), stop) for stop in request.stop if stop in text]
        at, stop = min(ends) if ends else (len(text), "")
        ids = tuple(TOKENIZER.encode(text[: at + len(stop)], add_special_tokens=False))
        usage = Usage(len(request.prompt_ids), 0, len(ids))
        return Generation(ids, FinishReason.STOP, stop or None, usage)

    def stats(self) -> EngineStats:
        return EngineStats()

    def close(self) -> None:
        pass


def test_its_answer_is_the_one_before_the_next_question() -> None:
    spec = EngineSpec("mine", "policy", "base", "base")
    worker = WorkerSpec(spec, FORMAT, (shipped_benchmark("zoo"),), 1.0, 0, 1.0)
    runtime = PolicyRuntime(worker, Rambler(), TOKENIZER)
    block = SampleBlock(
        "p", ModelIdentity("base", "b", "r", FORMAT), SamplingIdentity(0.7, 1.0, 64, 0), 0, 1
    )
    (outcome,) = asyncio.run(runtime.run([Task(block, PROBLEM)], None))
    assert outcome.result.error is None
    solution: Solution = outcome.result.solutions[0]
    assert (solution.answer, solution.correct) == ("2", True)
    assert solution.steps == ("1 + 1 = 2", "The answer is \\boxed{2}.")
    assert solution.finish_reason is FinishReason.STOP
