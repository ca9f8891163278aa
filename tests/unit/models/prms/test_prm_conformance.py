"""Every PRM family scores as its model card does: real ids, real architectures, tiny weights.

Each reference encodes a whole solution as the card or the makers' code does, runs one plain
forward pass of transformers in float32, and reads the scores by the card's arithmetic. The
solutions come growing step by step, all at once, through the engine's cache.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.unit.models.prms.tiny import CONTEXT, LINEAR, VALUE, TinyPrm, tiny_prm, two_layers
from tests.unit.models.prms.tokenizers import LlamaTokenizer, MistralTokenizer, QwenTokenizer
from tests.unit.models.prms.varied import QUESTION, varied_solutions, why_unscored
from ttsgrid.engines.scoring import ScoredSteps, StepScorer
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.engines.start import start_engine
from ttsgrid.models.prms import inline_prm_format, prm_format

TOLERANCE = 1e-4
BOXED = "Please reason step by step, and put your final answer within \\boxed{}."
Reference = Callable[[TinyPrm, Any, Sequence[str]], Tensor]


def plain(tokenizer: Any, text: str) -> list[int]:  # noqa: ANN401 - one of three tokenizers
    return list(tokenizer.encode(text, add_special_tokens=False))


def chat_of_qwen(tokenizer: Any, system: str, answer: str) -> list[int]:  # noqa: ANN401
    opening = f"<|im_start|>system\n{system}<|im_end|>\n" if system else ""
    user = f"<|im_start|>user\n{QUESTION}<|im_end|>\n"
    return plain(tokenizer, f"{opening}{user}<|im_start|>assistant\n{answer}<|im_end|>\n")


def deep(prm: TinyPrm, states: Tensor) -> Tensor:
    """The makers' head: two linear layers with a ReLU between them."""
    inner = (states @ prm.head["score.0.weight"].T + prm.head["score.0.bias"]).relu()
    return inner @ prm.head["score.2.weight"].T + prm.head["score.2.bias"]


def linear(prm: TinyPrm, states: Tensor) -> Tensor:
    return states @ prm.head["score.weight"].T + prm.head["score.bias"]


def of_qwen(system: str, head: Callable[[TinyPrm, Tensor], Tensor] = deep) -> Reference:
    """Softmax of both classes at each `<extra_0>`, class 1 (Qwen2.5-Math-PRM's card)."""

    def reference(prm: TinyPrm, tokenizer: Any, steps: Sequence[str]) -> Tensor:  # noqa: ANN401
        ids = chat_of_qwen(tokenizer, system, "<extra_0>".join(steps) + "<extra_0>")
        marks = torch.tensor(ids) == 151651
        return head(prm, prm.hidden(ids)).softmax(-1)[marks][:, 1]

    return reference


def of_math_shepherd(prm: TinyPrm, tokenizer: Any, steps: Sequence[str]) -> Tensor:  # noqa: ANN401
    """Softmax of `+` and `-` at the tag that ends each step (its card)."""
    texts = [f"{step.strip()} ки" for step in steps]
    wholes = [f"{QUESTION} " + "\n".join(texts[: k + 1]) for k in range(len(texts))]
    ends = [len(tokenizer.encode(whole, add_special_tokens=True)) - 1 for whole in wholes]
    states = prm.hidden(tokenizer.encode(wholes[-1], add_special_tokens=True))
    logits = states[ends] @ prm.head["lm_head.weight"][[648, 387]].T
    return logits.softmax(-1)[:, 0]


def of_rlhflow(prm: TinyPrm, tokenizer: Any, steps: Sequence[str]) -> Tensor:  # noqa: ANN401
    """`+` against `-` at -3 of the chat that ends in each step's `+` (prm_evaluate.py).

    One pass over the whole chat: a causal model's rows are those of each shorter one.
    """
    chat: list[dict[str, str]] = []
    ends = []
    for index, step in enumerate(step.strip() for step in steps):
        turn = step if index else f"{QUESTION} {step}"
        chat += [{"role": "user", "content": turn}, {"role": "assistant", "content": "+"}]
        text = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=False)
        ends.append(len(plain(tokenizer, text)) - 3)
    states = prm.hidden(plain(tokenizer, text))[ends]
    return (states @ prm.head["lm_head.weight"][[10, 12]].T).softmax(-1)[:, 0]


