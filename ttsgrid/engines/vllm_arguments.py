"""What vLLM is told of an engine: its arguments, and the config that it makes of them."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

from ttsgrid.core.errors import EngineError
from ttsgrid.engines.parallel import executor_name, parallel_arguments
from ttsgrid.engines.quantization import quantization_arguments
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.engines.turns import in_turn

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

from vllm import AsyncEngineArgs  # noqa: E402
from vllm import envs as vllm_envs  # noqa: E402
from vllm.config import PoolerConfig, VllmConfig  # noqa: E402

from ttsgrid.engines.vllm_classes import look_here  # noqa: E402 (imports vLLM)
from ttsgrid.engines.vllm_executor import TellingExecutor  # noqa: E402 (imports vLLM)


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
    if not spec.own_process:
        look_here(spec)
    try:
        # Elsewhere vLLM looks into a class of models that it meets for the first time on a machine
        # in yet another process, and keeps what it found: the first one for all.
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
