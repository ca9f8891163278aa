"""vLLM behind the engine protocols.

Policies run as `AsyncLLM` generators. PRMs of both kinds run as token classifiers
(`runner="pooling"`): a checkpoint with its own two-class head directly, and a
causal LM that scores a step tag with two tokens by those two rows of its LM head. So both
return two logits per token (or a reward model's one), both read the prefix cache, and a step
costs its own tokens only.

Rows come back for an input's uncached tail; `TokenLogits.start` is how many are missing.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import os
import sys
import traceback
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from ttsgrid.core.errors import EngineError
from ttsgrid.core.records import FinishReason, Usage
from ttsgrid.core.spent import Stage
from ttsgrid.engines import stages
from ttsgrid.engines.base import EngineStats, Generation, GenerationRequest, TokenLogits, as_pair
from ttsgrid.engines.meter import Meter
from ttsgrid.engines.parallel import executor_name, parallel_arguments
from ttsgrid.engines.quantization import quantization_arguments
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.engines.turns import in_turn
from ttsgrid.engines.vllm_metrics import stat_loggers

GIB = 1 << 30
CPU_BATCHED_TOKENS = 8192
CPU_BLOCK_TOKENS = 32
PATIENCE_S = 120.0  # with another engine's look at a class of models
CPU_ENVIRONMENT = {
    # Engines of a sweep share cores: binding each to "its" cores would stack them.
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "VLLM_LOGGING_LEVEL": "ERROR",
    "VLLM_NO_USAGE_STATS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
for _name, _value in CPU_ENVIRONMENT.items():
    os.environ.setdefault(_name, _value)  # read by vLLM when it is imported

from vllm import AsyncEngineArgs, PoolingParams, SamplingParams  # noqa: E402
from vllm import envs as vllm_envs  # noqa: E402
from vllm.config import PoolerConfig, VllmConfig  # noqa: E402
from vllm.inputs import TokensPrompt  # noqa: E402
from vllm.platforms import current_platform  # noqa: E402
from vllm.sampling_params import RequestOutputKind  # noqa: E402
from vllm.v1.engine.async_llm import AsyncLLM  # noqa: E402
from vllm.v1.engine.exceptions import EngineDeadError  # noqa: E402

from ttsgrid.engines.vllm_executor import TellingExecutor  # noqa: E402 (imports vLLM)

T = TypeVar("T")


def engine_arguments(spec: EngineSpec) -> dict[str, Any]:
    """Return vLLM's engine arguments for a spec, common to AsyncLLM and LLM."""
    arguments: dict[str, Any] = {
        "model": spec.source,
        "revision": spec.revision,
        "dtype": spec.dtype,
        **quantization_arguments(spec),
        "max_num_seqs": spec.max_num_seqs,
        "max_model_len": spec.max_model_len,
        "enable_prefix_caching": True,
        "enforce_eager": spec.enforce_eager,
        "disable_log_stats": True,
        # One process fewer per engine, one import of vLLM fewer at its start, and a step need
        # not cross processes. As a class: by its name, vLLM 0.32 takes "mp" on a CPU.
        "distributed_executor_backend": executor_name(spec) or TellingExecutor,
        **parallel_arguments(spec),
    }
    if not spec.num_gpus:
        arguments["kv_cache_memory_bytes"] = int(spec.kv_cache_gib * GIB)
        # Only whole blocks are cached. vLLM's default on a CPU is 128 tokens, more than
        # many solutions have; 32 is the least that its CPU attention takes.
        arguments["block_size"] = CPU_BLOCK_TOKENS
        # A prompt computed in parts makes vLLM 0.32 rewind the request's seeded generator,
        # which a CPU generator can't do: the engine dies ("does not use offset"). Whole
        # prompts must fit a batch; without a length of ours, vLLM sees to that.
        arguments["enable_chunked_prefill"] = False
        if spec.max_model_len is not None:
            arguments["max_num_batched_tokens"] = max(CPU_BATCHED_TOKENS, spec.max_model_len)
    if not spec.generates:
        arguments |= _prm_arguments(spec)
    return arguments


