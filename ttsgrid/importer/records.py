"""Read recorded runs: from a JSON or JSON-lines file to problems with their samples.

Nothing is judged here; values are only found and checked. Records of the same problem
(a file with one sample per line) are put together in the file's order.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ttsgrid.benchmarks.fields import level_number
from ttsgrid.core.errors import ConfigError
from ttsgrid.importer.conditions import require_independent, require_one_pool, selected
from ttsgrid.importer.layout import KEYED, Layout
from ttsgrid.importer.paths import parse_path, pick, pick_samples
from ttsgrid.importer.values import (
    after_words,
    checked,
    count_of,
    gold_of,
    has_empty_last_step,
    question_of,
    scores_of,
    text_of,
    verdict_of,
)

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

    def has_extra_score(self, num_steps: int) -> bool:
        """Whether the last score is of the empty step after a trailing blank line."""
        return len(self.scores) == num_steps + 1 and has_empty_last_step(self.text)


@dataclass(frozen=True)
class RecordedProblem:
    """A problem with its samples, in recorded order."""

    id: str | None
    question: str | None
    gold: str | None
    level: int | None
    subject: str | None
    samples: tuple[RecordedSample, ...]

    @property
    def key(self) -> Hashable:
        """What tells problems apart, as in a sweep: question and gold answer, else the id."""
        return (self.question, self.gold) if self.question is not None else self.id


def read_records(path: Path, layout: Layout) -> list[RecordedProblem]:
    """Read a file of recorded runs.

    Raises:
        ConfigError: the file can't be read or a record doesn't fit the layout; the message
            names the record and the field.
    """
    problems: dict[Hashable, RecordedProblem] = {}
    sources: dict[Hashable, list[Record]] = {}
    for number, record in selected(_records(path, layout), layout):
        try:
            require_independent(record, layout)
            problem = _problem(record, layout)
        except (LookupError, ValueError) as error:
            raise ConfigError(f"{path}, record {number}: {error}") from error
        known = problems.get(problem.key)
        if known is not None:
            problem = replace(known, samples=(*known.samples, *problem.samples))
        problems[problem.key] = problem
        sources.setdefault(problem.key, []).append(record)
    if not problems:
        raise ConfigError(f"{path} holds no records")
    require_one_pool(sources, layout, str(path))
    return list(problems.values())


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
    """One JSON document, or a list with one per line."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        whole = error
    # Not `splitlines`: texts in JSON may hold U+2028 and U+0085, and it would cut there.
    lines = [(n, line) for n, line in enumerate(text.split("\n"), start=1) if line.strip()]
    documents = []
    for number, line in lines:
        try:
            documents.append(json.loads(line))
        except json.JSONDecodeError as error:
            # A file that breaks off in its first line may be one document over many lines.
            problem = whole if number == lines[0][0] else f"line {number}: {error}"
            raise ConfigError(f"{path} is neither JSON nor JSON lines: {problem}") from error
    return documents


def _keyed(document: Any) -> Iterator[Record]:
    """Records of a document whose mappings share their keys."""
    if not isinstance(document, dict):
        raise ConfigError("layout: records '{}' needs a JSON object that holds mappings")
    tables = {name: value for name, value in document.items() if isinstance(value, dict)}
    for key in dict.fromkeys(key for table in tables.values() for key in table):
        yield {"key": key, **{name: table[key] for name, table in tables.items() if key in table}}


def _problem(record: Record, layout: Layout) -> RecordedProblem:
    def value_at(path: str | None) -> Any:
        return None if path is None else pick(record, parse_path(path))

    level, subject = value_at(layout.level), value_at(layout.subject)
    identity = text_of(value_at(layout.id))
    question = question_of(value_at(layout.question), f"{layout.question}")
    if identity is None and question is None:
        raise ValueError("the problem has neither id nor question")
    return RecordedProblem(
        id=identity,
        question=question,
        gold=gold_of(value_at(layout.gold), f"{layout.gold}"),
        level=None if level is None else level_number(level),
        subject=text_of(subject),
        samples=_samples(record, layout),
    )


def _samples(record: Record, layout: Layout) -> tuple[RecordedSample, ...]:
    names = ("text", "steps", "answer", "correct", "scores", "tokens", "prompt_tokens")
    columns: dict[str, Sequence[Any]] = {}
    for name in names:
        path = getattr(layout, name)
        if path is None:
            continue
        parsed = parse_path(path)
        column = pick_samples(record, parsed)
        # An optional list that isn't there says nothing of how many samples there are.
        if not (parsed.optional and column == [None]):
            columns[name] = column
    if not columns:
        raise ValueError("no sample: none of the layout's fields is there")
    lengths = {name: len(column) for name, column in columns.items()}
    num_samples = max(lengths.values())
    if set(lengths.values()) != {num_samples}:
        raise ValueError(f"fields have different numbers of samples: {lengths}")
    rows = [{name: column[i] for name, column in columns.items()} for i in range(num_samples)]
    return tuple(_sample(row, layout) for row in rows)


def _sample(row: Record, layout: Layout) -> RecordedSample:
    marks = [value for value in (row.get("answer"), row.get("correct")) if value is not None]
    unanswered = any(str(value) in layout.no_answer for value in marks)
    text, answer = text_of(row.get("text"), strip=False), text_of(row.get("answer"), strip=False)
    if answer is None and text and layout.answer_after:
        answer = after_words(text, layout.answer_after)
    return RecordedSample(
        text=text,
        steps=tuple(str(step) for step in row.get("steps") or ()),
        answer=None if unanswered or not answer else checked(answer, f"{layout.answer}").strip(),
        correct=False if unanswered else verdict_of(row.get("correct"), layout),
        scores=scores_of(row.get("scores"), layout),
        tokens=count_of(row.get("tokens"), "tokens"),
        prompt_tokens=count_of(row.get("prompt_tokens"), "prompt_tokens"),
        unanswered=unanswered,
    )
