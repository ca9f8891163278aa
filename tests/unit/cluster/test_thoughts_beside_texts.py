"""An endpoint's reasoning field counts as thoughts in a text do: by the same settings."""

from __future__ import annotations

import pytest

from ttsgrid.benchmarks.graders.math import MathGrader
from ttsgrid.cluster.worker.grading import Grading
from ttsgrid.core.records import FinishReason, Solution, Usage
from ttsgrid.engines.text import TextGeneration
from ttsgrid.models import inline_format, prompt_format
from ttsgrid.strategies.sampling import Sample

THOUGHT = "One.\n\nTwo, so perhaps \\boxed{7}."


def graded(text: str, reasoning_tokens: int | None = 30, **settings: str) -> Solution:
    format = inline_format({"base": "r1", "reasoning": settings}, "x") if settings else "r1"
    written = TextGeneration(
        text, THOUGHT, FinishReason.STOP, Usage(10, 0, 50), reasoning_tokens=reasoning_tokens
    )
    grading = Grading(None, MathGrader(), prompt_format(format))
    (solution,) = grading.texts([Sample(0, 1, written)], "7")
    return solution


def test_a_box_in_the_field_counts_only_where_told() -> None:
    assert graded("I can't say.").answer is None
    assert graded("I can't say.", answers="all").correct
    assert graded("It is \\boxed{8}.", answers="all").answer == "8"


def test_its_steps_are_scored_only_where_told_and_its_text_stays_apart() -> None:
    solution = graded("It is \\boxed{7}.")
    assert solution.steps == ("It is \\boxed{7}.",)
    assert (solution.text, solution.reasoning) == ("It is \\boxed{7}.", THOUGHT)
    assert len(graded("It is \\boxed{7}.", steps="all").steps) == 2


@pytest.mark.parametrize(
    ("settings", "reported", "counted"),
    [({}, 30, 50), ({"tokens": "visible"}, 30, 20), ({"tokens": "visible"}, None, 50)],
)
def test_its_tokens_count_unless_told_and_unless_the_server_does_not_say(
    settings: dict[str, str], reported: int | None, counted: int
) -> None:
    solution = graded("It is \\boxed{7}.", reported, **settings)
    assert solution.usage.generated_tokens == counted
    assert solution.reasoning_tokens == reported