def of_skywork(prm: TinyPrm, tokenizer: Any, steps: Sequence[str]) -> Tensor:  # noqa: ANN401
    """Sigmoid of the value at each step's newline, steps as the study joins them."""
    ids, ends = plain(tokenizer, f"{QUESTION}\n"), []
    for step in steps:
        ids += [*plain(tokenizer, step.replace("\n", " ").strip()), 198]
        ends.append(len(ids) - 1)
    values = prm.hidden(ids)[ends] @ prm.head["v_head.summary.weight"].T
    return (values + prm.head["v_head.summary.bias"])[:, 0].sigmoid()


def of_trl(prm: TinyPrm, tokenizer: Any, steps: Sequence[str]) -> Tensor:  # noqa: ANN401
    """Two classes at the newline that ends each step, of question, newline, steps."""
    ids, ends = plain(tokenizer, f"{QUESTION}\n"), []
    for step in steps:
        ids += [*plain(tokenizer, step.replace("\n", " ").strip()), 198]
        ends.append(len(ids) - 1)
    return linear(prm, prm.hidden(ids)[ends]).softmax(-1)[:, 1]


def of_outcome(prm: TinyPrm, tokenizer: Any, steps: Sequence[str]) -> Tensor:  # noqa: ANN401
    """The value at the last token of the whole chat (Qwen2.5-Math-RM-72B's card)."""
    ids = chat_of_qwen(tokenizer, BOXED, "\n\n".join(steps))
    return deep(prm, prm.hidden(ids)[-1:])[:, 0].sigmoid()


def of_verifier(prm: TinyPrm, tokenizer: Any, steps: Sequence[str]) -> Tensor:  # noqa: ANN401
    """Yes against No where the assistant's answer begins (GenRM, arXiv 2408.15240)."""
    solution = "\n\n".join(steps)
    asked = f"{QUESTION}\n\n{solution}\n\nIs the solution correct (Yes/No)?"
    ids = plain(tokenizer, f"<|im_start|>user\n{asked}<|im_end|>\n<|im_start|>assistant\n")
    labels = [plain(tokenizer, label)[0] for label in ("Yes", "No")]
    return (prm.hidden(ids)[-1:] @ prm.head["lm_head.weight"][labels].T).softmax(-1)[:, 0]


@dataclass(frozen=True)
class Family:
    """A PRM family: how it is configured, its checkpoint, its card's method.

    Attributes:
        mark: text in a step that it can't read; None where there is none.
    """

    name: str
    format: str
    tokenizer: Callable[[], Any]
    trunk: str
    architecture: str
    head: Mapping[str, tuple[int, ...]]
    reference: Reference
    mark: str | None = None
    whole: bool = False


def spelled(**settings: object) -> str:
    return inline_prm_format(settings, "prms.mine.format")


