r"""Find the fields of a row, and read question, gold answer, level and subject from them.

Fields are found by their usual names, whatever their case (`Problem`, `final_answer`,
`finalAnswer`). An answer field goes before a worked solution; two fields of one rank are
ambiguous and refused, with the setting that decides. Level and subject are optional.

A text with a control character is refused: JSON written with one backslash for two
(`"\frac"`) reads as a form feed and `rac`, and every right answer would be graded wrong.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from ttsgrid.benchmarks.config import FieldNames
from ttsgrid.benchmarks.graders.boxed import last_boxed

QUESTIONS = (("question", "problem"), ("prompt", "input", "query"))
ANSWERS = (
    ("answer", "finalanswer", "expectedanswer", "referenceanswer", "extractedgroundtruth"),
    ("target", "gold", "groundtruth", "label", "reference"),
    ("answerkey", "answerindex", "correct"),
    ("solution", "rationale"),
)
LEVELS = (("level",), ("difficulty",))
SUBJECTS = (("subfield",), ("subject", "category", "topic"), ("type",))
UNITS = (("unit", "units"),)
OPTIONS = (("options", "choices"),)

_SIGNS = {"\f": r"\f", "\b": r"\b", "\v": r"\v", "\t": r"\t", "\r": r"\r", "\n": r"\n"}
# What is left of a LaTeX command whose backslash and first letter were read as a character.
_LOST = {
    "\t": r"(?:heta|imes|ext(?:bf|it|rm)?|an|anh|au|o|frac|binom|riangle|ilde|herefore|op)",
    "\r": r"(?:ho|ight\w*|angle|floor|ceil|m)",
    "\n": r"(?:eq|abla|otin|eg|leq|geq)",
}
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|"
    + "|".join(rf"{sign}{rest}(?![a-zA-Z])" for sign, rest in _LOST.items())
)


@dataclass(frozen=True)
class Columns:
    """The fields of a file that hold what; None where it has no such field."""

    question: str
    answer: str
    level: str | None
    subject: str | None
    unit: str | None = None
    options: tuple[str, ...] = ()


def find_columns(names: FieldNames, present: Collection[str], grader: str = "math") -> Columns:
    """Find each field among those that a row has.

    Args:
        names: those that a person named.
        present: of the file.
        grader: `numeric` looks for a field of units too, `choice` for one of options.

    Raises:
        ValueError: one that is needed or named is not there, or several could be meant.
    """
    question = names.question or _usual("question", QUESTIONS, present)
    answer = names.answer or _usual("answer", ANSWERS, present)
    for setting, field in (("question", question), ("answer", answer)):
        if field is None:
            raise ValueError(
                f"has no field for the {setting}; name it in benchmark.fields.{setting}; "
                f"it has: {', '.join(present)}"
            )
    assert question is not None
    assert answer is not None
    level = names.level or _usual("level", LEVELS, present)
    subject = names.subject or _usual("subject", SUBJECTS, present)
    unit = names.unit or (_usual("unit", UNITS, present) if grader == "numeric" else None)
    options = names.options or (_options(present) if grader == "choice" else ())
    for field in (question, answer, names.level, names.subject, names.unit, *names.options):
        if field is not None and field not in present:
            raise ValueError(f"has no field {field!r}; it has: {', '.join(present)}")
    return Columns(question, answer, level, subject, unit, options)


def _options(present: Collection[str]) -> tuple[str, ...]:
    found = _usual("options", OPTIONS, present)
    if found is None:
        raise ValueError(
            f"has no field for the options of multiple choice; name it, or one for each, in "
            f"benchmark.fields.options; it has: {', '.join(present)}"
        )
    return (found,)


def _usual(
    setting: str, ranks: tuple[tuple[str, ...], ...], present: Collection[str]
) -> str | None:
    for rank in ranks:
        found = [name for name in present if re.sub(r"[^a-z]", "", name.lower()) in rank]
        if len(found) > 1:
            raise ValueError(
                f"has {' and '.join(found)}; say which holds the {setting} in "
                f"benchmark.fields.{setting}"
            )
        if found:
            return found[0]
    return None


def question_text(value: object, field: str) -> str:
    """Return a question.

    Raises:
        ValueError: it is no text, empty, or holds a control character.
    """
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"field {field!r} must be a non-empty string")
    return clean_text(value, field)


def gold_answer(value: object, field: str, form: str) -> str:
    """Return the gold answer that an answer field holds.

    Args:
        value: the field's value: text or a number.
        field: its name. A worked solution under `auto` must box its answer.
        form: see `BenchmarkConfig.gold_form`.

    Raises:
        ValueError: there is none, or it holds a control character.
    """
    # Before white space is stripped: a form feed counts as some.
    text = as_text(clean_text(value, field) if isinstance(value, str) else value)
    if form == "auto":
        form = _form_of(text, field)
    answer = _READERS[form](text)
    if not answer:
        raise ValueError(f"field {field!r} is empty")
    return answer


def _form_of(text: str, field: str) -> str:
    if re.search(r"####[^\n]*\Z", text):
        return "hashes"
    is_solution = re.sub(r"[^a-z]", "", field.lower()) in ANSWERS[-1]
    has_words = " " in text.strip() or "\\boxed" in text
    return "boxed" if "\\boxed" in text or (is_solution and has_words) else "plain"


def as_text(value: object) -> str:
    """Return an answer as text; 27.0 is the whole number 27, and a list of answers is one.

    Raises:
        ValueError: the value is no string or number, nor a list of some.
    """
    if isinstance(value, list | tuple) and value:
        return ", ".join(as_text(one) for one in value)
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"an answer must be a string or a number, not {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"an answer must be a finite number, not {value}")
    return str(int(value)) if float(value).is_integer() else repr(value)


def level_number(value: object) -> int | None:
    """Return a level as a number (2, 2.0, "2" or "Level 2"); None where it says none."""
    match = re.fullmatch(r"(?:level\s*)?(\d+)(?:\.0+)?", str(value).strip(), re.IGNORECASE)
    return int(match[1]) if match else None


def optional_level(row: Mapping[str, object], field: str | None) -> int | None:
    """Return a row's level; None where it has none."""
    return None if field is None else level_number(row.get(field))


def optional_subject(row: Mapping[str, object], field: str | None) -> str | None:
    """Return a row's subject; None where it has none."""
    value = None if field is None else row.get(field)
    return None if value is None or not str(value).strip() else str(value)


def _after_hashes(text: str) -> str:
    _, mark, answer = text.rpartition("####")
    if not mark:
        raise ValueError("no '####' before the final answer")
    return answer.strip().replace(",", "")


def _in_the_box(text: str) -> str:
    answer = last_boxed(text)
    if answer is None:
        raise ValueError("no \\boxed{} with the final answer in it")
    return answer


_READERS: dict[str, Callable[[str], str]] = {
    "plain": str.strip,
    "hashes": _after_hashes,
    "boxed": _in_the_box,
}


def clean_text(text: str, field: str) -> str:
    """Return a text that JSON's backslashes came through to.

    Raises:
        ValueError: it holds a control character; says which, and why.
    """
    found = _CONTROL.search(text)
    if found is None:
        return text
    sign = found[0][0]
    shown = _SIGNS.get(sign, f"\\x{ord(sign):02x}")
    raise ValueError(
        f"field {field!r} holds a control character ({shown}) in {text[:40]!r}: a backslash of "
        f"LaTeX was written once in JSON and must be doubled ({chr(92)}{shown}...)"
    )
