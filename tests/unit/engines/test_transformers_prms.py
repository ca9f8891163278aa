"""The transformers engine reads each PRM head as a plain forward pass does, and computes little."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers import Qwen2ForCausalLM

from tests.unit.engines.checkpoints import (
    SKYWORK_HEAD,
    TWO_LAYERS,
    VOCABULARY,
    random_head,
    random_qwen2,
    write_headed,
)
from ttsgrid.core.errors import EngineError
from ttsgrid.engines.base import TokenLogits
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.engines.transformers_engine.engine import TransformersPrmEngine

TOLERANCE = 1e-5
MARKERS = (7, 11)


def spec(folder: Path, head: str, **told: object) -> EngineSpec:
    markers = MARKERS if head == "marker_logits" else None
    return EngineSpec(
        "transformers", role="prm", name="mine", source=str(folder), dtype="float32", head=head,
        marker_tokens=markers, **told,  # type: ignore[arg-type]
    )  # fmt: skip


def inputs(count: int, seed: int = 0) -> list[tuple[int, ...]]:
    """Inputs of 1 to 200 ids, each with a continuation of itself."""
    rng = random.Random(seed)

    def ids(most: int) -> tuple[int, ...]:
        return tuple(rng.randrange(VOCABULARY) for _ in range(rng.randint(1, most)))

    starts = [ids(200) for _ in range(count)]
    return starts + [start + ids(40) for start in starts]


async def read(
    engine: TransformersPrmEngine, asked: Sequence[tuple[int, ...]], *, read_cache: bool = True
) -> list[TokenLogits]:
    reads = (engine.token_logits(ids, read_cache=read_cache) for ids in asked)
    return list(await asyncio.gather(*reads))


def hidden(trunk: Qwen2ForCausalLM, ids: Sequence[int]) -> Tensor:
    with torch.inference_mode():
        state: Tensor = trunk.model(input_ids=torch.tensor([ids])).last_hidden_state[0]
    return state


def two_layers(trunk: Qwen2ForCausalLM, head: dict[str, Tensor], ids: Sequence[int]) -> Tensor:
    inner = hidden(trunk, ids) @ head["score.0.weight"].T + head["score.0.bias"]
    return inner.relu() @ head["score.2.weight"].T + head["score.2.bias"]


def value(trunk: Qwen2ForCausalLM, head: dict[str, Tensor], ids: Sequence[int]) -> Tensor:
    numbers = hidden(trunk, ids) @ head["v_head.summary.weight"].T + head["v_head.summary.bias"]
    return torch.cat([torch.zeros_like(numbers), numbers], dim=1)


def markers(trunk: Qwen2ForCausalLM, head: dict[str, Tensor], ids: Sequence[int]) -> Tensor:
    rows: Tensor = trunk.lm_head.weight.detach()[list(MARKERS)]
    return hidden(trunk, ids) @ rows.T


Reference = Callable[[Qwen2ForCausalLM, dict[str, Tensor], Sequence[int]], Tensor]
HEADS: list[tuple[str, str, dict[str, tuple[int, ...]], Reference]] = [
    ("token_classify", "Qwen2ForProcessRewardModel", TWO_LAYERS, two_layers),
    ("value_head", "Qwen2ForPrmModel", SKYWORK_HEAD, value),
    ("marker_logits", "Qwen2ForCausalLM", {}, markers),
]


@pytest.mark.parametrize(("head", "architecture", "shapes", "reference"), HEADS)
def test_every_row_is_that_of_a_whole_pass_and_cached_tokens_are_not_computed_again(
    tmp_path: Path,
    head: str,
    architecture: str,
    shapes: dict[str, tuple[int, ...]],
    reference: Reference,
) -> None:
    trunk, weights = random_qwen2(), random_head(shapes)
    folder = write_headed(tmp_path / "prm", trunk, weights, architecture)
    asked = inputs(10)

    async def run() -> tuple[list[TokenLogits], int, int]:
        engine = TransformersPrmEngine(spec(folder, head))
        try:
            answers = await read(engine, asked)
            return answers, engine.block_tokens, engine.stats().computed_prompt_tokens
        finally:
            engine.close()

    answers, block, computed = asyncio.run(run())
    for ids, answer in zip(asked, answers, strict=True):
        expected = reference(trunk, weights, ids)[answer.start :]
        assert torch.allclose(torch.tensor(answer.rows), expected, atol=TOLERANCE)
    # A continuation shares the whole blocks of what it continues, but for its last token's.
    shared = [len(ids) // block * block for ids in asked[:10]]
    assert [answer.start for answer in answers[:10]] == [0] * 10
    for start, ids, answer in zip(shared, asked[10:], answers[10:], strict=True):
        assert answer.start == min(start, (len(ids) - 1) // block * block)
    assert computed == sum(len(answer.rows) for answer in answers) < sum(map(len, asked))


def test_without_reading_the_cache_all_rows_come_and_they_are_the_same(tmp_path: Path) -> None:
    folder = write_headed(
        tmp_path / "prm", random_qwen2(), random_head(SKYWORK_HEAD), "Qwen2ForPrmModel"
    )
    ids = inputs(1, seed=3)[1]

    async def run() -> tuple[TokenLogits, TokenLogits, TokenLogits]:
        engine = TransformersPrmEngine(spec(folder, "value_head"))
        try:
            first = await engine.token_logits(ids, read_cache=True)
            again = await engine.token_logits(ids, read_cache=True)
            return first, again, await engine.token_logits(ids, read_cache=False)
        finally:
            engine.close()

    first, again, whole = asyncio.run(run())
    assert (first.start, whole.start) == (0, 0)
    assert len(again.rows) == len(ids) - again.start < len(ids)
    assert torch.allclose(torch.tensor(whole.rows), torch.tensor(first.rows), atol=TOLERANCE)
    assert torch.allclose(
        torch.tensor(again.rows), torch.tensor(first.rows[again.start :]), atol=TOLERANCE
    )


def test_a_cache_of_one_sequence_serves_many_and_inputs_longer_than_a_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ttsgrid.engines.transformers_engine.paged_model.PART_TOKENS", 50)
    trunk, weights = random_qwen2(), random_head(SKYWORK_HEAD)
    folder = write_headed(tmp_path / "prm", trunk, weights, "Qwen2ForPrmModel")
    asked = inputs(10)

    async def run() -> list[TokenLogits]:
        tiny = spec(folder, "value_head", kv_cache_gib=1e-9, max_model_len=256)
        engine = TransformersPrmEngine(tiny)
        try:
            return await read(engine, asked)
        finally:
            engine.close()

    for ids, answer in zip(asked, asyncio.run(run()), strict=True):
        expected = value(trunk, weights, ids)[answer.start :]
        assert torch.allclose(torch.tensor(answer.rows), expected, atol=TOLERANCE)


def test_a_head_that_the_checkpoint_lacks_is_never_drawn_at_random(tmp_path: Path) -> None:
    folder = write_headed(tmp_path / "prm", random_qwen2(), {}, "Qwen2ForPrmModel")
    with pytest.raises(EngineError, match=r"lacks 2 weights of its model, v_head"):
        TransformersPrmEngine(spec(folder, "value_head"))
    (folder / "config.json").write_text(
        (folder / "config.json").read_text().replace("Qwen2ForPrmModel", "Qwen2ForCausalLM")
    )
    with pytest.raises(EngineError, match="Qwen2ForCausalLM, which has no head for value_head"):
        TransformersPrmEngine(spec(folder, "value_head"))


def test_a_request_that_fails_leaves_an_engine_that_answers_the_next(tmp_path: Path) -> None:
    trunk, weights = random_qwen2(), random_head(SKYWORK_HEAD)
    folder = write_headed(tmp_path / "prm", trunk, weights, "Qwen2ForPrmModel")

    async def run() -> TokenLogits:
        engine = TransformersPrmEngine(spec(folder, "value_head", max_model_len=100))
        try:
            with pytest.raises(EngineError):
                await engine.token_logits((1, VOCABULARY + 5), read_cache=True)
            with pytest.raises(EngineError, match="the model reads 1 to 100"):
                await engine.token_logits((1,) * 101, read_cache=True)
            return await engine.token_logits((1, 2, 3), read_cache=True)
        finally:
            engine.close()

    rows = torch.tensor(asyncio.run(run()).rows)
    assert torch.allclose(rows, value(trunk, weights, (1, 2, 3)), atol=TOLERANCE)
