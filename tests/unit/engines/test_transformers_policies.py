"""The transformers engine writes what a plain forward pass would, for every family."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import PreTrainedModel

from tests.unit.engines.families import FAMILIES, tokenizer, write_policy
from ttsgrid.benchmarks.zoo.task import test_set as held_out
from ttsgrid.core.errors import EngineError
from ttsgrid.core.records import FinishReason, Usage
from ttsgrid.engines.base import Generation, GenerationRequest
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.engines.transformers_engine.engine import TransformersPolicyEngine, start_engine
from ttsgrid.grid.resolve import ZOO_WEIGHTS
from ttsgrid.models import encode_prompt, prompt_format

GREEDY = GenerationRequest((), temperature=0.0, top_p=1.0, max_tokens=40, seed=0)


def spec(folder: Path, **told: object) -> EngineSpec:
    return EngineSpec(
        "transformers",
        role="policy",
        name="mine",
        source=str(folder),
        dtype="float32",
        **told,  # type: ignore[arg-type]
    )


def prompts(count: int, most: int = 90) -> list[tuple[int, ...]]:
    rng = random.Random(0)
    vocabulary = len(tokenizer())
    return [
        tuple(rng.randrange(vocabulary) for _ in range(rng.randint(1, most))) for _ in range(count)
    ]


def written(engine_spec: EngineSpec, requests: Sequence[GenerationRequest]) -> list[Generation]:
    """All requests at once."""

    async def run() -> list[Generation]:
        engine = await start_engine(engine_spec)
        assert isinstance(engine, TransformersPolicyEngine)
        try:
            return list(await asyncio.gather(*(engine.generate(one) for one in requests)))
        finally:
            engine.close()

    return asyncio.run(run())


def likeliest(model: PreTrainedModel, ids: Sequence[int], start: int) -> list[int]:
    """The token that one whole pass of the plain model finds likeliest after each prefix."""
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([ids])).logits[0]
    best: list[int] = logits[start - 1 : -1].argmax(-1).tolist()
    return best


@pytest.mark.parametrize("family", FAMILIES)
def test_greedy_tokens_are_those_of_whole_passes_whatever_else_is_in_the_batch(
    tmp_path: Path, family: str
) -> None:
    model = write_policy(tmp_path, family)
    asked = [replace(GREEDY, prompt_ids=ids) for ids in prompts(12)]
    # Four times the longest sequence: some wait in line, some are put back into it.
    tiny = spec(tmp_path, kv_cache_gib=520 * 768 / (1 << 30), max_model_len=130)
    for request, generation in zip(asked, written(tiny, asked), strict=True):
        ids = [*request.prompt_ids, *generation.token_ids]
        assert list(generation.token_ids) == likeliest(model, ids, len(request.prompt_ids))
        ended = generation.token_ids[-1] == tokenizer().eos_token_id
        assert (generation.finish_reason is FinishReason.STOP) == ended
        assert ended or len(generation.token_ids) == 40


def test_a_seed_gives_the_same_text_in_every_batch(tmp_path: Path) -> None:
    write_policy(tmp_path, "qwen2")
    sampled = replace(GREEDY, temperature=0.8, top_p=0.9, top_k=30)
    asked = [
        replace(sampled, prompt_ids=ids, seed=seed) for ids in prompts(4) for seed in (1, 2, 2**62)
    ]
    together = [one.token_ids for one in written(spec(tmp_path), asked)]
    assert together == [one.token_ids for one in written(spec(tmp_path, max_num_seqs=2), asked)]
    assert len(set(together)) == len(together)


def test_the_end_mark_and_the_limits_end_a_text(tmp_path: Path) -> None:
    chosen = tokenizer()
    model = write_policy(tmp_path, "llama")
    (prompt,) = prompts(1)
    told = replace(GREEDY, prompt_ids=prompt)
    (free,) = written(spec(tmp_path), [told])
    # The model's fifth token is now its end mark, beside the tokenizer's own.
    end = free.token_ids[4]
    model.generation_config.eos_token_id = [end]
    model.save_pretrained(tmp_path)
    ended, short, full = written(
        spec(tmp_path, max_model_len=len(prompt) + 4),
        [told, replace(told, max_tokens=3), replace(told, prompt_ids=(*prompt, 5))],
    )
    first = free.token_ids.index(end)
    assert first <= 4
    assert ended.token_ids == free.token_ids[: min(first + 1, 4)]
    assert short.finish_reason is FinishReason.LENGTH
    assert len(short.token_ids) == 3
    assert len(full.token_ids) == 3  # up to the context
    (whole,) = written(spec(tmp_path), [told])
    assert (whole.token_ids[-1], whole.stopped_by) == (end, None)
    assert whole.finish_reason is FinishReason.STOP
    assert chosen.eos_token_id is not None


def test_a_stop_text_stays_in_the_output_and_is_named() -> None:
    folder = ZOO_WEIGHTS / "zoo-s"
    chosen = tokenizer()
    ids = [
        tuple(encode_prompt(prompt_format("zoo"), chosen, recipe.question))
        for recipe in held_out(6)
    ]
    told = replace(GREEDY, max_tokens=60)
    free = written(spec(folder), [replace(told, prompt_ids=one) for one in ids])
    texts = [chosen.decode(list(one.token_ids), skip_special_tokens=True) for one in free]
    stops = [text[5:9] for text in texts]  # wherever it lies in its tokens
    asked = [
        replace(told, prompt_ids=one, stop=("@@@", stop))
        for one, stop in zip(ids, stops, strict=True)
    ]
    for stop, whole, cut in zip(stops, free, written(spec(folder), asked), strict=True):
        assert (cut.finish_reason, cut.stopped_by) == (FinishReason.STOP, stop)
        assert cut.token_ids == whole.token_ids[: len(cut.token_ids)]
        assert stop in chosen.decode(list(cut.token_ids), skip_special_tokens=True)
        assert stop not in chosen.decode(list(cut.token_ids[:-1]), skip_special_tokens=True)


def test_usage_counts_the_prompts_whole_blocks_that_were_cached(tmp_path: Path) -> None:
    write_policy(tmp_path, "mistral")
    prompt = prompts(1, most=1)[0] * 70

    async def run() -> list[Usage]:
        engine = await start_engine(spec(tmp_path))
        assert isinstance(engine, TransformersPolicyEngine)
        assert engine.block_tokens == 32
        assert engine.max_input_tokens == 511
        first = await engine.generate(replace(GREEDY, prompt_ids=prompt))
        longer = (*prompt, *first.token_ids, 7)  # as a search goes on: 111 tokens
        usages = [first.usage]
        for ids in (prompt, longer):
            generation = await engine.generate(replace(GREEDY, prompt_ids=ids, max_tokens=1))
            usages.append(generation.usage)
        stats = engine.stats()
        assert (stats.requests, stats.running, stats.generated_tokens) == (3, 0, 42)
        assert stats.computed_prompt_tokens == sum(
            u.prompt_tokens - u.cached_tokens for u in usages
        )
        with pytest.raises(EngineError, match="the model reads 1 to 511"):
            await engine.generate(replace(GREEDY, prompt_ids=(1,) * 512))
        engine.close()
        return usages

    usages = asyncio.run(run())
    assert usages == [Usage(70, 0, 40), Usage(70, 64, 1), Usage(111, 96, 1)]


def test_a_checkpoint_without_all_of_its_weights_is_refused(tmp_path: Path) -> None:
    model = write_policy(tmp_path, "qwen2", tie_word_embeddings=False)
    weights = {k: v for k, v in model.state_dict().items() if "layers.2" not in k}
    model.save_pretrained(tmp_path, state_dict=weights)
    with pytest.raises(EngineError, match=r"lacks \d+ weights of its model, model.layers.2"):
        written(spec(tmp_path), [])


WITHOUT_VLLM = """
import asyncio, sys
sys.modules.update({"vllm": None, "ray": None})
from ttsgrid.engines.base import GenerationRequest
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.engines.start import start_engine

async def run():
    spec = EngineSpec("transformers", role="policy", name="zoo-s", source=sys.argv[1])
    engine = await start_engine(spec)
    written = await engine.generate(GenerationRequest((5, 6, 7), 0.7, 1.0, 5, seed=1))
    print("tokens:", len(written.token_ids))

asyncio.run(run())
"""


def test_it_runs_where_vllm_is_not_installed() -> None:
    command = [sys.executable, "-c", WITHOUT_VLLM, str(ZOO_WEIGHTS / "zoo-s")]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("tokens: ")
