"""On real tokenizers, the joined ids are those of each model's own inference code.

Each reference encodes one whole text (or joins ids, for Skywork) the way the
model card or repository does; the solutions are real ones with real steps.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from tests.unit.models.prms.tokenizers import (
    LlamaTokenizer,
    MistralTokenizer,
    QwenTokenizer,
    packaged_file,
)
from ttsgrid.core.errors import ScoringError
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
        padded = [f" {step}\t" for step in steps]  # its source strips what it splits
        for given in (steps, padded):
            item = fmt.encode(tokenizer, question, given)
            assert item.ids == expected
            assert item.positions == predicting


def test_skywork_ids_are_those_of_the_study(shared_data: Path) -> None:
    """Its `process_input` and `_skywork_infer_fn`: a token of its own stands in for newlines."""
    tokenizer = QwenTokenizer()
    num_stripped = 0
    for question, steps in real_solutions(shared_data):
        flat = [step.replace("\n", " ").strip() for step in steps]
        num_stripped += any(
            f != step.replace("\n", " ") for f, step in zip(flat, steps, strict=True)
        )
        answer = "".join(f"{step}<|vision_start|>" for step in flat)
        prompt = tokenizer.encode(f"{question}\n", add_special_tokens=False)
        answered = tokenizer.encode(answer, add_special_tokens=False)
        item = prm_format("skywork").encode(tokenizer, question, steps)
        assert item.ids == prompt + [198 if token == 151652 else token for token in answered]
        marks = [i for i, token in enumerate(answered) if token == 151652]
        assert item.positions == [len(prompt) + i for i in marks]
    assert num_stripped  # else the data no longer holds what this is about


def test_reasonflux_ids_are_those_of_its_readme(shared_data: Path) -> None:
    """A chat of two turns; a template that writes a system turn of its own may do so."""
    tokenizer = QwenTokenizer()
    fmt = prm_format('{"base": "qwen", "system": ""}')
    for question, steps in real_solutions(shared_data):
        answer = "<extra_0>".join(steps) + "<extra_0>"
        chat = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        text = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=False)
        item = fmt.encode(tokenizer, question, steps)
        assert item.ids == tokenizer.encode(text, add_special_tokens=False)
        assert len(item.positions) == len(steps)


def test_an_outcome_model_reads_the_rendered_chat_at_its_last_token(shared_data: Path) -> None:
    tokenizer = QwenTokenizer()
    fmt = prm_format(json.dumps({"base": "outcome", "system": BOXED}))
    for question, steps in real_solutions(shared_data):
        chat = [
            {"role": "system", "content": BOXED},
            {"role": "user", "content": question},
            {"role": "assistant", "content": "\n\n".join(steps)},
        ]
        text = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=False)
        item = fmt.encode_open(tokenizer, question, steps)
        assert item.ids == tokenizer.encode(text, add_special_tokens=False)
        assert item.positions == [len(item.ids) - 1]
        assert item.whole


def test_math_shepherds_tag_in_a_word_is_no_mark() -> None:
    tokenizer = MistralTokenizer()
    steps = ["He walks 5 километр north.", "So the answer is ки 5."]
    item = prm_format("math_shepherd").encode(tokenizer, "How far, in километр?", steps)
    text = "How far, in километр? He walks 5 километр north. ки\nSo the answer is ки 5. ки"
    assert item.ids == tokenizer.encode(text, add_special_tokens=True)
    tags = [i for i, token in enumerate(item.ids) if token == 12902]
    assert len(tags) == 5
    assert item.positions == [tags[2], tags[4]]


def test_a_tokenizer_made_of_tokenizer_model_alone_is_refused(tmp_path: Path) -> None:
    """transformers encodes `ки` as 1107 and `+` as 28806 then: no mark, and the wrong label."""
    model = packaged_file("mistral_common", "data", "tokenizer.model.v1")
    (tmp_path / "tokenizer.model").write_bytes(model.read_bytes())
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "LlamaTokenizer"}')
    (tmp_path / "config.json").write_text('{"model_type": "mistral"}')
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    with pytest.raises(ScoringError, match=r"put the published tokenizer\.json beside it"):
        prm_format("math_shepherd").marker_ids(tokenizer)
    with pytest.raises(ScoringError, match=r"put the published tokenizer\.json beside it"):
        prm_format("math_shepherd").encode_open(tokenizer, "1 + 1?", ["It is 2."])
