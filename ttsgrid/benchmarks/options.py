"""Options of multiple choice: read from a row, shuffled by a seed, written below the question.

How a row holds them differs: a list (MMLU, MMLU-Pro), a mapping of labels to texts, labels
beside texts (ARC), or a field for each: GPQA's right answer has one too, others (MedMCQA, MMLU's
CSV) say which of the fields is right.
The gold answer is a letter, a label, a position counted from 0, or the option's own text;
here it becomes the letter under which the option stands after shuffling.

Each question is shuffled by itself, so its order depends neither on its place in the file nor
on how many others are loaded.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase as LETTERS

from ttsgrid.benchmarks.fields import as_text, clean_text


@dataclass(frozen=True)
class Options:
    """The options of one question.

    Attributes:
        texts: in the row's order.
        labels: what the row calls each; letters where it calls them nothing.
        right: position of the gold answer.
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    right: int


def answers_are_labels(
    rows: Sequence[Mapping[str, object]], fields: Sequence[str], answer: str
) -> bool:
    """Say whether a file with a field for each option says which of them is right.

    It does where every row's answer is a letter, a position or a field's name, and some row's
    options are not alike: of the options 2, 3 and 5 a 4 is one more, of three texts it is none.

    Raises:
        ValueError: its positions count from 1.
    """
    if len(fields) < 2 or answer in fields:
        return False
    golds = [str(row.get(answer)).strip().strip("().") for row in rows]
    unlike = any(
        _kind(gold) not in {_kind(str(row.get(field)).strip()) for field in fields}
        for gold, row in zip(golds, rows, strict=True)
    )
    labels = _labels_of(fields)
    if not unlike or all(gold in labels for gold in golds):
        return unlike
    if {*golds} <= {str(number) for number in range(1, len(fields) + 1)}:
        raise ValueError(f"has positions that count from 1 in field {answer!r}; count from 0")
    return False


def _labels_of(fields: Sequence[str]) -> dict[str, int]:
    """Return the position of each option by all that it may be called; its field goes first."""
    by_number = {str(index): index for index in range(len(fields))}
    by_letter = dict(zip(LETTERS, by_number.values(), strict=False))
    return by_number | by_letter | {field: index for index, field in enumerate(fields)}


def _kind(text: str) -> str:
    if text.isdecimal():
        return "number"
    return "letter" if len(text) == 1 else "text"


def read_options(
    row: Mapping[str, object], fields: Sequence[str], answer: str, *, is_label: bool = False
) -> Options:
    """Read the options of a row.

    Args:
        row: as the file holds it.
        fields: one that holds all options, or one for each.
        answer: the field of the gold answer; where each option has a field, and this one is
            none of them, it holds the right option's text.
        is_label: it says instead which of the fields is right (`answers_are_labels`).

    Raises:
        ValueError: an option is no text, or the gold answer is none of them.
    """
    if missing := [field for field in fields if field not in row]:
        raise ValueError(f"has no field {missing[0]!r} of options; it has: {', '.join(row)}")
    if len(fields) > 1:
        return _of_fields(row, tuple(fields), answer, is_label)
    texts, labels = _all_options(row[fields[0]], fields[0])
    return Options(texts, labels, _right(row[answer], texts, labels))


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


def _of_fields(
    row: Mapping[str, object], fields: tuple[str, ...], answer: str, is_label: bool
) -> Options:
    texts = tuple(_option(row[field], field) for field in fields)
    if answer in fields:
        return Options(texts, _letters(texts), fields.index(answer))
    if is_label:
        label = str(row[answer]).strip().strip("().")
        return Options(texts, _letters(texts), _labels_of(fields)[label])
    right = _option(row[answer], answer)
    if right in texts:
        return Options(texts, _letters(texts), texts.index(right))
    return Options((right, *texts), _letters((right, *texts)), 0)


def _all_options(held: object, field: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return texts and labels that one field holds."""
    if isinstance(held, str):
        held = _listed(held, field)
    if isinstance(held, Mapping) and {*map(str.lower, held)} == {"text", "label"}:
        found = {key.lower(): value for key, value in held.items()}
        texts = tuple(_option(one, field) for one in found["text"])
        return texts, tuple(str(label).strip() for label in found["label"])
    if isinstance(held, Mapping):
        kept = {str(label): text for label, text in held.items() if text is not None}
        return tuple(_option(text, field) for text in kept.values()), tuple(kept)
    if not isinstance(held, list | tuple):
        raise ValueError(f"field {field!r} must hold a list of options, not {held!r}")
    texts = tuple(_option(one, field) for one in held)
    return texts, _letters(texts)


def _listed(text: str, field: str) -> object:
    """Return what a cell of a CSV holds as JSON."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise ValueError(f"field {field!r} must hold a list of options, not {text!r}") from None


def _option(value: object, field: str) -> str:
    text = clean_text(value, field).strip() if isinstance(value, str) else as_text(value)
    if not text:
        raise ValueError(f"field {field!r} holds an empty option")
    return text


def _letters(texts: Sequence[str]) -> tuple[str, ...]:
    if not 2 <= len(texts) <= len(LETTERS):
        raise ValueError(f"has {len(texts)} options; multiple choice has 2 to {len(LETTERS)}")
    return tuple(LETTERS[: len(texts)])


def _right(gold: object, texts: Sequence[str], labels: Sequence[str]) -> int:
    """Return the position of the option that a gold answer means."""
    if isinstance(gold, int) and not isinstance(gold, bool) and str(gold) not in labels:
        if 0 <= gold < len(texts):
            return gold
        raise ValueError(f"has no option {gold}; positions count from 0 to {len(texts) - 1}")
    text = as_text(gold)
    by_label = [index for index, label in enumerate(labels) if label == text.strip("().")]
    by_text = [index for index, option in enumerate(texts) if option == text]
    found = {*by_label[:1], *by_text[:1]}
    if not found and text.isdecimal() and int(text) < len(texts):
        return int(text)
    if len(found) != 1:
        how = "is both a label and another option's text" if found else "is none of the options"
        raise ValueError(f"has a gold answer that {how}: {text!r}")
    return found.pop()
