"""Which units a store holds: all that a planner asks of it, without loading data frames.

Polars takes 0.17 s to load, a fifth of what planning the default grid took with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import compress
from typing import NamedTuple

import pyarrow as pa

from ttsgrid.store.files import Files
from ttsgrid.store.footers import footer
from ttsgrid.store.layout import StoredCommit, StoredFile, commits, repeated
from ttsgrid.store.location import StorePath, locate
from ttsgrid.store.trouble import said_of_storage
from ttsgrid.store.versions import refuse_later

_COLUMNS = ("unit_id", "status", "error", "committed_at")
_ORDER = ("epoch", "commit_number")  # since schema 3


@dataclass(frozen=True)
class CommittedUnits:
    """What a store holds, by unit id.

    Attributes:
        done: units that never need to run again.
        failed: unit id to its latest error, for units that failed and were not
            done since; the next run tries them again.
        faults: what is wrong with damaged commits, by name; their units are in neither.
    """

    done: frozenset[str]
    failed: Mapping[str, str]
    faults: Mapping[str, str] = field(default_factory=dict)


class _DamagedError(Exception):
    """A commit's attempts can't be read; says why."""


class _Failure(NamedTuple):
    """A row of table `units` that failed; they sort in the order in which they were committed."""

    epoch: int
    commit_number: int
    committed_at: datetime
    unit_id: str
    error: str


@dataclass(frozen=True)
class _Attempts:
    """The attempts of one commit, or of several that a compaction merged."""

    done: list[str]
    failed: list[_Failure]


def committed_units(path: StorePath) -> CommittedUnits:
    """Return which units a store holds; reads a few columns and no solutions.

    Raises:
        StoreError: a later ttsgrid wrote the store.
    """
    files = locate(path)
    with said_of_storage(files.uri):
        return repeated(lambda: _read(files, commits(files)))


def _read(files: Files, found: list[StoredCommit]) -> CommittedUnits:
    faults: dict[str, str] = {}
    done: set[str] = set()
    failed: list[_Failure] = []
    for commit in found:
        try:
            attempts = _attempts(files, commit)
        except _DamagedError as error:
            faults[commit.name] = str(error)
            continue
        done.update(attempts.done)
        failed += attempts.failed
    # A later failure of a unit replaces an earlier one.
    failures = sorted(failure for failure in failed if failure.unit_id not in done)
    return CommittedUnits(frozenset(done), {f.unit_id: f.error for f in failures}, faults)


def _attempts(files: Files, commit: StoredCommit) -> _Attempts:
    if commit.fault:
        raise _DamagedError(commit.fault)
    file = commit.files["units"]
    try:
        return _rows(files, file)
    except (pa.ArrowException, OSError) as error:
        # What Arrow says of pages that make no sense has no number; what storage says has.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise _DamagedError(f"{file.path} is damaged (it can't be read)") from error


def _rows(files: Files, file: StoredFile) -> _Attempts:
    schema = footer(files, file.path, file.num_bytes).schema
    refuse_later(files, schema)
    ordered = set(_ORDER) <= set(schema.names)
    table = files.read_columns(file.path, (*_COLUMNS, *(_ORDER if ordered else ())))
    # Of units that are done, nearly all, nothing but the id is wanted: a row of a million each
    # as a tuple took 15 s.
    is_done = [status == "done" for status in table["status"].to_pylist()]
    done = list(compress(table["unit_id"].to_pylist(), is_done))
    failed = [place for place, so in enumerate(is_done) if not so]
    return _Attempts(done, list(_failures(table.take(failed), ordered)) if failed else [])


def _failures(table: pa.Table, ordered: bool) -> Iterator[_Failure]:
    columns = {name: table[name].to_pylist() for name in table.column_names}
    for name in _ORDER if not ordered else ():
        columns[name] = [-1] * table.num_rows
    names = (*_ORDER, "committed_at", "unit_id", "error")
    for epoch, number, at, unit_id, error in zip(*(columns[name] for name in names), strict=True):
        # Rows that a compaction took over from schema 2 have no place.
        yield _Failure(-1 if epoch is None else epoch, number or 0, at, unit_id, error)
