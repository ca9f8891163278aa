"""On real tokenizers, the joined ids are those of each model's own inference code.

Each reference encodes one whole text (or joins ids, for Skywork) the way the
model card or repository does; the solutions are real ones with real steps.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.models.prms.tokenizers import LlamaTokenizer, MistralTokenizer, QwenTokenizer
from ttsgrid.models.prms import prm_format

BOXED = "Please reason step by step, and put your final answer within \\boxed{}."


def real_solutions(shared_data: Path) -> Iterator[tuple[str, list[str]]]:
    """ProcessBench solutions: hand-typed mathematics by many models, one step per string."""
    for file in ("processbench_gsm8k.jsonl", "processbench_math.jsonl"):
        for line in (shared_data / "steps" / file).read_text().splitlines()[:300]:
            row = json.loads(line)
            yield row["problem"], [step for step in row["steps"] if step.strip()]


def test_qwen_ids_equal_the_rendered_chat_encoded_in_one_go(shared_data: Path) -> None:
    tokenizer = QwenTokenizer()
    for question, steps in real_solutions(shared_data):
        answer = "<extra_0>".join(steps) + "<extra_0>"
        text = (
            f"<|im_start|>system\n{BOXED}<|im_end|>\n<|im_start|>user\n{question}<|im_end|>\n"
            f"<|im_start|>assistant\n{answer}<|im_end|>\n"
        )
        item = prm_format("qwen").encode(tokenizer, question, steps)
        expected = tokenizer.encode(text, add_special_tokens=False)
        assert item.ids == expected
        assert item.positions == [i for i, token in enumerate(expected) if token == 151651]


def test_math_shepherd_ids_equal_the_tagged_text_encoded_in_one_go(shared_data: Path) -> None:
    tokenizer = MistralTokenizer()
    fmt = prm_format("math_shepherd")
    assert fmt.marker_ids(tokenizer) == (648, 387)
    for question, steps in real_solutions(shared_data):
        text = f"{question} " + "\n".join(f"{step.strip()} ки" for step in steps)
        item = fmt.encode(tokenizer, question, steps)
        expected = tokenizer.encode(text, add_special_tokens=True)
        assert item.ids == expected
        assert item.positions == [i for i, token in enumerate(expected) if token == 12902]


def test_math_shepherd_reproduces_its_own_data_files(shared_data: Path) -> None:
    tokenizer = MistralTokenizer()
    for line in (shared_data / "steps" / "math_shepherd_samples.jsonl").read_text().splitlines():
        text = json.loads(line)["input"]
        question, _, rest = text.partition(" Step 1:")
        steps = [step.strip() for step in f"Step 1:{rest}".split("ки") if step.strip()]
        item = prm_format("math_shepherd").encode(tokenizer, question, steps)
        assert item.ids == tokenizer.encode(text, add_special_tokens=True)
        assert len(item.positions) == text.count("ки")


@pytest.mark.parametrize("name", ["rlhflow_mistral", "rlhflow_deepseek"])
def test_rlhflow_ids_equal_the_whole_chat_and_positions_predict_each_plus(
    shared_data: Path, name: str
) -> None:
    tokenizer = LlamaTokenizer()
    fmt = prm_format(name)
    assert fmt.marker_ids(tokenizer) == (10, 12)
    for question, steps in real_solutions(shared_data):
        chat: list[dict[str, str]] = []
        predicting = []
        for index, step in enumerate(steps):
            turn = step.strip() if index else f"{question} {step.strip()}"
            chat += [{"role": "user", "content": turn}, {"role": "assistant", "content": "+"}]
            text = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=False)
            expected = tokenizer.encode(text, add_special_tokens=False)
            assert expected[-2] == 10
            predicting.append(len(expected) - 3)
        item = fmt.encode(tokenizer, question, steps)
        assert item.ids == expected
        assert item.positions == predicting


def test_skywork_ids_equal_the_joined_lines(shared_data: Path) -> None:
    tokenizer = QwenTokenizer()
    for question, steps in real_solutions(shared_data):
        expected = tokenizer.encode(f"{question}\n", add_special_tokens=False)
        positions = []
        for step in steps:
            expected += tokenizer.encode(step.replace("\n", " "), add_special_tokens=False)
            positions.append(len(expected))
            expected.append(198)
        item = prm_format("skywork").encode(tokenizer, question, steps)
        assert item.ids == expected
        assert item.positions == positions
