"""Read recorded runs: from records to problems with their samples.

Nothing is judged here; values are only found and checked. Records of the same problem
(a file with one sample per line, or one file per seed) are put together in their order.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ttsgrid.benchmarks.fields import level_number
from ttsgrid.core.errors import ConfigError
from ttsgrid.importer.conditions import require_independent, require_one_pool, selected
from ttsgrid.importer.documents import Located, Record, found_files, located_records
from ttsgrid.importer.layout import Layout
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
class Span:
    """The samples that one record of a file gave its problem.

    Attributes:
        num_samples: how many they are.
        search_tokens: what the search that found them generated; None where that isn't known.
    """

    num_samples: int
    search_tokens: int | None = None


@dataclass(frozen=True)
class RecordedProblem:
    """A problem with its samples, in recorded order, and the records that they came in."""

    id: str | None
    question: str | None
    gold: str | None
    level: int | None
    subject: str | None
    samples: tuple[RecordedSample, ...]
    spans: tuple[Span, ...] = field(default=(), compare=False)

    @property
    def key(self) -> Hashable:
        """What tells problems apart, as in a sweep: question and gold answer, else the id."""
        return (self.question, self.gold) if self.question is not None else self.id


def read_records(paths: Path | Sequence[Path], layout: Layout) -> list[RecordedProblem]:
    """Read files of recorded runs as one.

    Args:
        paths: a file, or several; a folder stands for the files in it.
        layout: where they keep what.

    Raises:
        ConfigError: a file can't be read or a record doesn't fit the layout; the message
            names the record and the field.
    """
    files = found_files([paths] if isinstance(paths, Path) else paths, layout)
    problems: dict[Hashable, RecordedProblem] = {}
    sources: dict[Hashable, list[Record]] = {}
    for located in selected(located_records(files, layout), layout):
        problem = read_problem(located, layout, require_independent)
        known = problems.get(problem.key)
        if known is not None:
            problem = _joined(known, problem)
        problems[problem.key] = problem
        sources.setdefault(problem.key, []).append(located.record)
    told = ", ".join(map(str, files))
    if not problems:
        raise ConfigError(f"{told} holds no records")
    require_one_pool(sources, layout, told)
    return list(problems.values())


def read_problem(
    located: Located,
    layout: Layout,
    require: Callable[[Located, Layout], None] = lambda *_: None,
) -> RecordedProblem:
    """Read one record.

    Args:
        located: the record.
        layout: where it keeps what.
        require: raises ValueError for a record that isn't wanted.

    Raises:
        ConfigError: the record doesn't fit the layout, or isn't wanted.
    """
    try:
        require(located, layout)
        return _problem(located.record, layout)
    except LookupError as error:
        raise ConfigError(
            f"{located.place}: {error}; `ttsgrid import --guess "
            f"{shlex.quote(str(located.path))}` says which layout reads it"
        ) from error
    except ValueError as error:
        raise ConfigError(f"{located.place}: {error}") from error


def _joined(known: RecordedProblem, more: RecordedProblem) -> RecordedProblem:
    return replace(
        known, samples=(*known.samples, *more.samples), spans=(*known.spans, *more.spans)
    )


def _problem(record: Record, layout: Layout) -> RecordedProblem:
    def value_at(path: str | None) -> Any:
        return None if path is None else pick(record, parse_path(path))

    level, subject = value_at(layout.level), value_at(layout.subject)
    identity = text_of(value_at(layout.id))
    question = question_of(value_at(layout.question), f"{layout.question}")
    if identity is None and question is None:
        raise ValueError("the problem has neither id nor question")
    samples = _samples(record, layout)
    tokens = count_of(value_at(layout.search_tokens), "search_tokens")
    return RecordedProblem(
        id=identity,
        question=question,
        gold=gold_of(value_at(layout.gold), f"{layout.gold}"),
        level=None if level is None else level_number(level),
        subject=text_of(subject),
        samples=samples,
        spans=(Span(len(samples), tokens),),
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
    if text and layout.step_mark:
        text = "\n\n".join(part for part in text.split(layout.step_mark) if part.strip())
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
