"""Single values of a record, read and checked: texts, verdicts, scores and counts."""

from __future__ import annotations

import math
import re

from ttsgrid.benchmarks.fields import as_text, clean_text, gold_answer
from ttsgrid.importer.layout import STEPS, Layout

# All control characters but those that JSON makes of \b, \f, \t, \n and \r.
_NOT_OF_JSON = re.compile(r"[\x00-\x07\x0b\x0e-\x1f\x7f]")
_BLANK_LINE_AT_END = re.compile(r"\n[ \t]*\n\s*\Z")


def text_of(value: object, strip: bool = True) -> str | None:
    """Return a text, a number as text, or the text parts of a chat message's content."""
    if value is None:
        return None
    if isinstance(value, list):
        value = _joined_parts(value)
    return as_text(value) if strip or not isinstance(value, str) else value


def gold_of(value: object, field: str) -> str | None:
    r"""Return the gold answer as a sweep would: what follows `####`, or the value itself.

    Raises:
        ValueError: several are right, or it holds a control character.
    """
    if isinstance(value, list):
        if len(value) != 1:
            raise ValueError(
                f"gold must be one answer, not a list of {len(value)}; leave the layout's `gold` "
                f"out to keep the recorded verdicts"
            )
        value = value[0]
    if value is None or not as_text(value):
        return None
    return gold_answer(value, field, "auto")


def question_of(value: object, field: str) -> str | None:
    """Return a question; of a chat, its last user turn.

    Raises:
        ValueError: it holds a control character.
    """
    if isinstance(value, list) and value and isinstance(value[-1], dict) and "role" in value[-1]:
        turns = [turn for turn in value if turn.get("role") == "user"]
        value = (turns or value)[-1].get("content")
    text = text_of(value, strip=False)
    return None if text is None else as_text(checked(text, field))


def checked(text: str, field: str) -> str:
    """Return a text that JSON's backslashes came through to.

    Other control characters, such as a terminal's colours, are a model's own and stay.

    Raises:
        ValueError: it holds what JSON makes of a single backslash.
    """
    clean_text(_NOT_OF_JSON.sub("", text), field)
    return text


def after_words(text: str, words: str) -> str | None:
    """Return what stands after the last of some words, up to the line's end."""
    _, separator, rest = text.rpartition(words)
    return rest.split("\n")[0].strip() or None if separator else None


def verdict_of(value: object, layout: Layout) -> bool | None:
    """Return a recorded verdict.

    Raises:
        ValueError: the value is none.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    if str(value) in layout.right or str(value) in layout.wrong:
        return str(value) in layout.right
    raise ValueError(
        f"correct must be true, false, 0 or 1, not {value!r}; list what means right and wrong "
        f"under the layout's `right` and `wrong`, and what means that there is no answer under "
        f"`no_answer`"
    )


def scores_of(value: object, layout: Layout) -> tuple[float, ...]:
    """Return step scores, or the one score of a whole solution, on the layout's scale.

    Raises:
        ValueError: a score is no number, or not of the kind that the layout says.
    """
    if value is None:
        return ()
    listed = value if isinstance(value, list) else [value]
    if layout.scores_are == STEPS and not isinstance(value, list):
        raise ValueError(
            "one score per solution: say how it was made of the steps' scores, with the layout's "
            "`scores_are`: avg, min, prod, or last (also for a reward of the whole solution)"
        )
    if layout.scores_are != STEPS and len(listed) != 1:
        raise ValueError(f"scores_are {layout.scores_are} needs one score, not {len(listed)}")
    return tuple(_on_scale(score, layout.scale) for score in listed)


def has_empty_last_step(text: str | None) -> bool:
    """Say whether a text ends in a blank line, after which some scorers see an empty step."""
    return bool(text and _BLANK_LINE_AT_END.search(text))


def count_of(value: object, name: str) -> int | None:
    """Return a number of tokens, given as such or as the list of them.

    Raises:
        ValueError: it is neither.
    """
    if value is None:
        return None
    if isinstance(value, list):
        return len(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError(f"{name} must be a number or a list of tokens, not {value!r}")
    return round(value)


def _joined_parts(parts: list[object]) -> str:
    """Join the parts of a message that are shown; reasoning is none of them."""
    texts = [part for part in parts if isinstance(part, str)]
    texts += [
        str(part["text"])
        for part in parts
        if isinstance(part, dict) and part.get("type") == "text" and "text" in part
    ]
    if not texts:
        raise ValueError(f"a text must be a string or a list of text parts, not {parts!r:.80}")
    return "".join(texts)


def _on_scale(score: object, scale: str) -> float:
    if isinstance(score, bool) or not isinstance(score, int | float) or not math.isfinite(score):
        raise ValueError(f"a score must be a finite number, not {score!r}")
    if scale == "logit":
        # The same on both sides of zero, without overflow.
        return math.exp(min(score, 0.0)) / (1.0 + math.exp(-abs(score)))
    if scale == "probability" and not 0.0 <= score <= 1.0:
        raise ValueError(
            f"score {score} is no probability; set the layout's `scale` to logit (a sigmoid is "
            f"applied) or raw"
        )
    return float(score)
