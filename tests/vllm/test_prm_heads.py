"""The heads that vLLM serves beside the zoo's PRMs read as plain passes of transformers do.

One engine per kind: a reward model with one number, a Qwen3 token classifier, and a verifier
whose verdicts are written. What vLLM can't serve goes to transformers, which needs none here.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import torch
from transformers import AutoModel, Qwen2Config, Qwen3Config

from tests.unit.engines.test_verdicts import ids_of, write_model
from tests.unit.models.prms.tiny import SIZE, TinyPrm, two_layers
from ttsgrid.engines.base import Generation, GenerationRequest
from ttsgrid.engines.scoring import ScoredSteps, StepScorer
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.engines.start import kind_for, start_engine
from ttsgrid.models.prms import inline_prm_format, prm_format
from ttsgrid.zoo.tokenizer import build_tokenizer

pytestmark = [pytest.mark.slow, pytest.mark.vllm]
TOLERANCE = 1e-4
TOKENIZER = build_tokenizer(with_bos=False)
QUESTION = "Start with 17. Add 23. Work modulo 47."
SOLUTIONS = [
    ("17 + 23 = 40", "The answer is \\boxed{40}."),
    ("17 + 23 = 41",),
    tuple(f"{i} + {i} = {2 * i}" for i in range(20)),
]


def spec(folder: Path, head: str) -> EngineSpec:
    return EngineSpec(
        kind_for("vllm", head), role="prm", name="tiny", source=str(folder), dtype="float32",
        max_model_len=512, kv_cache_gib=0.25, head=head,
    )  # fmt: skip


def tiny(
    config: Qwen2Config | Qwen3Config, architecture: str, head: dict[str, tuple[int, ...]]
) -> TinyPrm:
    torch.manual_seed(0)
    trunk = AutoModel.from_config(config, dtype=torch.float32).eval()
    with torch.no_grad():
        for parameter in trunk.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.2)
    weights = {name: torch.randn(shape) * 0.3 for name, shape in head.items()}
    return TinyPrm(trunk, weights, architecture)


SIZES = {
    "vocab_size": len(TOKENIZER), "hidden_size": SIZE, "intermediate_size": 48,
    "num_hidden_layers": 2, "num_attention_heads": 1, "num_key_value_heads": 1, "head_dim": 32,
    "max_position_embeddings": 512,
}  # fmt: skip


async def served(folder: Path, format_name: str) -> list[ScoredSteps]:
    TOKENIZER.save_pretrained(folder)
    fmt = prm_format(format_name)
    engine = await start_engine(spec(folder, fmt.engine_task))
    scorer = StepScorer(engine, fmt, TOKENIZER)
    try:
        return [await scorer.score(QUESTION, steps) for steps in SOLUTIONS]
    finally:
        engine.close()


def test_a_reward_model_with_one_number_gives_its_sigmoid(tmp_path: Path) -> None:
    prm = tiny(Qwen2Config(**SIZES), "Qwen2ForRewardModel", two_layers(1))
    scored = asyncio.run(served(prm.write(tmp_path / "prm"), "outcome"))
    for steps, found in zip(SOLUTIONS, scored, strict=True):
        ids = prm_format("outcome").encode(TOKENIZER, QUESTION, steps).ids
        inner = prm.hidden(ids)[-1] @ prm.head["score.0.weight"].T + prm.head["score.0.bias"]
        value = inner.relu() @ prm.head["score.2.weight"].T + prm.head["score.2.bias"]
        assert list(found.scores) == pytest.approx(value.sigmoid().tolist(), abs=TOLERANCE)


def test_a_qwen3_classifier_gives_the_softmax_of_its_two_classes(tmp_path: Path) -> None:
    linear = {"score.weight": (2, SIZE), "score.bias": (2,)}
    prm = tiny(Qwen3Config(**SIZES), "Qwen3ForTokenClassification", linear)
    name = inline_prm_format({"base": "skywork", "head": "token_classify"}, "prms.mine.format")
    scored = asyncio.run(served(prm.write(tmp_path / "prm"), name))
    for steps, found in zip(SOLUTIONS, scored, strict=True):
        item = prm_format(name).encode(TOKENIZER, QUESTION, steps)
        states = prm.hidden(item.ids)[item.positions]
        pair = states @ prm.head["score.weight"].T + prm.head["score.bias"]
        assert list(found.scores) == pytest.approx(pair.softmax(-1)[:, 1].tolist(), abs=TOLERANCE)


def test_the_probabilities_of_verdicts_are_those_over_the_whole_vocabulary(tmp_path: Path) -> None:
    folder = tmp_path / "lm"
    model = write_model(folder)
    labels = (ids_of("0")[0], ids_of("1")[0])
    prompts = [ids_of(text) for text in ("Is it? ", "Start with 17. Add 23.", "e" * 70)]

    async def run() -> list[Generation]:
        engine = await start_engine(spec(folder, "written_verdict"))
        try:
            asked = (GenerationRequest(ids, 0.0, 1.0, 1, 0, read_tokens=labels) for ids in prompts)
            return list(await asyncio.gather(*map(engine.generate, asked)))
        finally:
            engine.close()

    for ids, answer in zip(prompts, asyncio.run(run()), strict=True):
        with torch.inference_mode():
            row = model(input_ids=torch.tensor([ids])).logits[0, -1].log_softmax(-1)
        assert list(answer.read) == pytest.approx(row[list(labels)].tolist(), abs=1e-3)
