"""The two engines alone, each at full batch: what no scheduler can beat."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection

from transformers import AutoTokenizer
from vllm import LLM
from vllm.inputs import TokensPrompt

from tests.bench.contenders import Chunks, Round, serve
from tests.bench.searching import Engines
from tests.gpu.random_models import dummy_arguments, lengths_of, sampling_parameters
from ttsgrid.cluster.wire.tasks import Task, WorkerSpec
from ttsgrid.engines.base import GenerationRequest
from ttsgrid.engines.vllm_arguments import engine_arguments
from ttsgrid.models import encode_prompt, prompt_format
from ttsgrid.strategies.sampling import sample_seed


def bare_llm(spec: WorkerSpec, chunks: Chunks, pipe: Connection) -> None:
    """`LLM.generate` on all samples of the pools at once; its output stays token ids."""
    llm = LLM(**engine_arguments(spec.engine) | dummy_arguments(spec.engine))
    requests = [request for task in itertools.chain(*chunks) for request in _requests(spec, task)]
    lengths = lengths_of(spec.engine)
    prompts = [TokensPrompt(prompt_token_ids=list(one.prompt_ids)) for one in requests]
    parameters = [sampling_parameters(lengths, one) for one in requests]

    def one_round() -> Round:
        began = time.perf_counter()
        outputs = llm.generate(prompts, parameters, use_tqdm=False)
        seconds = time.perf_counter() - began
        return Round(len(outputs), sum(len(o.outputs[0].token_ids) for o in outputs), seconds)

    serve(pipe, one_round)
    llm.llm_engine.engine_core.shutdown()


def _requests(spec: WorkerSpec, task: Task) -> list[GenerationRequest]:
    """Return what the worker asks its engine for, with the lengths drawn."""
    tokenizer = AutoTokenizer.from_pretrained(spec.engine.source)
    ids = tuple(encode_prompt(prompt_format(spec.format), tokenizer, task.problem.question))
    sampling, block = task.unit.sampling, task.unit.block
    assert block is not None
    asked = [
        GenerationRequest(
            prompt_ids=ids,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            max_tokens=sampling.max_tokens,
            seed=sample_seed(block.family, index),
        )
        for index in range(block.start, block.stop)
    ]
    lengths = lengths_of(spec.engine)
    return [
        GenerationRequest(one.prompt_ids, one.temperature, one.top_p, lengths.drawn(one), one.seed)
        for one in asked
    ]


async def bare_prm_tokens_per_s(engines: Engines, tasks: Sequence[Task]) -> float:
    """Read whole solutions of the searches' length, all at once and without the cache."""
    await engines.forget()
    lengths = lengths_of(engines.policy_spec.engine)
    step = engines.policy_tokenizer.decode([lengths.phrase_ids[0]] * lengths.step_tokens)
    inputs = [
        engines.prm_format.encode_open(
            engines.prm_tokenizer, task.problem.question, [step] * lengths.num_steps
        ).ids
        for task in tasks
        for _ in range(4)
    ]
    began = time.perf_counter()
    await asyncio.gather(
        *(engines.prm.token_logits(tuple(ids), read_cache=False) for ids in inputs)
    )
    return sum(len(ids) for ids in inputs) / (time.perf_counter() - began)
