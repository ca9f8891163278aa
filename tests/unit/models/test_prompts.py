"""Prompts: one BOS, no re-templating, the families' own words, and steps that are steps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsgrid.core.errors import ConfigError
from ttsgrid.models import FORMATS, PromptFormat, encode_prompt, prompt_format, split_steps
from ttsgrid.zoo.tokenizer import build_tokenizer

WITH_BOS = build_tokenizer(with_bos=True)
WITHOUT_BOS = build_tokenizer(with_bos=False)
QUESTION = "Start with 17. Add 23. Work modulo 47."


@pytest.mark.parametrize("name", FORMATS)
def test_bos_stands_exactly_once_and_first(name: str) -> None:
    ids = encode_prompt(prompt_format(name), WITH_BOS, QUESTION)
    assert ids.count(WITH_BOS.bos_token_id) == 1
    assert ids[0] == WITH_BOS.bos_token_id


def test_the_zoo_asks_the_bare_question_and_opens_the_assistant_turn() -> None:
    text = WITHOUT_BOS.decode(encode_prompt(prompt_format("zoo"), WITHOUT_BOS, QUESTION))
    assert text == f"<|im_start|>user\n{QUESTION}<|im_end|>\n<|im_start|>assistant\n"


def test_qwen_is_told_to_box_its_answer_in_the_system_turn() -> None:
    text = WITHOUT_BOS.decode(encode_prompt(prompt_format("qwen"), WITHOUT_BOS, QUESTION))
    line = "Please reason step by step, and put your final answer within \\boxed{}."
    assert text.startswith(f"<|im_start|>system\n{line}<|im_end|>\n<|im_start|>user\n{QUESTION}<")


def test_r1_is_told_so_in_the_user_turn_and_has_no_system_turn() -> None:
    text = WITHOUT_BOS.decode(encode_prompt(prompt_format("r1"), WITHOUT_BOS, QUESTION))
    assert "system" not in text
    assert f"{QUESTION}\nPlease reason step by step" in text
    assert "\\boxed{}.<|im_end|>" in text


def test_llama_is_told_its_step_format_and_its_last_sentence() -> None:
    system = prompt_format("llama").system
    assert system is not None
    assert system.startswith("Solve the following math problem efficiently and clearly:\n\n- For")
    assert "\n\n## Step 1: [Concise description]\n" in system
    assert "the final answer is: $\\boxed{answer}$. I hope it is correct." in system


def test_a_completion_prompt_is_the_plain_text_and_any_prefill() -> None:
    fmt = PromptFormat("mine", user_template="Q: {question}\nA:", prefill=" Let", chat=False)
    ids = encode_prompt(fmt, WITH_BOS, QUESTION)
    assert WITH_BOS.decode(ids) == f"<s>Q: {QUESTION}\nA: Let"


def test_a_prefill_opens_the_assistants_turn() -> None:
    fmt = PromptFormat("mine", prefill="17 + ")
    plain = encode_prompt(PromptFormat("mine"), WITH_BOS, QUESTION)
    ids = encode_prompt(fmt, WITH_BOS, QUESTION)
    assert ids[: len(plain)] == plain
    assert WITH_BOS.decode(ids[len(plain) :]) == "17 + "


def test_braces_in_a_question_stay_as_they_are() -> None:
    question = r"Find \frac{1}{2} of {x} and {question}."
    ids = encode_prompt(PromptFormat("mine", chat=False), WITHOUT_BOS, question)
    assert WITHOUT_BOS.decode(ids) == question


def test_a_formats_identity_is_its_content_not_its_name() -> None:
    assert PromptFormat("a", system="x").as_json() == PromptFormat("b", system="x").as_json()
    assert len({fmt.as_json() for fmt in FORMATS.values()}) == len(FORMATS)


def test_an_unknown_format_names_the_setting_and_the_choices() -> None:
    with pytest.raises(ConfigError, match=r"policies\.format: 'gpt' is not one of: zoo, qwen"):
        prompt_format("gpt")


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("a\n\nb\n\n", ("a", "b")),
        ("a\n\n\n\nb\n\n\n", ("a", "b")),
        ("a\n\n\nb", ("a", "b")),
        ("  a\nb\n\n \n\nc ", ("  a\nb", "c ")),
        ("", ()),
        ("\n\n", ()),
    ],
)
def test_steps_are_never_empty_and_lose_nothing_but_separators(
    text: str, steps: tuple[str, ...]
) -> None:
    assert split_steps(text) == steps


@given(st.lists(st.text(alphabet="ab \n", min_size=1).filter(lambda s: s.strip()), max_size=6))
def test_splitting_is_the_same_with_and_without_a_trailing_separator(steps: list[str]) -> None:
    text = "\n\n".join(steps)
    assert split_steps(text) == split_steps(text + "\n\n")
    assert "".join("".join(split_steps(text)).split()) == "".join(text.split())
