"""Which files count: the rules of commits and of compaction, for readers and writers.

A commit has a name that is never used twice, and one file of that name in each
table it has rows for. **It is committed if and only if its units file exists**,
which is written last. A data file without its units file is an orphan of a crash.

A compaction replaces several commits by one of a new name. Its journal,
`_compaction.json`, is its commit point: once it exists, the new files count
(in `_staging/` until they are swapped in) and the old ones don't, whatever
has been moved or deleted so far. `Journal.of` reads it, `snapshot` obeys it.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from ttsgrid.core.errors import StoreError
from ttsgrid.store.files import Files, staged_path
from ttsgrid.store.schema import COMMITTED_TABLES

JOURNAL = "_compaction.json"
_NAME = re.compile(r"\d{8}T\d{12}Z-[0-9a-f]{8}\.parquet")
_ATTEMPTS = 50
_READS = 5
T = TypeVar("T")


def new_file_name() -> str:
    """Return a file name for a commit: names sort by time and never repeat."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}-{secrets.token_hex(4)}.parquet"


def commit_files(files: Files, table: str) -> dict[str, int]:
    """Return name to bytes of the table's files that have a commit's name."""
    return {n: size for n, size in files.sizes(table).items() if _NAME.fullmatch(n)}


@dataclass(frozen=True)
class Journal:
    """What a compaction that has passed its commit point replaces.

    Attributes:
        old: file names of the commits that no longer count, in every table.
        new: table to the file names that stand for them.
    """

    old: frozenset[str]
    new: Mapping[str, tuple[str, ...]]

    @staticmethod
    def of(files: Files) -> Journal | None:
        """Return the journal of a compaction in progress, if there is one."""
        data = files.read(JOURNAL)
        if data is None:
            return None
        content = json.loads(data)
        new = {table: tuple(names) for table, names in content["new"].items()}
        return Journal(frozenset(content["old"]), new)

    def as_bytes(self) -> bytes:
        """Return the journal as the JSON that `of` reads."""
        return json.dumps({"old": sorted(self.old), "new": dict(self.new)}).encode()


def repeated(read: Callable[[], T]) -> T:
    """Read again where a compaction came between listing and reading."""
    for _ in range(_READS - 1):
        with suppress(FileNotFoundError):
            return read()
    return read()


def snapshot(files: Files, table: str) -> list[str]:
    """Return the paths of the table's files that count, in the order of their names.

    Right beside a driver that commits and compacts: the listing is repeated
    until no compaction has come between its parts.

    Raises:
        StoreError: the store kept changing for too long.
    """
    if table not in COMMITTED_TABLES:
        return [f"{table}/{n}" for n in sorted(files.sizes(table)) if n.endswith(".parquet")]
    for _ in range(_ATTEMPTS):
        before = Journal.of(files)
        units = commit_files(files, "units")
        found = commit_files(files, table)
        # In this order: a compaction that began and ended in between has changed `units`.
        unchanged = Journal.of(files) == before
        if unchanged and units.keys() <= commit_files(files, "units").keys():
            return _that_count(table, set(units), set(found), before)
    raise StoreError(f"store {files.uri} changed {_ATTEMPTS} times while it was listed")


def _that_count(table: str, units: set[str], found: set[str], journal: Journal | None) -> list[str]:
    if journal is None:
        return [f"{table}/{name}" for name in sorted(units & found)]
    new = journal.new.get(table, ())
    kept = (units & found) - journal.old - set(new)
    there = [f"{table}/{n}" if n in found else staged_path(table, n) for n in new]
    return sorted([f"{table}/{name}" for name in kept] + there)
