"""The texts of a question's options, and what its row calls them.

How a row holds them differs: a list (MMLU, MMLU-Pro), a mapping of labels to texts, labels
beside texts (ARC), a JSON text in a cell of a CSV, or a field for each (GPQA, MedMCQA).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase as LETTERS

from ttsgrid.benchmarks.fields import as_text, clean_text


@dataclass(frozen=True)
class OptionTexts:
    """The options of one row.

    Attributes:
        texts: in the row's order.
        labels: what the row calls each; letters where it calls them nothing.
        are_numbers: the row holds numbers instead of texts.
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    are_numbers: bool = False

    @classmethod
    def lettered(cls, held: Sequence[object], field: str) -> OptionTexts:
        """Options that have no labels of their own."""
        texts = tuple(option_text(one, field) for one in held)
        are_numbers = all(not isinstance(one, str) for one in held)
        return cls(texts, letters_of(texts), are_numbers)


def options_of_field(held: object, field: str) -> OptionTexts:
    """Return the options that one field holds.

    Raises:
        ValueError: it holds no list of options, or an option is no text.
    """
    if isinstance(held, str):
        held = _from_json(held, field)
    if isinstance(held, Mapping) and {*map(str.lower, held)} == {"text", "label"}:
        found = {key.lower(): value for key, value in held.items()}
        texts = tuple(option_text(one, field) for one in found["text"])
        return OptionTexts(texts, tuple(str(label).strip() for label in found["label"]))
    if isinstance(held, Mapping):
        kept = {str(label): text for label, text in held.items() if text is not None}
        return OptionTexts(tuple(option_text(text, field) for text in kept.values()), tuple(kept))
    if not isinstance(held, list | tuple):
        raise ValueError(f"field {field!r} must hold a list of options, not {held!r}")
    return OptionTexts.lettered(held, field)


def option_text(value: object, field: str) -> str:
    """Return one option.

    Raises:
        ValueError: it is empty, or neither text nor number.
    """
    text = clean_text(value, field).strip() if isinstance(value, str) else as_text(value)
    if not text:
        raise ValueError(f"field {field!r} holds an empty option")
    return text


def letters_of(texts: Sequence[str]) -> tuple[str, ...]:
    """Return a letter for each option.

    Raises:
        ValueError: these are too few or too many for multiple choice.
    """
    if not 2 <= len(texts) <= len(LETTERS):
        raise ValueError(f"has {len(texts)} options; multiple choice has 2 to {len(LETTERS)}")
    return tuple(LETTERS[: len(texts)])


def without_letters(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return options without letters of their own (`A)5`, `(A) 5`), which shuffling makes wrong."""
    if len(texts) > len(LETTERS):
        return texts
    matches = [
        re.fullmatch(rf"(?:\({letter}\)|{letter}[).:])\s*(\S.*)", text, re.DOTALL)
        for letter, text in zip(LETTERS, texts, strict=False)
    ]
    bare = tuple(match[1] for match in matches if match)
    return bare if len(bare) == len(texts) else texts


def _from_json(text: str, field: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise ValueError(f"field {field!r} must hold a list of options, not {text!r}") from None
