"""Which shipped layout reads a file: the one that finds the most in it.

A layout fits when the first records of the file read by it without an error. Among those that
fit, each field that it finds counts one, and a file named as the layout's own files are counts
two: the searches and the pools of one tool may differ in nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path

import polars as pl

from ttsgrid.core.errors import ConfigError
from ttsgrid.importer.conditions import differing, is_of_search
from ttsgrid.importer.documents import Located, found_files, located_records
from ttsgrid.importer.layout import DEFAULT_FILES, Layout, load_layout, shipped_layouts
from ttsgrid.importer.records import RecordedProblem, read_problem

_LOOKED_AT = 50  # records; all of a file may be gigabytes
_SHOWN = 3
ROWS: dict[str, pl.DataType | type[pl.DataType]] = {
    "problem": pl.String,
    "gold": pl.String,
    "answer": pl.String,
    "verdict": pl.String,
    "tokens": pl.Int64,
    "scores": pl.List(pl.Float64),
    "text": pl.String,
}


@dataclass(frozen=True)
class Guess:
    """The layout that fits a file best, and what it makes of the file's first records.

    Attributes:
        layout: its name.
        rows: the first samples (`ROWS`).
        differs_in: a field in which records of one problem differ, and its values: name one.
        is_search: whether these are the answers of a search.
        has_scores, has_tokens: whether the file states them.
    """

    layout: str
    rows: pl.DataFrame
    differs_in: tuple[str, tuple[str, ...]] | None
    is_search: bool
    has_scores: bool
    has_tokens: bool


def guess_layout(paths: Sequence[Path]) -> Guess:
    """Return the shipped layout that reads some files of one kind.

    Raises:
        ConfigError: a file can't be read, or no layout fits.
    """
    fits = {}
    for name in shipped_layouts():
        layout = load_layout(name, {})
        try:
            files = found_files(paths, layout)
            located = list(islice(located_records(files, layout), _LOOKED_AT))
            problems = [read_problem(each, layout) for each in located]
        except ConfigError:
            continue
        if problems:
            fits[name] = (_num_found(problems[0], located[0].path, layout), located, problems)
    if not fits:
        raise ConfigError(_nothing_fits(paths))
    best = max(fits, key=lambda name: fits[name][0])
    _, located, problems = fits[best]
    return _guess(best, located, problems)


def _guess(name: str, located: list[Located], problems: list[RecordedProblem]) -> Guess:
    layout = load_layout(name, {})
    samples = [sample for problem in problems for sample in problem.samples]
    by_problem: dict[object, list[dict[str, object]]] = {}
    for each, problem in zip(located, problems, strict=True):
        by_problem.setdefault(problem.key, []).append(each.record)
    return Guess(
        layout=name,
        rows=_rows(problems),
        differs_in=differing(by_problem.values(), layout),
        is_search=is_of_search(located[0]) or name.endswith("_search"),
        has_scores=any(sample.scores for sample in samples),
        has_tokens=all(sample.tokens is not None for sample in samples),
    )


def _num_found(problem: RecordedProblem, path: Path, layout: Layout) -> int:
    """How much of a problem a layout finds; its file's name counts two."""
    sample = problem.samples[0]
    values = [getattr(problem, field.name) for field in fields(problem)]
    values += [getattr(sample, field.name) for field in fields(sample)]
    num_found = sum(value not in (None, "", (), False) for value in values)
    is_named_so = layout.files != DEFAULT_FILES and any(path.match(glob) for glob in layout.files)
    return num_found + 2 * is_named_so


def _rows(problems: list[RecordedProblem]) -> pl.DataFrame:
    read = [(problem, sample) for problem in problems for sample in problem.samples]
    verdicts = {True: "right", False: "wrong", None: None}
    return pl.DataFrame(
        [
            {
                "problem": problem.question or problem.id,
                "gold": problem.gold,
                "answer": sample.answer,
                "verdict": verdicts[sample.correct],
                "tokens": sample.tokens,
                "scores": list(sample.scores) or None,
                "text": sample.text or "\n\n".join(sample.steps) or None,
            }
            for problem, sample in read[:_SHOWN]
        ],
        schema=ROWS,
    )


def _nothing_fits(paths: Sequence[Path]) -> str:
    if paths[0].suffix in (".csv", ".tsv"):
        return (
            f"{paths[0]} is a table: accuracies without their solutions are imported with "
            f"`ttsgrid import points STORE FILE`"
        )
    if len(apart := _layouts_apart(paths)) > 1:
        told = " and ".join(f"{path} is of layout {name}" for name, path in apart.items())
        return f"these files are not of one kind ({told}): import each kind by itself"
    layout = load_layout("default", {})
    files = found_files(paths, layout)
    first = next(iter(located_records(files, layout)), None)
    held = ", ".join(list(first.record)[:20]) if first else "nothing"
    return (
        f"no shipped layout reads {files[0]}: its first record holds {held}; write a layout, a "
        f"small YAML file (`ttsgrid import samples --help` says how)"
    )


def _layouts_apart(paths: Sequence[Path]) -> dict[str, Path]:
    """Return the layouts that read some files one by one, each with its first file."""
    apart: dict[str, Path] = {}
    for path in paths if len(paths) > 1 else ():
        with suppress(ConfigError):
            apart.setdefault(guess_layout([path]).layout, path)
    return apart