def _prm_arguments(spec: EngineSpec) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "runner": "pooling",
        # vLLM serves Qwen's PRM with the pooler STEP by default, and caches no prefix under it.
        "pooler_config": PoolerConfig(tok_pooling_type="ALL"),
    }
    if spec.head == "marker_logits":
        arguments["convert"] = "classify"
        arguments["hf_overrides"] = {
            "classifier_from_token": _token_strings(spec),
            # The other method, from_2_way_softmax, would merge the two rows into one.
            "method": "no_post_processing",
            "num_labels": 2,
        }
    return arguments


def _token_strings(spec: EngineSpec) -> list[str]:
    """Name the marker tokens as vLLM wants them, from their ids."""
    from transformers import AutoTokenizer  # noqa: PLC0415 (vLLM has loaded it by now)

    if spec.marker_tokens is None:
        raise EngineError(f"{spec.name}: a marker_logits PRM needs its marker_tokens")
    tokenizer = AutoTokenizer.from_pretrained(spec.source, revision=spec.revision)
    return list(tokenizer.convert_ids_to_tokens(list(spec.marker_tokens)))


def engine_config(spec: EngineSpec, **more: Any) -> VllmConfig:  # noqa: ANN401 - vLLM's own
    """Return vLLM's whole config; its KV cache on a CPU holds one longest sequence at least.

    Args:
        spec: of the engine.
        more: arguments of vLLM that go before those that the spec makes.

    Raises:
        EngineError: vLLM refuses the settings; the message names ttsgrid's.
    """
    try:
        # vLLM looks into a class of models that it meets for the first time on a machine in yet
        # another process, 13 CPU seconds, and keeps what it found: the first one for all.
        with in_turn(Path(vllm_envs.VLLM_CACHE_ROOT) / "ttsgrid.lock", PATIENCE_S):
            config = AsyncEngineArgs(**engine_arguments(spec) | more).create_engine_config()
    except ValueError as error:
        raise EngineError(
            f"vLLM refuses a setting of {spec.name} or of engine (max_model_len, dtype, "
            f"quantization, num_gpus, max_num_seqs): {error}"
        ) from error
    cache = config.cache_config
    if cache.kv_cache_memory_bytes is not None:
        cache.kv_cache_memory_bytes = max(cache.kv_cache_memory_bytes, sequence_bytes(config))
    return config


def sequence_bytes(config: VllmConfig) -> int:
    """Return what keys and values of the longest sequence take, and vLLM's empty block."""
    model, block_tokens = config.model_config, config.cache_config.block_size
    blocks = math.ceil(model.max_model_len / block_tokens) + 1
    heads = model.get_num_kv_heads(config.parallel_config)
    layers = model.get_num_layers(config.parallel_config)
    per_token = 2 * layers * heads * model.get_head_size() * model.dtype.itemsize
    return int(blocks * block_tokens * per_token)


class _VllmEngine:
    """What both roles share: start, counters, request ids, death."""

    def __init__(self, spec: EngineSpec, **more: Any) -> None:  # noqa: ANN401 - vLLM's own
        stages.enter(Stage.ENGINE)
        config = engine_config(spec, **more)
        try:
            self._engine = AsyncLLM.from_vllm_config(
                config, disable_log_stats=True, stat_loggers=stat_loggers(spec)
            )
        except Exception as error:
            # Its own process tells why to the log alone; memory is the usual reason.
            raise EngineError(
                f"vLLM's own words are in the log above ({error}). If memory is short for a "
                f"context of {config.model_config.max_model_len:,} tokens, set max_model_len of "
                f"{spec.name} lower, or engine.gpu_memory_utilization or num_gpus higher"
            ) from error
        self._num_gpus = spec.num_gpus
        self._ids = itertools.count()
        self._meter = Meter()

    async def _last(self, stream: AsyncGenerator[T, None]) -> T:
        """Drain a request's stream and return its final output.

        A dead engine ends the process: Ray restarts the actor, and the driver
        hands its units out again. A live actor with a dead engine would eat
        every retry.
        """
        final: T | None = None
        try:
            with self._meter.request():
                async for output in stream:
                    final = output
        except Exception as error:
            if isinstance(error, EngineDeadError) or self._engine.errored:
                _end_process()
            # Whatever vLLM says of one request (its VLLMValidationError is no ValueError) is
            # of that request alone.
            raise EngineError(f"{type(error).__name__}: {error}") from error
        if final is None:
            raise EngineError("the engine ended a request without any output")
        return final

    @property
    def device(self) -> str:
        """`cpu`, or the GPU's name as the driver library gives it, without starting CUDA here."""
        return str(current_platform.get_device_name()) if self._num_gpus else "cpu"

    @property
    def block_tokens(self) -> int:
        """Tokens of a block of vLLM's prefix cache, as vLLM itself settled it."""
        return int(self._engine.vllm_config.cache_config.block_size)

    @property
    def cache_tokens(self) -> int | None:
        """Tokens that vLLM's cache holds; None before vLLM says how many blocks it has."""
        blocks = self._engine.vllm_config.cache_config.num_gpu_blocks
        return None if not blocks else int(blocks) * self.block_tokens

    def _next_id(self) -> str:
        return str(next(self._ids))

    def stats(self) -> EngineStats:
        """Return the counters so far."""
        return self._meter.stats()

    def close(self) -> None:
        """Stop the engine's processes."""
        self._engine.shutdown()


