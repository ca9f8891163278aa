"""Table `benchmarks`: which grader judges the answers of a store, so readers need no config.

A benchmark has one file. The answers that a store holds were judged by one grader with one
set of options; another can't come to the same benchmark name, or cells would mix two
ideas of a right answer.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from ttsgrid.core.errors import StoreError
from ttsgrid.core.identity import content_id
from ttsgrid.store.files import Files
from ttsgrid.store.footers import damaged
from ttsgrid.store.layout import snapshot
from ttsgrid.store.location import StorePath, locate
from ttsgrid.store.parquet import encode_rows
from ttsgrid.store.read import scan


@dataclass(frozen=True)
class BenchmarkRecord:
    """A benchmark as its store describes it.

    Attributes:
        grader: a grader's name, or the dotted path of somebody's own.
        grader_options: canonical JSON of the grader's keyword arguments.
        step_labels: dotted path of what labels its steps; None where nothing does.
        instruction: what prompts ask for; None for the policy formats' own words.
        source: where the problems came from.
    """

    benchmark: str
    grader: str
    grader_options: str = "{}"
    step_labels: str | None = None
    instruction: str | None = None
    source: str | None = None

    def judges_like(self, other: BenchmarkRecord) -> bool:
        """Whether both have the same idea of a right answer."""
        mine, theirs = (self.grader, self.grader_options), (other.grader, other.grader_options)
        return mine == theirs


def write_benchmark(files: Files, record: BenchmarkRecord) -> None:
    """Say who judges the answers of a benchmark.

    Raises:
        StoreError: the store holds answers of it that were judged otherwise.
    """
    if read_benchmarks(files).get(record.benchmark) == record:
        return
    require_same_grading(files, record)
    path = f"benchmarks/{content_id(record.benchmark)}.parquet"
    files.put(path, encode_rows("benchmarks", [asdict(record)]))


def require_same_grading(files: Files, record: BenchmarkRecord) -> None:
    """Refuse another grader for a benchmark that a store holds answers to.

    Raises:
        StoreError: the store's answers were judged otherwise.
    """
    known = read_benchmarks(files).get(record.benchmark)
    if known is None or known.judges_like(record):
        return
    held = scan(files, "units").filter(benchmark=record.benchmark, status="done")
    if held.head(1).collect().height:
        raise StoreError(
            f"this store's answers to {record.benchmark} were judged by {_in_words(known)} and "
            f"would now be by {_in_words(record)}; give another store or benchmark.name"
        )


def read_benchmarks(store: StorePath) -> dict[str, BenchmarkRecord]:
    """Return what a store says of its benchmarks, by name; files of schema 1 say less."""
    files = locate(store)
    rows = [row for file in snapshot(files, "benchmarks") for row in _rows(files, file.path)]
    told = [{key: value for key, value in row.items() if value is not None} for row in rows]
    return {row["benchmark"]: BenchmarkRecord(**row) for row in told}


def _rows(files: Files, path: str) -> list[dict[str, Any]]:
    try:
        return list(files.read_table(path).to_pylist())
    except (pa.ArrowException, OSError) as error:
        raise damaged(files, path, error) from error


def _in_words(record: BenchmarkRecord) -> str:
    options = "" if record.grader_options == "{}" else f" with {record.grader_options}"
    return f"{record.grader}{options}"
