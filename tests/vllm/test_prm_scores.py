"""The step scores vLLM serves are the ones transformers computes from the same weights."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, Qwen2Config

from ttsgrid.benchmarks.zoo.task import Recipe
from ttsgrid.benchmarks.zoo.task import test_set as held_out
from ttsgrid.engines.scoring import StepScorer
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.engines.vllm_engine import start_engine
from ttsgrid.grid.resolve import ZOO_WEIGHTS
from ttsgrid.models.prms import prm_format
from ttsgrid.zoo.prms import Qwen2ForProcessRewardModel
from ttsgrid.zoo.rollouts import sample_rollouts

pytestmark = pytest.mark.vllm
TOLERANCE = 1e-3


@cache
def solutions(count: int) -> list[tuple[Recipe, tuple[str, ...]]]:
    """Solutions that zoo-m really wrote, right and wrong ones, with at least one step."""
    folder = ZOO_WEIGHTS / "zoo-m"
    policy = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    rollouts = sample_rollouts(policy, tokenizer, held_out(count + 10), 0.7)
    found = [(rollout.recipe, rollout.steps) for rollout in rollouts if rollout.steps]
    assert len(found) >= count
    return found[:count]


def reference_scores(
    logits: torch.Tensor, positions: Sequence[int], columns: tuple[int, int]
) -> list[float]:
    """Softmax over (negative, positive) at each step's mark, as the model cards do."""
    pair = logits[0, list(positions)][:, list(columns)].double()
    return [float(score) for score in pair.softmax(-1)[:, 1]]


async def served_scores(spec: EngineSpec, format_name: str, count: int) -> list[list[float]]:
    """Score solutions twice over one engine: growing step by step, all in flight at once."""
    engine = await start_engine(spec)
    tokenizer = AutoTokenizer.from_pretrained(spec.source)
    scorer = StepScorer(engine, prm_format(format_name), tokenizer)  # type: ignore[arg-type]

    async def grow(recipe: Recipe, steps: tuple[str, ...]) -> list[float]:
        scores: tuple[float, ...] = ()
        for end in range(1, len(steps) + 1):
            scores = (await scorer.score(recipe.question, steps[:end])).scores
        return list(scores)

    try:
        return list(await asyncio.gather(*(grow(r, s) for r, s in solutions(count))))
    finally:
        engine.close()


def engine_spec(name: str, head: str, markers: tuple[int, int] | None = None) -> EngineSpec:
    source = str(ZOO_WEIGHTS / name)
    return EngineSpec(
        "vllm", "prm", name, source, dtype="float32", max_model_len=512, kv_cache_gib=0.25,
        head=head, marker_tokens=markers,
    )  # fmt: skip


def largest_difference(served: list[list[float]], reference: list[list[float]]) -> float:
    assert [len(row) for row in served] == [len(row) for row in reference]
    pairs = [
        (a, b) for x, y in zip(served, reference, strict=True) for a, b in zip(x, y, strict=True)
    ]
    return max(abs(a - b) for a, b in pairs)


def test_the_token_classifier_scores_growing_solutions_as_transformers_scores_whole_ones() -> None:
    folder: Path = ZOO_WEIGHTS / "zoo-prm"
    model = Qwen2ForProcessRewardModel(Qwen2Config.from_pretrained(folder))
    model.load_state_dict(load_file(folder / "model.safetensors"))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    reference = []
    for recipe, steps in solutions(200):
        encoded = prm_format("qwen").encode(tokenizer, recipe.question, steps)
        ids = torch.tensor([encoded.ids])
        with torch.inference_mode():
            logits = model.eval()(ids, torch.ones_like(ids))
        reference.append(reference_scores(logits, encoded.positions, (0, 1)))
    served = asyncio.run(served_scores(engine_spec("zoo-prm", "token_classify"), "qwen", 200))
    assert largest_difference(served, reference) < TOLERANCE


def test_the_step_tag_prm_scores_growing_solutions_as_transformers_scores_whole_ones() -> None:
    folder: Path = ZOO_WEIGHTS / "zoo-shepherd"
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    minus, plus = tokenizer.convert_tokens_to_ids(["-", "+"])
    reference = []
    for recipe, steps in solutions(200):
        encoded = prm_format("math_shepherd").encode(tokenizer, recipe.question, steps)
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([encoded.ids])).logits
        reference.append(reference_scores(logits, encoded.positions, (minus, plus)))
    spec = engine_spec("zoo-shepherd", "marker_logits", (minus, plus))
    served = asyncio.run(served_scores(spec, "math_shepherd", 200))
    assert largest_difference(served, reference) < TOLERANCE
