"""What ttsgrid must know of a benchmark's file to read it: fields and grader.

A benchmark is a JSON-lines file; a `BenchmarkSpec` says which field holds what.
Known ones are listed in `KNOWN`; anything else is a spec of the user's own.
Files: MATH-500, AIME24 and AMC23 as compute-optimal-tts ships them, GSM8K as
openai/grade-school-math does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

ZOO = "zoo"


def as_text(value: object) -> str:
    """Return a JSON scalar as an answer; 27.0 is the whole number 27.

    Raises:
        ValueError: the value is no string or number.
    """
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"an answer must be a string or a number, not {value!r}")
    return str(int(value)) if float(value).is_integer() else repr(value)


def after_hashes(value: object) -> str:
    """Return what follows GSM8K's last `####`, thousands separators removed.

    Raises:
        ValueError: there is no `####`.
    """
    _, mark, answer = as_text(value).rpartition("####")
    if not mark:
        raise ValueError("no '####' before the final answer")
    return answer.strip().replace(",", "")


def level_number(value: object) -> int:
    """Return a level as a number: 2 or "Level 2".

    Raises:
        ValueError: the value holds no number.
    """
    match = re.fullmatch(r"(?:Level )?(\d+)", str(value))
    if match is None:
        raise ValueError(f"a level must be a number or 'Level <number>', not {value!r}")
    return int(match[1])


@dataclass(frozen=True)
class BenchmarkSpec:
    """Where a JSON-lines benchmark keeps its fields, and who grades it.

    Attributes:
        grader: a name that `ttsgrid.benchmarks.grader_for` knows.
        answer_from: turns the answer field's JSON value into the gold answer;
            raises ValueError where it can't.
    """

    name: str
    grader: str = "math"
    question_field: str = "question"
    answer_field: str = "answer"
    level_field: str | None = None
    subject_field: str | None = None
    answer_from: Callable[[object], str] = as_text


KNOWN: dict[str, BenchmarkSpec] = {
    spec.name: spec
    for spec in (
        BenchmarkSpec(ZOO, grader="integer"),
        BenchmarkSpec(
            "math500", question_field="problem", level_field="level", subject_field="subject"
        ),
        BenchmarkSpec("aime24", question_field="problem", answer_field="extracted_groundtruth"),
        BenchmarkSpec("amc23", question_field="problem", answer_field="extracted_groundtruth"),
        BenchmarkSpec("gsm8k", answer_from=after_hashes),
    )
}
