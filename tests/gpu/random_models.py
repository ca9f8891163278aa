"""Models of real shapes with random weights, served by the shipped engines.

A random policy ends nowhere of itself, so the lengths of its steps are drawn: lognormal, as
those of real solutions about are, from the request's seed alone. It may write four phrases of
the zoo's vocabulary, whose texts come back as the same ids, so that the zoo's prompts and PRM
format serve it. The model's own vocabulary has the real size, and so has its LM head.

vLLM fills the weights itself (`load_format="dummy"`): no gigabyte is written or read.
"""

from __future__ import annotations

import json
import math
import random
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vllm import SamplingParams
from vllm.inputs import TokensPrompt
from vllm.sampling_params import RequestOutputKind

from ttsgrid.core.records import FinishReason, Usage
from ttsgrid.engines.base import Generation, GenerationRequest
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.engines.vllm_engine import VllmPolicyEngine, VllmPrmEngine

PHRASES = (" + ", " - ", " * ", " = ")
SEPARATOR = "\n\n"
SIGMA = 0.6


@dataclass(frozen=True)
class Shape:
    """A model's size, in the terms of its config.json."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    vocab_size: int
    dtype: str = "bfloat16"


# The published configs of Qwen2.5-1.5B and of Qwen2.5-Math-PRM-7B, and one for a laptop.
SHAPES = {
    "1.5b": Shape(1536, 8960, 28, 12, 2, 151_936),
    "7b": Shape(3584, 18_944, 28, 28, 4, 152_064),
    "tiny": Shape(64, 128, 2, 2, 2, 316, "float32"),
}


@dataclass(frozen=True)
class Lengths:
    """How long what a random policy writes is.

    Attributes:
        step_tokens: median of a step's; a whole solution's is this times `num_steps`.
        num_steps: mean of a solution's; each problem draws its own, half to one and a half.
        phrase_ids: what it may write.
        separator_id: ends a step.
    """

    step_tokens: int
    num_steps: int
    phrase_ids: tuple[int, ...]
    separator_id: int

    def drawn(self, request: GenerationRequest) -> int:
        """Return how many tokens a request gets, from its seed."""
        median = self.step_tokens * (1 if request.stop else self.num_steps)
        length = median * math.exp(random.Random(request.seed).gauss(0, SIGMA))
        return max(1, min(round(length), request.max_tokens - 1))

    def is_last(self, request: GenerationRequest) -> bool:
        """Say whether a step is its solution's last: by the problem, not by the sample."""
        of_problem = random.Random(sum(request.prompt_ids[:40]))
        steps = round(self.num_steps * of_problem.uniform(0.5, 1.5))
        return request.prompt_ids.count(self.separator_id) + 1 >= steps


def write_checkpoint(folder: Path, zoo: Path, shape: Shape, max_model_len: int) -> Path:
    """Write a checkpoint without weights: a zoo model's tokenizer, and a config of the shape."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in zoo.iterdir():
        if file.suffix != ".safetensors":
            shutil.copy(file, folder / file.name)
    config = json.loads((zoo / "config.json").read_text())
    config |= {
        "hidden_size": shape.hidden_size,
        "intermediate_size": shape.intermediate_size,
        "num_hidden_layers": shape.num_hidden_layers,
        "num_attention_heads": shape.num_attention_heads,
        "num_key_value_heads": shape.num_key_value_heads,
        "vocab_size": shape.vocab_size,
        "head_dim": shape.hidden_size // shape.num_attention_heads,
        "max_position_embeddings": max_model_len,
        "dtype": shape.dtype,
    }
    config.pop("layer_types", None)
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def dummy_arguments(spec: EngineSpec) -> dict[str, Any]:
    """Return vLLM's arguments beside those of the spec: weights that it makes up, quick starts."""
    if not spec.num_gpus:
        return {"load_format": "dummy"}
    # Graphs of the decoding steps, and no compiler: a minute less for each engine's start.
    sizes = [size for size in (1, 2, 4, 8, 16, 32, 64, 128, 256) if size <= spec.max_num_seqs]
    compilation = {
        "mode": 0,
        "cudagraph_mode": "FULL_DECODE_ONLY" if spec.role == "policy" else "NONE",
        "cudagraph_capture_sizes": sizes,
    }
    return {"load_format": "dummy", "compilation_config": compilation}


class RandomPolicyEngine(VllmPolicyEngine):
    """A policy of random weights that writes as many tokens as are drawn for it."""

    def __init__(self, spec: EngineSpec) -> None:
        super().__init__(spec, **dummy_arguments(spec))
        self._lengths = lengths_of(spec)

    async def generate(self, request: GenerationRequest) -> Generation:
        """Write as many phrases as are drawn, and end as a real policy would."""
        number = self._lengths.drawn(request)
        written = await self._write(replace(request, stop=(), max_tokens=number))
        if request.stop and not self._lengths.is_last(request):
            ids = (*written.token_ids, self._lengths.separator_id)
            usage = replace(written.usage, generated_tokens=len(ids))
            return Generation(ids, FinishReason.STOP, SEPARATOR, usage)
        return replace(written, finish_reason=FinishReason.STOP)

    async def _write(self, request: GenerationRequest) -> Generation:
        prompt = TokensPrompt(prompt_token_ids=list(request.prompt_ids))
        parameters = sampling_parameters(self._lengths, request)
        output = await self._last(self._engine.generate(prompt, parameters, self._next_id()))
        cached = output.num_cached_tokens or 0
        ids = tuple(output.outputs[0].token_ids)
        usage = Usage(len(request.prompt_ids), cached, len(ids))
        self._meter.count(usage)
        return Generation(ids, FinishReason.LENGTH, None, usage)


def sampling_parameters(lengths: Lengths, request: GenerationRequest) -> SamplingParams:
    """Return vLLM's parameters: exactly `max_tokens` of the phrases."""
    return SamplingParams(
        temperature=request.temperature,
        top_p=request.top_p,
        max_tokens=request.max_tokens,
        seed=request.seed if request.temperature > 0 else None,
        allowed_token_ids=list(lengths.phrase_ids),
        ignore_eos=True,
        detokenize=False,
        output_kind=RequestOutputKind.FINAL_ONLY,
    )


def lengths_of(spec: EngineSpec) -> Lengths:
    """Return what `engine.options` say of lengths."""
    options = spec.options
    return Lengths(
        int(options["step_tokens"]),
        int(options["num_steps"]),
        tuple(options["phrase_ids"]),
        int(options["separator_id"]),
    )


def start_policy(spec: EngineSpec) -> RandomPolicyEngine:
    """Start a random policy: the `engine.kind` of its spec."""
    return RandomPolicyEngine(spec)


def start_prm(spec: EngineSpec) -> VllmPrmEngine:
    """Start a PRM of random weights."""
    return VllmPrmEngine(spec, **dummy_arguments(spec))
