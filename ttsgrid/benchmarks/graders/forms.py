r"""The forms in which a solution marks its final answer.

A benchmark lists those that count, in order (`benchmark.answer_forms`): the first form
that a solution holds gives its answer, wherever in the text it stands. `last_number` reads
an answer into any text with a number, and `letter` into any with a letter in brackets, so
they count only where they are named; the first is the flexible match of
lm-evaluation-harness. Within one form the last occurrence counts.

Every form takes time linear in the text.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ttsgrid.benchmarks.graders.boxed import last_boxed
from ttsgrid.core.errors import ConfigError

MAX_STATED_CHARS = 400  # of the line in which an answer is stated

_NUMBER = r"[-+]?(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)(?:/\d+)?"
_HASHES = re.compile(rf"####[ \t]*(\$?{_NUMBER}[ \t]?(?:\\?%|[a-z]+)?)\.?[ \t]*(?:\n|\Z)")
_TAG = re.compile(r"<(/?)answer>", re.IGNORECASE)
_STATED = re.compile(
    r"\banswer\b(?:[ \t]+(?:to|of|for)\b[^\n.:$]{0,80}?)?"
    r"(?:[*_]*:|\*\*(?=\s*\n)|[ \t]+is\b|[ \t]*=)"
    r"[*_]*:?\s*",
    re.IGNORECASE,
)
_LINE = re.compile(
    r"(?:\$\$[^$]*\$\$|\$[^$\n]*\$|\\\([^\n]*?\\\)|\\\[[^\n]*?\\\]|\.(?=\S)|[^.\n])*"
)
_ASIDE = re.compile(r"\s*\b(?:I hope|because|since|which|where|when|so)\b.*", re.IGNORECASE)
_NO_ANSWER = re.compile(
    r"(?:not|(?:in)?correct|right|wrong|un\w+|indeed|therefore|clear\w*|as|the same|that|to be)\b",
    re.IGNORECASE,
)
_OPEN = re.compile(r"\\(?:boxed|fbox)|\banswer\b")  # an empty or cut box, or words about it
_MATH = r"\$\$[^$]+\$\$|\$[^$]+\$|\\\(.+?\\\)|\\\[.+?\\\]"
_VALUE = re.compile(rf"{_MATH}|(?<![\w.]){_NUMBER}(?:\s?\\?%)?")
_WORD = re.compile(r"\b[a-zA-Z]{2,}\b")
_MANY_WORDS = 4
_MAX_STATEMENTS = 50  # the last so many are read: a text that repeats itself holds 50,000
_LAST_NUMBER = re.compile(rf"(?<![\w.]){_NUMBER}")
_LETTER = re.compile(r"\(([A-Z])\)|^[ \t*]*([A-Z])[.)]?[ \t*]*$", re.MULTILINE)
_LEADS_IN = "*_ \t"


@dataclass(frozen=True)
class AnswerForm:
    """One way to mark an answer.

    Attributes:
        read: a solution to the answer it states in this form; None where it doesn't.
        is_end: whether a solution ends with it. A search stops at such a mark; words like
            "the answer is" also come on the way.
    """

    read: Callable[[str], str | None]
    is_end: bool


def _hashes(text: str) -> str | None:
    """GSM8K's `#### 42`; a heading such as `#### Step 1` is none."""
    return _stripped(_last(_HASHES, text), 1)


def _tag(text: str) -> str | None:
    """`<answer>42</answer>`, as R1-style prompts ask for it."""
    opened, answer = None, None
    for match in _TAG.finditer(text):
        if not match[1]:
            opened = match.end()
        elif opened is not None:
            answer, opened = text[opened : match.start()].strip() or answer, None
    return answer


def _stated(text: str) -> str | None:
    """`The final answer is 42.` or `Answer: 42`; of a longer sentence the last value in it."""
    for match in reversed(deque(_STATED.finditer(text), maxlen=_MAX_STATEMENTS)):
        line = _LINE.match(text[match.end() : match.end() + MAX_STATED_CHARS])
        statement = _ASIDE.sub("", line[0]).strip(_LEADS_IN) if line else ""
        if not statement or _NO_ANSWER.match(statement) or _OPEN.search(statement):
            continue
        if len(_WORD.findall(re.sub(_MATH, "", statement))) < _MANY_WORDS:
            return statement
        if values := _VALUE.findall(statement):
            return str(values[-1])
    return None


def _last_number(text: str) -> str | None:
    return _stripped(_last(_LAST_NUMBER, text), 0)


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    last = None
    for match in pattern.finditer(text):
        last = match
    return last


def _stripped(match: re.Match[str] | None, group: int) -> str | None:
    return match[group].strip(" \t,").replace(",", "") if match else None


def _letter(text: str) -> str | None:
    """The last letter in brackets, or alone on its line: `(B)`, `B.`."""
    match = _last(_LETTER, text)
    return match and (match[1] or match[2])


FORMS: dict[str, AnswerForm] = {
    "boxed": AnswerForm(last_boxed, is_end=True),
    "answer_tag": AnswerForm(_tag, is_end=True),
    "hashes": AnswerForm(_hashes, is_end=True),
    "final_answer": AnswerForm(_stated, is_end=False),
    "last_number": AnswerForm(_last_number, is_end=False),
    "letter": AnswerForm(_letter, is_end=False),
}

DEFAULT_FORMS = ("boxed", "answer_tag", "hashes", "final_answer")


def require_forms(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names of forms, in their order.

    Raises:
        ConfigError: there is no such form, or none is named.
    """
    given = tuple(names)
    for name in given:
        if name not in FORMS:
            choices = ", ".join(FORMS)
            raise ConfigError(f"benchmark.answer_forms: no form {name!r}; choices: {choices}")
    if not given:
        raise ConfigError(f"benchmark.answer_forms: name at least one of {', '.join(FORMS)}")
    return given


def stated_answer(text: str, forms: Iterable[str]) -> str | None:
    """Return the answer that a solution states in the first of `forms` that it holds."""
    return next((answer for name in forms if (answer := FORMS[name].read(text))), None)


def is_ended(text: str, forms: Iterable[str]) -> bool:
    """Say whether a solution holds a mark that ends it, in one of `forms`."""
    return any(FORMS[name].is_end and FORMS[name].read(text) for name in forms)
