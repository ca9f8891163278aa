r"""The forms in which solutions mark their answers, and how long reading them takes."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsgrid.benchmarks import IntegerGrader, MathGrader, TextGrader
from ttsgrid.benchmarks.graders.forms import DEFAULT_FORMS, FORMS
from ttsgrid.core.errors import ConfigError

MATH = MathGrader()
FLEXIBLE = MathGrader(answer_forms=(*DEFAULT_FORMS, "last_number"))


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("3+4 = 7\n#### 7", "7"),
        ("so\n#### $1,250 \n", "$1250"),
        ("The final answer is 42.", "42"),
        ("The final answer is $14{,}916$. I hope it is correct.", "$14{,}916$"),
        ("The answer is 3.5 because it must be.", "3.5"),
        ("Answer: 12", "12"),
        ("**Answer:** 12", "12"),
        ("**Final Answer**\n\n$12$", "$12$"),
        ("The answer is\n\n$$x = 5$$", "$$x = 5$$"),
        ("Final Answer: The volume of $ABCD$ is 120. I hope it is correct. <|im", "120"),
        ("<think>5</think><answer> 7 </answer>", "7"),
        (r"the answer is 5, that is \boxed{6}", "6"),
        ("The answer is 5, no, the answer is 6", "6"),
    ],
)
def test_where_no_box_is_found_the_other_forms_are_tried(text: str, answer: str) -> None:
    assert MATH.extract(text) == answer


@pytest.mark.parametrize(
    "text",
    [
        "#### Step 1: add",
        "#### 1. Add the numbers",
        "Check if the answer is correct.",
        "The answer is not clear. Let me see.",
        r"The final answer is \boxed{",
        "<answer>7",
        "There are 12 apples",
        "",
    ],
)
def test_a_text_that_states_no_answer_has_none(text: str) -> None:
    assert MATH.extract(text) is None


def test_the_last_number_counts_only_where_it_is_named() -> None:
    text = "She sells 16 eggs and makes 18,000.5 dollars"
    assert MATH.extract(text) is None
    assert FLEXIBLE.extract(text) == "18000.5"
    assert FLEXIBLE.extract(r"16 eggs: \boxed{3}") == "3"


def test_forms_are_tried_in_their_order() -> None:
    text = "\\boxed{1}\n#### 2\n"
    assert MathGrader(answer_forms=("hashes", "boxed")).extract(text) == "2"
    assert MathGrader(answer_forms=("boxed", "hashes")).extract(text) == "1"


def test_an_unknown_form_is_refused_with_the_choices() -> None:
    with pytest.raises(ConfigError, match="no form 'box'; choices: boxed"):
        MathGrader(answer_forms=("box",))
    with pytest.raises(ConfigError, match="at least one"):
        MathGrader(answer_forms=())


def test_a_search_ends_at_a_mark_and_not_at_words_on_the_way() -> None:
    assert MATH.is_final(r"so \boxed{5}")
    assert MATH.is_final("so\n#### 5")
    assert not FLEXIBLE.is_final("2 + 3 = 5, so the answer is 5")
    assert not TextGrader().is_final("some text")
    assert IntegerGrader().is_final(r"\boxed{5}")


@pytest.mark.parametrize(
    "text",
    [
        r"\boxed{" * 700_000,
        r"\boxed" * 100_000,
        r"\boxed{1}" * 50_000,
        "{" * 700_000 + r"\boxed{",
        "the answer is " * 50_000,
        "answer is not $\\(" * 40_000,
        "#" * 700_000,
        "<answer>" * 80_000,
        "$" * 700_000,
        "1," * 300_000,
        "1" * 700_000,
    ],
    ids=lambda text: f"{text[:16]} x {len(text):,}",
)
def test_reading_a_long_text_takes_time_linear_in_it(text: str) -> None:
    started = time.process_time()
    for form in FORMS.values():
        form.read(text)
    MATH.is_correct(text, "5")
    MATH.group([text, "5"])
    assert time.process_time() - started < 20


TEXTS = st.text(
    st.sampled_from(list("\\{}$()[]^_=,.;:*#<>/ \n\t°%0123456789xyaé")), max_size=60
) | st.lists(
    st.sampled_from(
        [
            r"\boxed{", "}", r"\frac", "{1}", "$", r"\(", r"\)", "#### ", "answer is ", "12",
            r"\begin{pmatrix}", r"\end{pmatrix}", r"\\", " and ", "<answer>", "</answer>", "^",
            r"\text{", "1/0", "∞", "1e999", r"\sqrt", "!", "-", "\n", "\x00", "x=",
        ]
    ),
    max_size=12,
).map("".join)  # fmt: skip


@given(TEXTS)
def test_no_text_breaks_a_form_or_is_answered_by_nothing(text: str) -> None:
    for form in FORMS.values():
        answer = form.read(text)
        assert answer is None or answer.strip()
