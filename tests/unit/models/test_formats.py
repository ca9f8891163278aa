r"""Formats spelled out in a config, dates that stand still, and prompts' ids on real tokenizers.

The chat templates are the plain-conversation parts of those that the models' makers publish:
Llama 3.2's tokenizer_config.json (meta-llama/Llama-3.2-1B-Instruct), and ChatML as Qwen2.5
has it. The ids are known from the models' own tokenizers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.models.prms.tokenizers import LlamaTokenizer, QwenTokenizer
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.identity import canonical_json
from ttsgrid.models import (
    PromptFormat,
    encode_prompt,
    inline_format,
    named_base,
    prompt_format,
)
from ttsgrid.zoo.tokenizer import build_tokenizer

QUESTION = "What is 2 + 3?"
LLAMA_32_TEMPLATE = r"""{{- bos_token }}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\n\n" }}
{{- "Cutting Knowledge Date: December 2023\n" }}
{{- "Today Date: " + date_string + "\n\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' }}
    {{- message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
{%- endif %}"""


class Llama32(LlamaTokenizer):
    """The real vocabulary, with Llama 3.2's own template rendered by transformers."""

    def apply_chat_template(
        self,
        conversation: Sequence[dict[str, str]],
        *,
        tokenize: bool,
        add_generation_prompt: bool,
        **told: str,
    ) -> str:
        renders = build_tokenizer(with_bos=True)
        text = renders.apply_chat_template(
            list(conversation),
            chat_template=LLAMA_32_TEMPLATE,
            tokenize=tokenize,
            add_generation_prompt=add_generation_prompt,
            **told,
        )
        assert isinstance(text, str)
        return self.bos_token + text.removeprefix("<s>")


def spelled_out(**settings: Any) -> PromptFormat:  # noqa: ANN401 (settings of any kind)
    return prompt_format(inline_format(settings, "policies.mine.format"))


def test_llamas_prompt_has_the_same_ids_every_day() -> None:
    ids = encode_prompt(prompt_format("llama"), Llama32(), QUESTION)
    # <|begin_of_text|>, the system header, "Cutting Knowledge Date: December 2023\nToday Date:
    # 26 Jul 2024\n\n", as meta-llama's own tokenizer gives them.
    assert ids[:25] == [
        128000, 128006, 9125, 128007, 271, 38766, 1303, 33025, 2696, 25, 6790, 220, 2366, 18,
        198, 15724, 2696, 25, 220, 1627, 10263, 220, 2366, 19, 271,
    ]  # fmt: skip
    assert ids.count(128000) == 1
    assert ids[-5:] == [128009, 128006, 78191, 128007, 271]


def test_without_a_date_the_template_writes_todays() -> None:
    today = datetime.now(UTC).strftime("%d %b %Y")
    text = Llama32().decode(encode_prompt(PromptFormat("mine"), Llama32(), QUESTION))
    assert f"Today Date: {today}" in text


def test_a_date_of_ones_own_is_told_and_hashed() -> None:
    other = spelled_out(base="llama", date="01 Jan 2025")
    text = Llama32().decode(encode_prompt(other, Llama32(), QUESTION))
    assert "Today Date: 01 Jan 2025\n\nSolve the following" in text
    assert other.as_json() != prompt_format("llama").as_json()


def test_qwens_prompt_has_the_ids_of_its_own_tokenizer() -> None:
    ids = encode_prompt(prompt_format("qwen"), QwenTokenizer(), QUESTION)
    line = [5501, 2874, 3019, 553, 3019, 11, 323, 2182, 697, 1590, 4226, 2878, 1124, 79075, 46391]
    assert ids[:3] == [151644, 8948, 198]
    assert ids[3 : 3 + len(line)] == line
    assert ids[-5:] == [151645, 198, 151644, 77091, 198]


def test_a_format_that_is_spelled_out_changes_what_it_names_and_nothing_else() -> None:
    mine = spelled_out(base="qwen", system="Think. {instruction}", separator="\n")
    assert mine.system == f"Think. {prompt_format('qwen').system}"
    assert (mine.step_separator, mine.user_template) == ("\n", "{question}")
    assert spelled_out(base="qwen").as_json() == prompt_format("qwen").as_json()
    assert spelled_out(base="qwen", system="").system is None


def test_examples_of_a_chat_are_turns_before_the_problem() -> None:
    shots = [{"question": "What is 1 + 1?", "solution": "\\boxed{2}"}]
    tokenizer = build_tokenizer(with_bos=False)
    text = tokenizer.decode(
        encode_prompt(spelled_out(base="zoo", few_shot=shots), tokenizer, QUESTION)
    )
    assert text == (
        "<|im_start|>user\nWhat is 1 + 1?<|im_end|>\n<|im_start|>assistant\n\\boxed{2}<|im_end|>\n"
        f"<|im_start|>user\n{QUESTION}<|im_end|>\n<|im_start|>assistant\n"
    )


BASE = {
    "base": "completion",
    "user": "Question: {question}\nAnswer:",
    "few_shot": [{"question": "What is 1 + 1?", "solution": "1 + 1 = \\boxed{2}."}],
    "stop": ["Question:"],
}


def test_a_base_model_continues_its_examples_as_plain_text() -> None:
    tokenizer = build_tokenizer(with_bos=True)
    text = tokenizer.decode(encode_prompt(spelled_out(**BASE), tokenizer, QUESTION))
    assert text == (
        "<s>Question: What is 1 + 1?\nAnswer: 1 + 1 = \\boxed{2}.\n\n"
        f"Question: {QUESTION}\nAnswer:"
    )


def test_a_solution_ends_before_the_next_question() -> None:
    fmt = spelled_out(**BASE)
    assert (
        fmt.before_stop(" \\boxed{5}.\n\nQuestion: 7?\nAnswer: \\boxed{7}.") == " \\boxed{5}.\n\n"
    )
    assert fmt.before_stop(" \\boxed{5}.") == " \\boxed{5}."


@pytest.mark.parametrize("name", ["few_shot", "stop", "date"])
def test_what_a_format_leaves_out_is_not_in_its_identity(name: str) -> None:
    assert f'"{name}"' not in prompt_format("qwen").as_json()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"base": "gpt"}, r"policies\.mine\.format\.base: 'gpt' is not one of: zoo, qwen"),
        ({"system": "x"}, r"policies\.mine\.format\.base is missing"),
        ({"base": "qwen", "sytem": "x"}, r"unknown setting policies\.mine\.format\.sytem"),
        ({"base": "qwen", "stop": ["\n\nQ:"]}, r"stop='\\n\\nQ:' must be text without"),
        ({"base": "qwen", "stop": [""]}, r"stop='' must be text without"),
        ({"base": "qwen", "user": "Q: {problem}"}, r"format\.user must hold \{question\}"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        spelled_out(**settings)


def test_settings_travel_as_one_canonical_text() -> None:
    one = inline_format({"base": "qwen", "prefill": "So"}, "x")
    assert one == inline_format({"prefill": "So", "base": "qwen"}, "x")
    assert one == canonical_json({"base": "qwen", "prefill": "So"})


def test_code_that_a_spelled_out_format_starts_from_is_named_for_workers() -> None:
    told = canonical_json({"base": "my_package.prompts:MINE", "stop": ["Q:"]})
    assert named_base(told) == "my_package.prompts:MINE"
    assert named_base("qwen") == "qwen"


R1_TEMPLATE = r"""{{- bos_token }}
{%- for message in messages %}
    {%- if message['role'] == 'user' %}
        {{- '<｜User｜>' + message['content'] }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<｜Assistant｜><think>\n' }}
{%- endif %}"""
GEMMA_TEMPLATE = r"""{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- set first_user_prefix = messages[0]['content'] + '\n\n' -%}
    {%- set loop_messages = messages[1:] -%}
{%- else -%}
    {%- set first_user_prefix = "" -%}
    {%- set loop_messages = messages -%}
{%- endif -%}
{%- for message in loop_messages -%}
    {%- set role = "model" if message['role'] == 'assistant' else message['role'] -%}
    {{ '<start_of_turn>' + role + '\n' + (first_user_prefix if loop.first else "") }}
    {{- message['content'] | trim }}
    {{- '<end_of_turn>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{ '<start_of_turn>model\n' }}
{%- endif -%}"""
LINE = "Please reason step by step, and put your final answer within \\boxed{}."


@pytest.mark.parametrize(
    ("name", "template", "text"),
    [
        # deepseek-ai/DeepSeek-R1-Distill-Qwen-7B: no system turn, thinking is opened.
        ("r1", R1_TEMPLATE, f"<s><｜User｜>{QUESTION}\n{LINE}<｜Assistant｜><think>\n"),
        # google/gemma-3-4b-it: the system line at the head of the first user turn.
        (
            "qwen",
            GEMMA_TEMPLATE,
            f"<s><start_of_turn>user\n{LINE}\n\n{QUESTION}<end_of_turn>\n<start_of_turn>model\n",
        ),
    ],
)
def test_prompts_as_published_templates_render_them(name: str, template: str, text: str) -> None:
    tokenizer = build_tokenizer(with_bos=True)
    tokenizer.chat_template = template
    rendered = tokenizer.apply_chat_template(
        prompt_format(name).conversation(QUESTION), tokenize=False, add_generation_prompt=True
    )
    assert rendered == text