MARK, HEADER = "<extra_0>", "<|start_header_id|>assistant"
LLAMA, MISTRAL = {"lm_head.weight": (128_256, 32)}, {"lm_head.weight": (32_000, 32)}
FAMILIES = [
    Family("Qwen2.5-Math-PRM", "qwen", QwenTokenizer, "qwen2", "Qwen2ForProcessRewardModel",
           two_layers(2), of_qwen(BOXED), MARK),
    Family("ReasonFlux-PRM-7B", spelled(base="qwen", system=""), QwenTokenizer, "qwen2",
           "Qwen2ForProcessRewardModel", two_layers(2), of_qwen(""), MARK),
    Family("Qwen3 in the layout of Qwen's PRM", "qwen", QwenTokenizer, "qwen3",
           "Qwen3ForTokenClassification", LINEAR, of_qwen(BOXED, linear), MARK),
    Family("Qwen3 as TRL trains it", spelled(base="skywork", head="token_classify"),
           QwenTokenizer, "qwen3", "Qwen3ForTokenClassification", LINEAR, of_trl),
    Family("Math-Shepherd", "math_shepherd", MistralTokenizer, "mistral", "MistralForCausalLM",
           MISTRAL, of_math_shepherd),
    Family("RLHFlow Mistral", "rlhflow_mistral", LlamaTokenizer, "llama", "LlamaForCausalLM",
           LLAMA, of_rlhflow, HEADER),
    Family("RLHFlow Deepseek", "rlhflow_deepseek", LlamaTokenizer, "llama", "LlamaForCausalLM",
           LLAMA, of_rlhflow, HEADER),
    Family("Skywork-o1-Open-PRM", "skywork", QwenTokenizer, "qwen2", "Qwen2ForPrmModel",
           VALUE, of_skywork),
    Family("Qwen2.5-Math-RM", spelled(base="outcome", system=BOXED), QwenTokenizer, "qwen2",
           "Qwen2ForRewardModel", two_layers(1), of_outcome, whole=True),
    Family("a generative verifier", "verifier", QwenTokenizer, "qwen2", "Qwen2ForCausalLM",
           {"lm_head.weight": (151_700, 32)}, of_verifier, whole=True),
]  # fmt: skip


@cache
def made(kind: Callable[[], Any]) -> Any:  # noqa: ANN401 - one of three tokenizers
    return kind()


def tokenizer_of(family: Family) -> Any:  # noqa: ANN401
    return made(family.tokenizer)


async def served(family: Family, folder: Path) -> list[list[ScoredSteps]]:
    """Score all solutions at once, each growing step by step."""
    tokenizer, fmt = tokenizer_of(family), prm_format(family.format)
    markers = fmt.marker_ids(tokenizer)
    spec = EngineSpec(
        "transformers", role="prm", name="tiny", source=str(folder), dtype="float32",
        max_model_len=CONTEXT, kv_cache_gib=0.1, head=fmt.engine_task,
        marker_tokens=None if markers is None else (markers[1], markers[0]),
    )  # fmt: skip
    engine = await start_engine(spec)
    scorer = StepScorer(engine, fmt, tokenizer)

    async def grow(steps: tuple[str, ...]) -> list[ScoredSteps]:
        return [await scorer.score(QUESTION, steps[:k]) for k in range(1, len(steps) + 1)]

    try:
        return list(await asyncio.gather(*(grow(steps) for steps in varied_solutions())))
    finally:
        engine.close()


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Matrices this small take ten times as long on two threads that others keep busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_fifty_varied_solutions_score_as_the_card_scores_them_or_say_why_not(
    tmp_path: Path, family: Family
) -> None:
    prm = tiny_prm(family.trunk, family.architecture, family.head)
    grown = asyncio.run(served(family, prm.write(tmp_path / "prm")))
    tokenizer, num_unscored = tokenizer_of(family), 0
    seen: list[float] = []
    for steps, parts in zip(varied_solutions(), grown, strict=True):
        final, reason = parts[-1], why_unscored(steps, family.mark)
        if reason is not None:
            assert final.scores == ()
            assert reason in (final.unscored or "")
            num_unscored += 1
            continue
        expected = family.reference(prm, tokenizer, steps)
        assert final.unscored is None
        assert len(final.scores) == (1 if family.whole else len(steps)) == len(expected)
        assert torch.tensor(final.scores) == pytest.approx(expected, abs=TOLERANCE)
        for k, part in enumerate(parts, 1):
            if not family.whole:  # what is written later changes no earlier score
                assert part.scores == pytest.approx(final.scores[:k], abs=TOLERANCE)
        seen += final.scores
    assert 3 <= num_unscored <= 5
    assert torch.tensor(seen).std() > 0.02  # scores that are all alike would agree by chance
