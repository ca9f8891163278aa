"""Multiple choice: which option is right, and the question with its options, shuffled by a seed.

The gold answer is a letter, a label, a position or the option's own text; where each option has
a field, also that field's name (GPQA's right answer has a field too; MMLU's CSV and MedMCQA say
which of the fields is right). Here it becomes the letter under which the option stands after
shuffling.

A position says nothing of what it counts from: a file whose answers are 1, 2 and 3 of four
options may mean either. A 0 among its answers shows that they count from 0; without one,
`benchmark.positions_from` must say it.

Each question is shuffled by itself, so its order depends neither on its place in the file nor
on how many others are loaded.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase as LETTERS

from ttsgrid.benchmarks.fields import as_text
from ttsgrid.benchmarks.option_texts import (
    OptionTexts,
    letters_of,
    option_text,
    options_of_field,
    without_letters,
)

FILLER = "N/A"
"""Fills up MMLU-Pro's lists to ten; its own evaluation leaves it out, and so does this."""
Row = Mapping[str, object]


@dataclass(frozen=True)
class Options:
    """The options of one question, and the position of the right one."""

    texts: tuple[str, ...]
    right: int


@dataclass(frozen=True)
class Answers:
    """What a file's gold answers are.

    Attributes:
        say_which: with a field for each option, which of the fields is right (`B`, `opb`, `1`);
            else they are the right option's text.
        positions_from: what positions count from; None where nothing shows it.
        is_said: a person said so, so that no number is an option's own text.
    """

    say_which: bool = False
    positions_from: int | None = None
    is_said: bool = False


def answers_of(
    rows: Sequence[Row], fields: Sequence[str], answer: str, positions_from: int | None
) -> Answers:
    """Find out what the answers of all rows are.

    Args:
        rows: of the whole file.
        fields: one that holds all options, or one for each.
        answer: the field of the gold answer.
        positions_from: 0 or 1 where a person says so.
    """
    say_which = len(fields) > 1 and answer not in fields and _say_which(rows, fields, answer)
    if positions_from is not None:
        return Answers(say_which, positions_from, is_said=True)
    if say_which:
        return Answers(True, 0 if any(_label(row[answer]) == "0" for row in rows) else None)
    has_zero = len(fields) == 1 and any(_is_position_0(row, fields[0], answer) for row in rows)
    return Answers(False, 0 if has_zero else None)


def read_options(row: Row, fields: Sequence[str], answer: str, answers: Answers) -> Options:
    """Read the options of a row.

    Args:
        row: as the file holds it.
        fields: one that holds all options, or one for each.
        answer: the field of the gold answer; where each option has a field, and this one is
            none of them, `answers` says what it holds.
        answers: what is known of the whole file's.

    Raises:
        ValueError: an option is no text, or the gold answer is none of them.
    """
    if missing := [field for field in fields if field not in row]:
        raise ValueError(f"has no field {missing[0]!r} of options; it has: {', '.join(row)}")
    if len(fields) > 1:
        return _of_fields(row, tuple(fields), answer, answers)
    held = options_of_field(row[fields[0]], fields[0])
    right = _right(row[answer], held, answers)
    kept = [i for i, text in enumerate(held.texts) if text != FILLER or i == right]
    texts = tuple(without_letters(held.texts)[index] for index in kept)
    return Options(texts, kept.index(right))


def asked(question: str, options: Options, seed: int | None) -> tuple[str, str]:
    """Return a question with its options below it, and the letter of the right one.

    Args:
        question: without options.
        options: its own.
        seed: of the order; None keeps the row's.
    """
    order = list(range(len(options.texts)))
    if seed is not None:
        random.Random(f"ttsgrid-options-{seed}-{question}").shuffle(order)
    lines = (
        f"{letter}. {options.texts[index]}" for letter, index in zip(LETTERS, order, strict=False)
    )
    return f"{question}\n\n" + "\n".join(lines), LETTERS[order.index(options.right)]


def _say_which(rows: Sequence[Row], fields: Sequence[str], answer: str) -> bool:
    """Say whether a file with a field for each option says which of them is right.

    It does where every row's answer is a letter, a position or a field's name, and some row's
    options are not alike: of the options 2, 3 and 5 a 4 is one more, of three texts it is none.
    """
    golds = [_label(row.get(answer)) for row in rows]
    unlike = any(
        _kind(gold) not in {_kind(str(row.get(field)).strip()) for field in fields}
        for gold, row in zip(golds, rows, strict=True)
    )
    positions = {str(number) for number in range(len(fields) + 1)}
    return unlike and {*golds} <= {*fields, *LETTERS[: len(fields)], *positions}


def _label(gold: object) -> str:
    return str(gold).strip().strip("().")


def _kind(text: str) -> str:
    if text.isdecimal():
        return "number"
    return "letter" if len(text) == 1 else "text"


def _is_position_0(row: Row, field: str, answer: str) -> bool:
    if _label(row.get(answer)) != "0":
        return False
    try:
        held = options_of_field(row.get(field), field)
    except ValueError:
        return False  # said with its line, when that row is read
    return "0" not in held.labels and (held.are_numbers or "0" not in held.texts)


def _of_fields(row: Row, fields: tuple[str, ...], answer: str, answers: Answers) -> Options:
    texts = tuple(option_text(row[field], field) for field in fields)
    letters = letters_of(texts)
    if answer in fields:
        return Options(texts, fields.index(answer))
    if answers.say_which:
        label = _label(row[answer])
        names = fields if label in fields else letters
        right = names.index(label) if label in names else _position(label, len(texts), answers)
        return Options(texts, right)
    right_text = option_text(row[answer], answer)
    if right_text in texts:
        return Options(texts, texts.index(right_text))
    return Options((right_text, *texts), 0)


def _right(gold: object, held: OptionTexts, answers: Answers) -> int:
    """Return the position of the option that a gold answer means."""
    text = as_text(gold)
    label = _label(text)
    is_number = text.isdecimal() and label not in held.labels
    # A number among texts is a position, as in MMLU; a number among numbers, or a text, may be
    # the option itself.
    may_be_text = not is_number or held.are_numbers or isinstance(gold, str)
    found = {held.labels.index(label)} if label in held.labels else set()
    if text in held.texts and may_be_text and not (is_number and answers.is_said):
        found.add(held.texts.index(text))
    if is_number and (not found or answers.positions_from is not None):
        found.add(_position(text, len(held.texts), answers))
    if len(found) == 1:
        return found.pop()
    if is_number:
        raise ValueError(
            f"has the gold answer {text}, another option as a position than as a text; "
            f"say what positions count from in benchmark.positions_from"
        )
    how = "is both a label and another option's text" if found else "is none of the options"
    raise ValueError(f"has a gold answer that {how}: {text!r}")


def _position(number: str, num_options: int, answers: Answers) -> int:
    first = answers.positions_from
    if first is None:
        raise ValueError(
            f"has the position {number} as its answer, and no answer of the file is 0: say in "
            f"benchmark.positions_from whether the first option is 0 or 1"
        )
    if not first <= int(number) < first + num_options:
        raise ValueError(
            f"has no option {number}; positions count from {first} to {first + num_options - 1}"
        )
    return int(number) - first
