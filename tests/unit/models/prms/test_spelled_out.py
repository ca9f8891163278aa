"""A PRM's format may be spelled out in its config: other texts and heads, without Python."""

from __future__ import annotations

import json

import pytest

from ttsgrid.core.errors import ConfigError
from ttsgrid.models.prms import inline_prm_format, prm_format, prm_identity
from ttsgrid.zoo.tokenizer import build_tokenizer

TOKENIZER = build_tokenizer(with_bos=False)
SETTING = "prms.mine.format"


def spelled(**settings: object) -> str:
    return inline_prm_format(settings, SETTING)


def text_of(name: str) -> str:
    item = prm_format(name).encode(TOKENIZER, "Why?", ["Since.", "So."])
    return str(TOKENIZER.decode(item.ids))


def test_system_separator_and_mark_are_settings() -> None:
    told = spelled(base="qwen", system="Judge.", mark="ки", separator="\n")
    assert text_of(told) == (
        "<|im_start|>system\nJudge.<|im_end|>\n<|im_start|>user\nWhy?<|im_end|>\n"
        "<|im_start|>assistant\nSince.\nкиSo.\nки<|im_end|>\n"
    )
    assert text_of(spelled(base="qwen", system="")).startswith("<|im_start|>user\nWhy?")
    assert text_of(spelled(base="skywork", separator=" ")) == "Why? Since.\nSo.\n"
    assert text_of(spelled(base="math_shepherd", separator=" ")) == "Why? Since. ки So. ки"


def test_labels_and_the_question_asked_are_settings() -> None:
    told = spelled(base="rlhflow_mistral", ask="Right (1/0)?", positive="1", negative="0")
    assert text_of(told) == (
        "<|im_start|>user\nWhy? Since. Right (1/0)?<|im_end|>\n<|im_start|>assistant\n1<|im_end|>\n"
        "<|im_start|>user\nSo. Right (1/0)?<|im_end|>\n<|im_start|>assistant\n1<|im_end|>\n"
    )
    ids = prm_format(told).marker_ids(TOKENIZER)
    assert ids is not None
    assert [TOKENIZER.decode([i]) for i in ids] == ["1", "0"]


def test_the_head_is_a_setting_where_the_layout_leaves_it_open() -> None:
    assert (
        prm_format(spelled(base="skywork", head="token_classify")).engine_task == "token_classify"
    )
    own = spelled(base="math_shepherd", head="my_package.prm:load_head")
    assert prm_format(own).engine_task == "my_package.prm:load_head"
    with pytest.raises(ConfigError, match=r"format\.head=value_head.*read by marker_logits"):
        spelled(base="math_shepherd", head="value_head")


def test_only_what_differs_from_the_base_is_part_of_its_identity() -> None:
    assert prm_identity(spelled(base="qwen")) == prm_identity("qwen")
    assert prm_identity(spelled(base="qwen", mark="<extra_0>")) == prm_identity("qwen")
    told = prm_identity(spelled(base="qwen", system="", head="value_head"))
    assert json.loads(told) == {"prm": "qwen", "system": "", "head": "value_head"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"system": "x"}, r"prms\.mine\.format\.base is missing"),
        ({"base": "orm"}, r"prms\.mine\.format\.base: 'orm' is not one of: qwen"),
        ({"base": "qwen", "sytem": "x"}, r"unknown setting prms\.mine\.format\.sytem.*mean system"),
        ({"base": "qwen", "system": None}, r"prms\.mine\.format\.system=null must be text"),
        ({"base": "outcome", "chat": "no"}, r"prms\.mine\.format\.chat='no' must be true or false"),
        ({"base": "qwen", "name": "x"}, r"unknown setting prms\.mine\.format\.name"),
        ({"base": "verifier", "user": "{question} Right?"}, r"user must hold .* and \{solution\}"),
    ],
)
def test_what_does_not_fit_is_a_sentence_that_names_the_setting(
    settings: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        spelled(**settings)
