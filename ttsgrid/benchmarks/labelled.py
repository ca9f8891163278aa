"""Solutions whose first wrong step people or a recipe have named, in ProcessBench's shape.

One record has `problem`, `steps` (a list of texts) and `label`, the index of the first wrong
step, counted from 0, or -1 where every step is right; `id` and `generator` are optional
(arXiv 2412.06559; Qwen/ProcessBench on the hub). Nothing is said of the steps after the
first wrong one, so nothing is measured on them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ttsgrid.benchmarks.files import read_rows
from ttsgrid.core.errors import ConfigError

ZOO = "zoo"
NO_ERROR = -1
_ZOO_FILE = Path(__file__).parent / "zoo" / "labelled_steps.jsonl.gz"
_SUFFIXES = (".gz", ".jsonl", ".json", ".parquet")


@dataclass(frozen=True)
class LabelledSolution:
    """A solution and where it first goes wrong.

    Attributes:
        id: of the record, or its place in the file.
        first_wrong: index of the first wrong step; None where every step is right.
        generator: who wrote it, where the record says so.
    """

    id: str
    problem: str
    steps: tuple[str, ...]
    first_wrong: int | None
    generator: str | None = None


@dataclass(frozen=True)
class LabelledSet:
    """The labelled solutions of one file, by its name without endings."""

    name: str
    solutions: tuple[LabelledSolution, ...]


def read_labelled(source: str, setting: str = "data") -> LabelledSet:
    """Read a file, or the solutions that ship with the zoo.

    Args:
        source: a path (JSON lines, a JSON array or Parquet, gzipped or not), or `zoo`.
        setting: what an error names.

    Raises:
        ConfigError: it can't be read, holds nothing, or a record lacks something; the message
            names the record and the field.
    """
    path = _ZOO_FILE if source == ZOO else Path(source).expanduser()
    name = ZOO if source == ZOO else _stem(path)
    rows = read_rows(path, setting)
    if not rows:
        raise ConfigError(f"{setting}: {path} holds no solutions")
    solutions = []
    for row in rows:
        try:
            solutions.append(_solution(row.values, row.place))
        except ValueError as error:
            raise ConfigError(f"{setting}: {path} {row.place} {error}") from error
    return LabelledSet(name, tuple(solutions))


def read_labelled_sets(sources: Sequence[str], setting: str = "data") -> tuple[LabelledSet, ...]:
    """Read several files, in order.

    Raises:
        ConfigError: as for one, or two have one name, under which their figures would be mixed.
    """
    sets = tuple(read_labelled(source, setting) for source in sources)
    names = [one.name for one in sets]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{setting}: two files are called {name}; rename one of them")
    return sets


def _stem(path: Path) -> str:
    name = path.name
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def _solution(values: Mapping[str, object], place: str) -> LabelledSolution:
    for field in ("problem", "steps", "label"):
        if field not in values:
            raise ValueError(f"has no field {field!r}; it has: {', '.join(values)}")
    steps = _steps(values["steps"])
    generator = values.get("generator")
    return LabelledSolution(
        id=str(values.get("id", place)),
        problem=_text(values["problem"], "problem"),
        steps=steps,
        first_wrong=_first_wrong(values["label"], len(steps)),
        generator=None if generator is None else str(generator),
    )


def _text(value: object, field: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"field {field!r} must be a non-empty text")
    return value


def _steps(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError("field 'steps' must be a list of texts, one per step, and not empty")
    if not all(isinstance(step, str) for step in value):
        raise ValueError("field 'steps' holds something other than texts")
    return tuple(value)


def _first_wrong(value: object, num_steps: int) -> int | None:
    # To Python True is 1, and would pass for the second step.
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"field 'label' is {value!r}; it must be a whole number")
    if not NO_ERROR <= value < num_steps:
        raise ValueError(
            f"field 'label' is {value}; with {num_steps} steps it must be from {NO_ERROR} "
            f"(every step is right) to {num_steps - 1} (the index of the first wrong step)"
        )
    return None if value == NO_ERROR else value
