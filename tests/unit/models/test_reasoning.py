"""What a policy thinks before it answers: found whoever wrote the marks, and counted by setting."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from ttsgrid.core.errors import ConfigError
from ttsgrid.models import Reasoning, inline_format, prompt_format
from ttsgrid.zoo.tokenizer import build_tokenizer

THOUGHTS = Reasoning()
TOKENIZER = build_tokenizer(with_bos=False)
BOXED = r"Maybe \boxed{1}."


@pytest.mark.parametrize(
    ("text", "is_open", "visible"),
    [
        ("<think>a</think>\n\nb", False, "b"),
        ("a</think>b", False, "b"),  # the template wrote the first mark
        ("a</think>b", True, "b"),
        ("<think>a", False, ""),
        ("a", True, ""),
        ("a", False, "a"),
        ("a<think>b</think>c<think>d</think>e", False, "ace"),
        ("<think>a</think>b<think>c", False, "b"),
        ("<think>a<think>b</think>c", False, "c"),
        ("x</think>a</think>b", False, "b"),
        ("", True, ""),
    ],
)
def test_thoughts_are_left_out_whoever_wrote_the_marks(
    text: str, is_open: bool, visible: str
) -> None:
    assert THOUGHTS.visible(text, is_open=is_open) == visible


def test_a_prompt_is_open_where_its_template_began_the_thoughts() -> None:
    assert THOUGHTS.is_open("<|User|>Why?<|Assistant|><think>\n")
    assert not THOUGHTS.is_open("<|User|>Why?<|Assistant|>")
    assert not THOUGHTS.is_open("<think>\n\n</think>\n\n")  # a template told not to think


def ids(text: str) -> Sequence[int]:
    return list(TOKENIZER.encode(text, add_special_tokens=False))


def decode(token_ids: Sequence[int]) -> str:
    return str(TOKENIZER.decode(list(token_ids)))


@pytest.mark.parametrize(
    ("hidden", "visible", "is_open"),
    [
        ("<think>1 + 1 = 2</think>", "The answer is 2.", False),
        ("1 + 1 = 2</think>", "The answer is 2.", True),
        ("1 + 1 = 2", "", True),
        ("", "The answer is 2.", False),
        ("<think>1</think>2<think>3</think>", "4", False),
    ],
)
def test_tokens_of_thoughts_are_those_up_to_their_last_mark(
    hidden: str, visible: str, is_open: bool
) -> None:
    token_ids = [*ids(hidden), *ids(visible)]
    found = THOUGHTS.hidden_tokens(token_ids, decode, is_open=is_open)
    assert found == len(ids(hidden))


def test_thoughts_that_never_end_hide_what_follows_them_alone() -> None:
    token_ids = [*ids("1 + 1"), *ids("<think>"), *ids("2 + 2")]
    found = THOUGHTS.hidden_tokens(token_ids, decode)
    assert len(ids("2 + 2")) < found <= len(ids("<think>2 + 2"))


def test_a_box_in_thoughts_counts_only_where_told() -> None:
    text = rf"<think>{BOXED}</think>It is \boxed{{2}}."
    assert prompt_format("r1").answer_text(text) == r"It is \boxed{2}."
    told = inline_format({"base": "r1", "reasoning": {"answers": "all"}}, "x")
    assert prompt_format(told).answer_text(text) == text
    assert prompt_format("qwen").answer_text(text) == text


def test_steps_are_those_after_the_thoughts_unless_told() -> None:
    text = "<think>a\n\nb</think>\n\nc\n\nd"
    assert prompt_format("r1").steps_of(text) == ("c", "d")
    told = inline_format({"base": "r1", "reasoning": {"steps": "all"}}, "x")
    assert prompt_format(told).steps_of(text) == ("<think>a", "b</think>", "c", "d")


def test_a_format_without_thoughts_keeps_its_identity_and_one_with_them_has_them_in_it() -> None:
    assert "reasoning" not in json.loads(prompt_format("qwen").as_json())
    assert json.loads(prompt_format("r1").as_json())["reasoning"]["tokens"] == "all"


def test_any_format_may_name_its_marks_and_a_senseless_setting_is_refused() -> None:
    marks = {"begin": "[THINK]", "end": "[/THINK]"}
    own = inline_format({"base": "qwen", "reasoning": marks}, "x")
    assert prompt_format(own).answer_text("[THINK]a[/THINK]b") == "b"
    for wrong, complaint in (
        ({"answers": "none"}, "format.reasoning.answers: 'none' is not one of: visible, all"),
        ({"stepz": "all"}, "unknown setting policies.p.format.reasoning.stepz"),
        ({"begin": ""}, "begin and end must be two different texts"),
    ):
        with pytest.raises(ConfigError) as caught:
            inline_format({"base": "r1", "reasoning": wrong}, "policies.p.format")
        assert complaint in str(caught.value)


def test_thoughts_that_came_beside_a_text_are_joined_as_a_policy_writes_them() -> None:
    assert THOUGHTS.visible(THOUGHTS.joined("a", "b")) == "b"
    assert THOUGHTS.joined("", "b") == "b"
