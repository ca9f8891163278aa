"""Batches, chunks and the KV cache fit a model's context by themselves."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, Qwen2Config, Qwen2ForCausalLM

from ttsgrid.engines.base import GenerationRequest
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.engines.vllm_arguments import GIB, engine_config, sequence_bytes
from ttsgrid.engines.vllm_engine import start_engine
from ttsgrid.grid.resolve import ZOO_WEIGHTS

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def long_qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two random layers with the context of Qwen2.5."""
    return random_qwen(tmp_path_factory.mktemp("qwen"))


def random_qwen(folder: Path) -> Path:
    """Write a checkpoint that reads 32,768 tokens and says nothing."""
    tokenizer = AutoTokenizer.from_pretrained(ZOO_WEIGHTS / "zoo-s")
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=32768,
    )
    Qwen2ForCausalLM(config).save_pretrained(folder)
    return folder


def spec(folder: Path, role: str = "policy", length: int | None = None) -> EngineSpec:
    return EngineSpec(
        "vllm", role, "mine", str(folder), dtype="float32", kv_cache_gib=0.001, max_model_len=length
    )


@pytest.mark.parametrize(("given", "reads"), [(None, 32768), (32768, 32768), (9000, 9000)])
def test_whole_prompts_fit_a_batch_and_one_sequence_fits_the_cache(
    long_qwen: Path, given: int | None, reads: int
) -> None:
    config = engine_config(spec(long_qwen, length=given))
    assert config.model_config.max_model_len == reads
    assert config.scheduler_config.max_num_batched_tokens >= reads
    # Keys and values, 2 layers, 1 head of 32 numbers of 4 bytes: 512 bytes a token.
    cache = config.cache_config.kv_cache_memory_bytes
    assert cache == sequence_bytes(config) > 0.001 * GIB
    assert 512 * reads < cache < 512 * (reads + 100)


def test_a_model_with_a_long_context_starts_and_reads_a_long_prompt(long_qwen: Path) -> None:
    async def run() -> int:
        engine = await start_engine(spec(long_qwen))
        try:
            ids = tuple(range(5, 35)) * 400
            request = GenerationRequest(ids, temperature=0.7, top_p=1.0, max_tokens=3, seed=1)
            return len((await engine.generate(request)).token_ids)  # type: ignore[union-attr]
        finally:
            engine.close()

    assert asyncio.run(run()) > 0
