"""PRM inputs hold for any solution: prefixes, positions, loud failures (zoo tokenizer)."""

from __future__ import annotations

import json
import math
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ttsgrid.core.errors import ConfigError, ScoringError
from ttsgrid.models import Tokenizer
from ttsgrid.models.prms import PRM_FORMATS, prm_format, score_from_logits, score_from_value
from ttsgrid.zoo.tokenizer import build_tokenizer

WITH_BOS: Tokenizer = build_tokenizer(with_bos=True)
WITHOUT_BOS: Tokenizer = build_tokenizer(with_bos=False)
DECODE = build_tokenizer(with_bos=True).decode
QUESTION = "Start with 17. Add 23. Times 5. Work modulo 47."
STEPS = ("17 + 23 = 40", "40 * 5 = 12", "The answer is \\boxed{12}.")
MARKS = {
    "qwen": "<extra_0>",
    "math_shepherd": "ки",
    "rlhflow_mistral": "<|im_end|>\n<|im_start|>assistant\n",
    "rlhflow_deepseek": "<|im_end|>\n<|im_start|>assistant\n",
    "skywork": "\n",
}
STEPWISE = tuple(MARKS)


def tokenizer_for(name: str) -> Tokenizer:
    return WITHOUT_BOS if name == "qwen" else WITH_BOS


texts = st.text(alphabet="ab 1+-=.\\{}\n", min_size=1, max_size=12)
solutions = st.lists(texts.filter(lambda text: text.strip() != ""), min_size=1, max_size=6)


@pytest.mark.parametrize("name", STEPWISE)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=texts, steps=solutions)
def test_open_ids_end_at_the_last_mark_and_only_grow_with_more_steps(
    name: str, question: str, steps: list[str]
) -> None:
    fmt, tokenizer = prm_format(name), tokenizer_for(name)
    inputs = [fmt.encode_open(tokenizer, question, steps[:k]) for k in range(1, len(steps) + 1)]
    for k, item in enumerate(inputs, start=1):
        assert len(item.positions) == k
        assert item.positions[-1] == len(item.ids) - 1
    for shorter, longer in pairwise(inputs):
        assert len(shorter.ids) < len(longer.ids)
        assert longer.ids[: len(shorter.ids)] == shorter.ids
        assert longer.positions[:-1] == shorter.positions
    whole = fmt.encode(tokenizer, question, steps)
    assert whole.ids[: len(inputs[-1].ids)] == inputs[-1].ids
    assert whole.positions == inputs[-1].positions


@pytest.mark.parametrize("name", STEPWISE)
def test_each_position_ends_the_text_of_its_step_and_mark(name: str) -> None:
    item = prm_format(name).encode(tokenizer_for(name), QUESTION, STEPS)
    for step, position in zip(STEPS, item.positions, strict=True):
        text = DECODE(item.ids[: position + 1])
        assert text.endswith(MARKS[name])
        assert text.removesuffix(MARKS[name]).rstrip(" ").endswith(step)


@pytest.mark.parametrize("name", PRM_FORMATS.names)
def test_bos_stands_once_where_the_tokenizer_has_one(name: str) -> None:
    ids = prm_format(name).encode(WITH_BOS, QUESTION, STEPS).ids
    bos = WITH_BOS.encode("<s>", add_special_tokens=False)
    assert ids[:1] == bos
    assert ids.count(bos[0]) == 1


@pytest.mark.parametrize("name", PRM_FORMATS.names)
def test_no_steps_and_empty_steps_are_errors_not_scores(name: str) -> None:
    fmt, tokenizer = prm_format(name), tokenizer_for(name)
    with pytest.raises(ScoringError, match="without steps"):
        fmt.encode(tokenizer, QUESTION, [])
    with pytest.raises(ScoringError, match="step 1 of 3 is empty"):
        fmt.encode_open(tokenizer, QUESTION, [STEPS[0], " \n", STEPS[1]])


@pytest.mark.parametrize("name", ["qwen", "rlhflow_mistral", "rlhflow_deepseek"])
def test_a_special_mark_inside_the_text_is_an_error_not_a_shifted_score(name: str) -> None:
    fmt, tokenizer = prm_format(name), tokenizer_for(name)
    smuggled = f"40 {MARKS[name]} 5"
    with pytest.raises(ScoringError, match="contain the mark"):
        fmt.encode_open(tokenizer, QUESTION, [STEPS[0], smuggled])
    with pytest.raises(ScoringError, match="contain the mark"):
        fmt.encode_open(tokenizer, smuggled, STEPS)


def test_math_shepherds_tag_is_ordinary_text_and_may_stand_in_a_step() -> None:
    steps = ["40 ки 5", "40 * 5 = 12"]
    item = prm_format("math_shepherd").encode_open(WITH_BOS, "What is ки?", steps)
    ends = [DECODE(item.ids[: position + 1]) for position in item.positions]
    assert ends[0] == "<s>What is ки? 40 ки 5 ки"
    assert ends[1] == f"{ends[0]}\n40 * 5 = 12 ки"