def _end_process() -> NoReturn:
    traceback.print_exc(file=sys.stderr)
    sys.stderr.flush()
    os._exit(1)  # `sys.exit` would raise in a coroutine, and end that task alone


class VllmPolicyEngine(_VllmEngine):
    """A policy on vLLM."""

    @property
    def max_input_tokens(self) -> int:
        """The context length less the one token that any continuation needs."""
        return int(self._engine.model_config.max_model_len) - 1

    async def generate(self, request: GenerationRequest) -> Generation:
        """Sample one continuation; see `PolicyEngine.generate`."""
        parameters = SamplingParams(
            temperature=request.temperature,
            top_p=request.top_p,
            top_k=request.top_k or 0,
            max_tokens=request.max_tokens,
            seed=request.seed if request.temperature > 0 else None,  # greedy needs no generator
            stop=list(request.stop) or None,
            logprob_token_ids=list(request.read_tokens) or None,
            include_stop_str_in_output=True,
            # vLLM looks for stop texts in decoded text. Whole solutions are decoded once, by us.
            detokenize=bool(request.stop),
            # One message per request and not one per token.
            output_kind=RequestOutputKind.FINAL_ONLY,
        )
        prompt = TokensPrompt(prompt_token_ids=list(request.prompt_ids))
        output = await self._last(self._engine.generate(prompt, parameters, self._next_id()))
        completion = output.outputs[0]
        cached = output.num_cached_tokens or 0
        usage = Usage(len(request.prompt_ids), cached, len(completion.token_ids))
        self._meter.count(usage)
        # A stop text is named as text; the end mark gives None, another stop token its id.
        stopped_by = completion.stop_reason if isinstance(completion.stop_reason, str) else None
        reason = FinishReason.STOP if completion.finish_reason == "stop" else FinishReason.LENGTH
        read = tuple(completion.logprobs[0][one].logprob for one in request.read_tokens)
        return Generation(tuple(completion.token_ids), reason, stopped_by, usage, read)


class VllmPrmEngine(_VllmEngine):
    """A PRM on vLLM, as a two-class token classifier."""

    @property
    def max_input_tokens(self) -> int:
        """The context length."""
        return int(self._engine.model_config.max_model_len)

    async def token_logits(self, ids: tuple[int, ...], *, read_cache: bool) -> TokenLogits:
        """Run the PRM over `ids`; see `PrmEngine.token_logits`."""
        parameters = PoolingParams(
            task="token_classify",
            use_activation=False,  # logits: the softmax over both is `score_from_logits`'s
            skip_reading_prefix_cache=not read_cache,
        )
        prompt = TokensPrompt(prompt_token_ids=list(ids))
        output = await self._last(self._engine.encode(prompt, parameters, self._next_id()))
        rows = output.outputs.data.float().tolist()  # may be bfloat16, which numpy lacks
        self._meter.count(Usage(len(ids), len(ids) - len(rows), 0))
        return TokenLogits(len(ids) - len(rows), tuple(map(as_pair, rows)))


async def start_engine(spec: EngineSpec) -> VllmPolicyEngine | VllmPrmEngine:
    """Start an engine; call it inside the event loop that will use it."""
    await asyncio.sleep(0)  # AsyncLLM binds to the running loop
    return VllmPolicyEngine(spec) if spec.generates else VllmPrmEngine(spec)
