"""Load a benchmark's problems: from a file, from the hub, or from a function that makes them.

A problem's id is the content address of (benchmark, question, answer), so the
same problem keeps its id in every subset and at every place in the file; one
that a file repeats is loaded once. A smaller subset is the beginning of a
larger one with the same seed, so growing a sweep reuses what is stored.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from ttsgrid.benchmarks.config import BenchmarkConfig
from ttsgrid.benchmarks.fields import (
    Columns,
    find_columns,
    gold_answer,
    optional_level,
    optional_subject,
    question_text,
)
from ttsgrid.benchmarks.files import SourceRow, read_rows
from ttsgrid.benchmarks.graders.protocol import Grader
from ttsgrid.benchmarks.graders.quantities import asking_for_unit, in_unit
from ttsgrid.benchmarks.graders.registry import make_grader
from ttsgrid.benchmarks.hub import hub_files
from ttsgrid.benchmarks.options import Answers, answers_of, asked, read_options
from ttsgrid.benchmarks.shipped import shipped_benchmark, shipped_benchmarks
from ttsgrid.core.dotted import load_named
from ttsgrid.core.errors import ConfigError, UnreachableError
from ttsgrid.core.identity import content_id
from ttsgrid.core.records import Problem


@dataclass(frozen=True)
class _Shape:
    """What is known of a whole file: its fields, and what answers of multiple choice are."""

    columns: Columns
    answers: Answers


@cache
def grader_for(name: str) -> Grader:
    """Return the grader of a shipped benchmark, or the grader of that name.

    Raises:
        ConfigError: neither a benchmark nor a grader is called so.
    """
    if name in shipped_benchmarks():
        return benchmark_grader(shipped_benchmark(name))
    return make_grader(name)


def benchmark_grader(benchmark: BenchmarkConfig) -> Grader:
    """Return a benchmark's grader with its options.

    Raises:
        ConfigError: there is no such grader, or it takes no such option.
    """
    return make_grader(benchmark.grader, benchmark.options)


def load_benchmark(
    benchmark: str | BenchmarkConfig,
    *,
    path: str | Path | None = None,
    num_problems: int | None = None,
    seed: int | None = None,
) -> tuple[Problem, ...]:
    """Load problems of a benchmark.

    Args:
        benchmark: the name of a shipped benchmark, or your own.
        path: of its file, in the place of the benchmark's own source.
        num_problems: how many, in the place of the benchmark's own number.
        seed: likewise; for a generated benchmark it names the test set.

    Raises:
        ConfigError: a setting is wrong, the file is missing or a line of it
            lacks a field; the message names the setting and the line.
    """
    spec = benchmark if isinstance(benchmark, BenchmarkConfig) else shipped_benchmark(benchmark)
    spec = replace(
        spec,
        path=spec.path if path is None else str(path),
        num_problems=spec.num_problems if num_problems is None else num_problems,
        seed=spec.seed if seed is None else seed,
    )
    unique: dict[str, Problem] = {}
    for problem in _all(spec):
        unique.setdefault(problem.id, problem)
    problems = list(unique.values())
    if spec.generator is None and spec.seed is not None:
        # A text as seed is hashed by SHA-512, alike in every process; `hash()` of it is not.
        random.Random(f"ttsgrid-benchmark-{spec.seed}").shuffle(problems)
    if spec.num_problems is not None and spec.num_problems > len(problems):
        raise ConfigError(
            f"benchmark.num_problems: {spec.source} holds {len(problems)}, not {spec.num_problems}"
        )
    return tuple(problems[: spec.num_problems])


def _all(spec: BenchmarkConfig) -> list[Problem]:
    if spec.generator is not None:
        return _problems(spec, spec.generator, _generated(spec, spec.generator))
    if spec.path is not None:
        return _problems(spec, spec.path, read_rows(Path(spec.path).expanduser()))
    if spec.dataset is not None:
        rows = [row for file in hub_files(spec) for row in read_rows(file)]
        return _problems(spec, spec.dataset, rows)
    raise UnreachableError(
        f"benchmark.path: {spec.name} needs the path of its file, or a data set of the hub in "
        f"benchmark.dataset"
    )


def _generated(spec: BenchmarkConfig, generator: str) -> list[SourceRow]:
    if spec.path is not None:
        raise ConfigError(f"benchmark.path: {spec.name} generates its problems; leave it empty")
    if spec.num_problems is None:
        raise ConfigError(
            f"benchmark.num_problems: say how many problems {spec.name} shall generate"
        )
    make = load_named(generator, "benchmark.generator")
    rows = make(spec.num_problems, spec.seed or 0)
    return [SourceRow(f"problem {number}", dict(row)) for number, row in enumerate(rows, start=1)]


def _problems(spec: BenchmarkConfig, source: str, rows: list[SourceRow]) -> list[Problem]:
    if not rows:
        raise ConfigError(f"benchmark.path: {source} holds no problems")
    problems, shape = [], None
    read = None if spec.read_row is None else load_named(spec.read_row, "benchmark.read_row")
    for index, row in enumerate(rows):
        try:
            if read is not None:
                problems.append(_read_problem(spec, index, read, row))
                continue
            shape = shape or _shape(spec, rows)
            problems.append(_problem(spec, shape, index, row))
        except ValueError as error:
            setting = "dataset" if spec.path is None and spec.dataset else "path"
            raise ConfigError(f"benchmark.{setting}: {source} {row.place} {error}") from error
    return problems


def _shape(spec: BenchmarkConfig, rows: list[SourceRow]) -> _Shape:
    found = find_columns(spec.fields, rows[0].values, spec.grader)
    values = [row.values for row in rows]
    answers = answers_of(values, found.options, found.answer, spec.positions_from)
    return _Shape(found, answers)


def _problem(spec: BenchmarkConfig, shape: _Shape, index: int, row: SourceRow) -> Problem:
    columns = shape.columns
    for field in (columns.question, columns.answer):
        if field not in row.values:
            raise ValueError(
                f"has no field {field!r}; it has: {', '.join(row.values)}; give it one, as the "
                "first has, or take it out"
            )
    question = question_text(row.values[columns.question], columns.question)
    question, answer = _asked(spec, shape, row, question)
    return Problem(
        id=problem_id(spec.name, question, answer),
        benchmark=spec.name,
        index=index,
        question=question,
        answer=answer,
        level=optional_level(row.values, columns.level),
        subject=optional_subject(row.values, columns.subject),
    )


def _read_problem(
    spec: BenchmarkConfig, index: int, read_row: Callable[[Any], Any], row: SourceRow
) -> Problem:
    """Return the problem that one's own `read_row` makes; its texts are taken as they are."""
    try:
        read = read_row(row.values)
        question, answer = str(read["question"]), str(read["answer"])
    except ValueError:
        raise
    except Exception as error:  # one's own code, on a row that it doesn't fit
        raise ValueError(
            f"does not fit benchmark.read_row={spec.read_row} ({type(error).__name__}: {error}); "
            f"it has: {', '.join(row.values)}"
        ) from error
    return Problem(
        id=problem_id(spec.name, question, answer),
        benchmark=spec.name,
        index=index,
        question=question,
        answer=answer,
        level=optional_level(read, "level"),
        subject=optional_subject(read, "subject"),
    )


def _asked(spec: BenchmarkConfig, shape: _Shape, row: SourceRow, question: str) -> tuple[str, str]:
    """Return the question as a policy reads it, and the gold answer to that."""
    columns = shape.columns
    if columns.options:
        options = read_options(row.values, columns.options, columns.answer, shape.answers)
        return asked(question.rstrip(), options, spec.option_seed)
    answer = gold_answer(row.values[columns.answer], columns.answer, spec.gold_form)
    unit = optional_subject(row.values, columns.unit)
    if unit is None:
        return question, answer
    return asking_for_unit(question, unit), in_unit(answer, unit)


def problem_id(benchmark: str, question: str, answer: str) -> str:
    """Return a problem's id, the same in a sweep and in an import."""
    return content_id({"benchmark": benchmark, "question": question, "answer": answer})