def test_an_outcome_model_reads_every_solution_as_if_it_ended_there() -> None:
    fmt = prm_format("outcome")
    for k in range(1, len(STEPS) + 1):
        item = fmt.encode_open(WITH_BOS, QUESTION, STEPS[:k])
        solution = "\n\n".join(STEPS[:k])
        assert DECODE(item.ids).endswith(f"assistant\n{solution}<|im_end|>\n")
        assert (item.whole, item.positions) == (True, [len(item.ids) - 1])


def test_an_outcome_model_may_read_bare_text() -> None:
    fmt = prm_format('{"base": "outcome", "chat": false}')
    item = fmt.encode(WITH_BOS, "One?", ["Two.", "Three."])
    assert DECODE(item.ids) == "<s>One?Two.\n\nThree."


def test_a_verifier_is_asked_about_the_whole_solution_and_fills_each_place_once() -> None:
    told = {"base": "verifier", "user": "Q: {question} S: {solution} Q again: {question}"}
    fmt = prm_format(json.dumps({**told, "system": "Judge.", "lead": "So:"}))
    item = fmt.encode_open(WITHOUT_BOS, "Why {solution}?", ["a {question}", "b"])
    assert DECODE(item.ids) == (
        "<|im_start|>system\nJudge.<|im_end|>\n<|im_start|>user\n"
        "Q: Why {solution}? S: a {question}\n\nb Q again: Why {solution}?<|im_end|>\n"
        "<|im_start|>assistant\nSo:"
    )
    assert (item.whole, item.positions) == (True, [len(item.ids) - 1])


def test_skywork_takes_a_step_of_several_lines_as_one_and_a_question_as_it_is() -> None:
    fmt = prm_format("skywork")
    item = fmt.encode(WITH_BOS, "Two\nlines", [" a\nb ", "c"])
    assert DECODE(item.ids) == "<s>Two\nlines\na b\nc\n"
    assert [DECODE([item.ids[position]]) for position in item.positions] == ["\n", "\n"]


def test_only_marker_families_name_labels_and_they_are_single_tokens() -> None:
    with pytest.raises(ScoringError, match="'Yes' is 3 tokens, not 1"):
        prm_format("verifier").marker_ids(WITH_BOS)
    for fmt in PRM_FORMATS:
        if fmt.name == "verifier":  # the zoo's tokenizer has no words
            continue
        ids = fmt.marker_ids(WITH_BOS)
        assert (ids is not None) == (fmt.engine_task == "marker_logits")
        if ids is not None:
            assert [DECODE([i]) for i in ids] == ["+", "-"], fmt.name


def test_a_tokenizer_without_the_mark_is_refused() -> None:
    class Bytes:
        bos_token = None

        def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
            return list(text.encode())

        def apply_chat_template(self, conversation: object, **_: object) -> str:
            return str(conversation)

    for name in ("qwen", "math_shepherd"):
        with pytest.raises(ScoringError, match="wrong tokenizer"):
            prm_format(name).encode_open(Bytes(), QUESTION, STEPS)


def test_a_template_that_rewrites_earlier_turns_is_refused() -> None:
    class Forgetful:
        bos_token = None

        def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
            return WITHOUT_BOS.encode(text, add_special_tokens=False)

        def apply_chat_template(self, conversation: object, **_: object) -> str:
            assert isinstance(conversation, list)
            return f"{len(conversation)}:{conversation[-1]['content']}"

    with pytest.raises(ScoringError, match="rewrites earlier turns"):
        prm_format("rlhflow_mistral").encode_open(Forgetful(), QUESTION, STEPS)
    with pytest.raises(ScoringError, match="rewrites earlier turns"):
        prm_format("qwen").encode(Forgetful(), QUESTION, STEPS)


def test_an_unknown_format_names_the_setting_and_the_choices() -> None:
    with pytest.raises(ConfigError, match=r"prms\.format: 'orm' is not one of: qwen, math_sh"):
        prm_format("orm")


@given(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4))
def test_two_logits_make_probabilities_that_sum_to_one(positive: float, negative: float) -> None:
    score = score_from_logits(positive, negative)
    assert 0.0 <= score <= 1.0
    assert score + score_from_logits(negative, positive) == pytest.approx(1.0)
    assert (score > 0.5) <= (positive > negative)


def test_scores_are_the_softmax_and_the_sigmoid() -> None:
    assert score_from_logits(math.log(3), math.log(1)) == pytest.approx(0.75)
    assert score_from_value(0.0) == 0.5
    assert score_from_value(math.log(4)) == pytest.approx(0.8)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_an_error_not_a_score(value: float) -> None:
    with pytest.raises(ScoringError, match="no score follows"):
        score_from_value(value)
    with pytest.raises(ScoringError, match="no score follows"):
        score_from_logits(value, value)
