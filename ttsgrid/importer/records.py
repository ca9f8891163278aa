"""Read recorded runs: from a JSON or JSON-lines file to problems with their samples.

Nothing is judged here; values are only found and checked. Records of the same problem
(a file with one sample a line) are put together in the file's order.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ttsgrid.benchmarks.fields import as_text, level_number
from ttsgrid.core.errors import ConfigError
from ttsgrid.importer.layout import KEYED, STEPS, Layout
from ttsgrid.importer.paths import parse_path, pick, pick_samples

Record = dict[str, Any]


@dataclass(frozen=True)
class RecordedSample:
    """One solution as the file has it; None or empty for what it doesn't have.

    Attributes:
        correct: the recorded verdict; None where there is none.
        scores: step scores, or one score of the whole solution, on the file's scale.
        unanswered: the file says that there is no answer.
    """

    text: str | None
    steps: tuple[str, ...]
    answer: str | None
    correct: bool | None
    scores: tuple[float, ...]
    tokens: int | None
    prompt_tokens: int | None
    unanswered: bool

    @property
    def whole_text(self) -> str:
        """The solution, or what the file has of it."""
        return self.text or "\n\n".join(self.steps) or self.answer or ""


@dataclass(frozen=True)
class RecordedProblem:
    """A problem with its samples, in recorded order."""

    id: str | None
    question: str | None
    gold: str | None
    level: int | None
    subject: str | None
    samples: tuple[RecordedSample, ...]


def read_records(path: Path, layout: Layout) -> list[RecordedProblem]:
    """Read a file of recorded runs.

    Raises:
        ConfigError: the file can't be read or a record doesn't fit the layout; the message
            names the record and the field.
    """
    found: dict[tuple[str | None, str | None], RecordedProblem] = {}
    for number, record in enumerate(_records(path, layout), start=1):
        try:
            problem = _problem(record, layout)
        except (LookupError, ValueError) as error:
            raise ConfigError(f"{path}, record {number}: {error}") from error
        known = found.get((problem.id, problem.question))
        if known is not None:
            problem = replace(known, samples=(*known.samples, *problem.samples))
        found[problem.id, problem.question] = problem
    if not found:
        raise ConfigError(f"{path} holds no records")
    return list(found.values())


def _records(path: Path, layout: Layout) -> Iterable[Record]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"can't read {path}: {error.strerror}") from error
    document = _document(text, path)
    if layout.records == KEYED:
        return _keyed(document)
    if layout.records is not None:
        document = pick(document, parse_path(layout.records))
    elif isinstance(document, dict):  # JSON lines of one line
        document = [document]
    if not isinstance(document, list) or not all(isinstance(item, dict) for item in document):
        raise ConfigError(
            f"{path}: the problems must be a list of objects; set the layout's `records`"
        )
    return document


def _document(text: str, path: Path) -> Any:
    """One JSON document, or a list of one a line."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        pass
    lines = [(n, line) for n, line in enumerate(text.split("\n"), start=1) if line.strip()]
    try:
        return [json.loads(line) for number, line in lines]
    except json.JSONDecodeError as error:
        raise ConfigError(f"{path} is neither JSON nor JSON lines: {error}") from error


def _keyed(document: Any) -> Iterator[Record]:
    """Records of a document whose mappings share their keys."""
    if not isinstance(document, dict):
        raise ConfigError("layout: records '{}' needs a JSON object that holds mappings")
    tables = {name: value for name, value in document.items() if isinstance(value, dict)}
    for key in dict.fromkeys(key for table in tables.values() for key in table):
        yield {"key": key, **{name: table[key] for name, table in tables.items() if key in table}}


def _problem(record: Record, layout: Layout) -> RecordedProblem:
    def one(path: str | None) -> Any:
        return None if path is None else pick(record, parse_path(path))

    level, subject = one(layout.level), one(layout.subject)
    identity, question = _text(one(layout.id)), _text(one(layout.question))
    if identity is None and question is None:
        raise ValueError("the problem has neither id nor question")
    return RecordedProblem(
        id=identity,
        question=question,
        gold=_text(one(layout.gold)),
        level=None if level is None else level_number(level),
        subject=_text(subject),
        samples=_samples(record, layout),
    )


def _samples(record: Record, layout: Layout) -> tuple[RecordedSample, ...]:
    names = ("text", "steps", "answer", "correct", "scores", "tokens", "prompt_tokens")
    columns: dict[str, Sequence[Any]] = {}
    for name in names:
        path = getattr(layout, name)
        if path is not None:
            columns[name] = pick_samples(record, parse_path(path))
    lengths = {name: len(column) for name, column in columns.items()}
    num_samples = max(lengths.values())
    if set(lengths.values()) != {num_samples}:
        raise ValueError(f"fields have different numbers of samples: {lengths}")
    rows = [{name: column[i] for name, column in columns.items()} for i in range(num_samples)]
    return tuple(_sample(row, layout) for row in rows)


def _sample(row: Record, layout: Layout) -> RecordedSample:
    marks = [value for value in (row.get("answer"), row.get("correct")) if value is not None]
    unanswered = any(str(value) in layout.no_answer for value in marks)
    text, answer = _text(row.get("text"), strip=False), _text(row.get("answer"))
    if answer is None and text and layout.answer_after:
        answer = _after(text, layout.answer_after)
    return RecordedSample(
        text=text,
        steps=tuple(str(step) for step in row.get("steps") or ()),
        answer=None if unanswered else answer or None,
        correct=False if unanswered else _verdict(row.get("correct")),
        scores=_scores(row.get("scores"), layout),
        tokens=_count(row.get("tokens"), "tokens"),
        prompt_tokens=_count(row.get("prompt_tokens"), "prompt_tokens"),
        unanswered=unanswered,
    )


def _text(value: object, strip: bool = True) -> str | None:
    if value is None:
        return None
    return as_text(value) if strip else str(value)


def _after(text: str, words: str) -> str | None:
    _, found, rest = text.rpartition(words)
    return rest.split("\n")[0].strip() or None if found else None


def _verdict(value: object) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    raise ValueError(
        f"correct must be true, false, 0 or 1, not {value!r}; list what means that there is no "
        f"answer under the layout's `no_answer`"
    )


def _scores(value: object, layout: Layout) -> tuple[float, ...]:
    if value is None:
        return ()
    listed = value if isinstance(value, list) else [value]
    if layout.scores_are == STEPS and not isinstance(value, list):
        raise ValueError(
            "one score a solution: say how it was made of the steps' scores, with the layout's "
            "`scores_are`: avg, min, prod, or last (also for a reward of the whole solution)"
        )
    if layout.scores_are != STEPS and len(listed) != 1:
        raise ValueError(f"scores_are {layout.scores_are} needs one score, not {len(listed)}")
    return tuple(_on_scale(score, layout.scale) for score in listed)


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


def _count(value: object, name: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, list):
        return len(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError(f"{name} must be a number or a list of tokens, not {value!r}")
    return round(value)
