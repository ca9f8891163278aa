"""Load a benchmark's problems: the zoo's own, a known file, or any JSON lines.

A problem's id is the content address of (benchmark, question, answer), so the
same problem keeps its id in every subset and at every place in the file; one
that a file repeats is loaded once. A smaller subset is the beginning of a
larger one with the same seed, so growing a sweep reuses what is stored.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from ttsgrid.benchmarks.graders.integer import IntegerGrader
from ttsgrid.benchmarks.graders.math import MathGrader
from ttsgrid.benchmarks.graders.protocol import Grader
from ttsgrid.benchmarks.graders.text import TextGrader
from ttsgrid.benchmarks.spec import KNOWN, ZOO, BenchmarkSpec, level_number
from ttsgrid.benchmarks.zoo.task import test_set
from ttsgrid.core.checks import require_choice
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.identity import content_id
from ttsgrid.core.records import Problem

_GRADERS: dict[str, Callable[[], Grader]] = {
    "math": MathGrader,
    "integer": IntegerGrader,
    "text": TextGrader,
}


@cache
def grader_for(name: str) -> Grader:
    """Return the grader of a known benchmark, or the grader of that name.

    Raises:
        ConfigError: neither a benchmark nor a grader is called so.
    """
    grader = KNOWN[name].grader if name in KNOWN else name
    if grader not in _GRADERS:
        choices = ", ".join([*_GRADERS, *KNOWN])
        raise ConfigError(f"benchmark.grader: no grader {name!r}; choices: {choices}")
    return _GRADERS[grader]()


def load_benchmark(
    benchmark: str | BenchmarkSpec,
    *,
    path: str | Path | None = None,
    num_problems: int | None = None,
    seed: int | None = None,
) -> tuple[Problem, ...]:
    """Load problems of a benchmark.

    Args:
        benchmark: the name of a known benchmark, or the spec of one's own.
        path: its JSON-lines file; the zoo generates its problems and takes none.
        num_problems: how many; all when None (the zoo has no "all").
        seed: None takes the first problems in file order; a number takes the
            first of a shuffle by that seed (for the zoo: draws by that seed).

    Raises:
        ConfigError: a setting is wrong, the file is missing or a line of it
            lacks a field; the message names the setting and the line.
    """
    spec = _spec(benchmark)
    if num_problems is not None and num_problems < 1:
        raise ConfigError(f"benchmark.num_problems must be at least 1, not {num_problems}")
    if spec.name == ZOO:
        return _zoo_problems(path, num_problems, seed or 0)
    if path is None:
        raise ConfigError(f"benchmark.path: {spec.name} needs the path of its JSON-lines file")
    unique: dict[str, Problem] = {}
    for problem in _read(spec, Path(path)):
        unique.setdefault(problem.id, problem)
    problems = list(unique.values())
    if seed is not None:
        random.Random(f"ttsgrid-benchmark-{seed}").shuffle(problems)
    if num_problems is not None and num_problems > len(problems):
        raise ConfigError(
            f"benchmark.num_problems: {path} holds {len(problems)}, not {num_problems}"
        )
    return tuple(problems[:num_problems])


def _spec(benchmark: str | BenchmarkSpec) -> BenchmarkSpec:
    if isinstance(benchmark, BenchmarkSpec):
        return benchmark
    require_choice("benchmark.name", benchmark, KNOWN)
    return KNOWN[benchmark]


def _zoo_problems(
    path: str | Path | None, num_problems: int | None, seed: int
) -> tuple[Problem, ...]:
    if path is not None:
        raise ConfigError("benchmark.path: the zoo generates its problems; leave it empty")
    if num_problems is None:
        raise ConfigError("benchmark.num_problems: say how many problems the zoo shall generate")
    return tuple(
        _problem(ZOO, index, recipe.question, str(recipe.answer), level=recipe.level)
        for index, recipe in enumerate(test_set(num_problems, seed))
    )


def _problem(
    benchmark: str,
    index: int,
    question: str,
    answer: str,
    level: int | None = None,
    subject: str | None = None,
) -> Problem:
    identity = {"benchmark": benchmark, "question": question, "answer": answer}
    return Problem(content_id(identity), benchmark, index, question, answer, level, subject)


def _read(spec: BenchmarkSpec, path: Path) -> list[Problem]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"benchmark.path: can't read {path}: {error.strerror}") from error
    problems: list[Problem] = []
    for number, row in _rows(text, path):
        try:
            problems.append(_from_row(spec, len(problems), row))
        except KeyError as error:
            fields = ", ".join(row)
            raise ConfigError(
                f"benchmark.path: {path} line {number} has no field {error}; it has: {fields}"
            ) from error
        except ValueError as error:
            raise ConfigError(f"benchmark.path: {path} line {number}: {error}") from error
    if not problems:
        raise ConfigError(f"benchmark.path: {path} holds no problems")
    return problems


def _rows(text: str, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise ConfigError(
                f"benchmark.path: {path} line {number} is no JSON: {error}"
            ) from error
        if not isinstance(row, dict):
            raise ConfigError(f"benchmark.path: {path} line {number} is no JSON object")
        yield number, row


def _from_row(spec: BenchmarkSpec, index: int, row: dict[str, Any]) -> Problem:
    question = row[spec.question_field]
    if not isinstance(question, str) or not question.strip():
        raise ValueError(f"field {spec.question_field!r} must be a non-empty string")
    answer = spec.answer_from(row[spec.answer_field])
    if not answer:
        raise ValueError(f"field {spec.answer_field!r} is empty")
    level = level_number(row[spec.level_field]) if spec.level_field else None
    subject = str(row[spec.subject_field]) if spec.subject_field else None
    return _problem(spec.name, index, question, answer, level, subject)
