"""Which files count: the rules of commits and of compaction, for readers and writers.

A commit has a name that is never used twice, and one file of that name in each table it has
rows for. **It is committed if and only if its units file exists**, which is written last, and
the deciding ledger counts it (`ttsgrid.store.epochs`). A data file without its units file is
an orphan of a crash. The metadata of the units file says which other files the commit has, how
many rows and bytes each has, and their digests (`ttsgrid.store.manifest`): a commit that lacks
one is damaged.

A compaction replaces several commits by one of a new name. The journal in its ledger is its
commit point: once it is there, the new files count (in the epoch's staging folder until they
are swapped in) and the old ones don't, whatever has been moved or deleted so far.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from ttsgrid.core.errors import StoreError
from ttsgrid.core.tally import counted
from ttsgrid.store.epochs import Ledger, deciding_ledger, is_commit
from ttsgrid.store.files import Files, staged_path
from ttsgrid.store.footers import footer, what_to_do
from ttsgrid.store.manifest import Manifest
from ttsgrid.store.schema import COMMITTED_TABLES, DATA_TABLES

_ATTEMPTS = 50
_READS = 5
T = TypeVar("T")
Sizes = Mapping[str, int]


@dataclass(frozen=True)
class StoredFile:
    """A file that counts: where it lies now, which may be in staging, and its bytes."""

    path: str
    num_bytes: int


@dataclass(frozen=True)
class StoredCommit:
    """A commit that counts, as it lies there.

    Attributes:
        name: its file name in each table.
        files: by table.
        manifest: what its units file says of the others; None in files of version 2 and before.
        fault: what is wrong with it, in words; None where nothing is, as far as sizes tell.
    """

    name: str
    files: Mapping[str, StoredFile]
    manifest: Manifest | None
    fault: str | None

    @property
    def num_bytes(self) -> int:
        """Size of its files."""
        return sum(file.num_bytes for file in self.files.values())


def commit_files(files: Files, table: str) -> dict[str, int]:
    """Return name to bytes of the table's files that have a commit's name."""
    return {n: size for n, size in files.sizes(table).items() if is_commit(n)}


def repeated(read: Callable[[], T]) -> T:
    """Read again where a compaction came between listing and reading."""
    for _ in range(_READS - 1):
        with suppress(FileNotFoundError):
            return read()
    return read()


def snapshot(files: Files, table: str) -> list[StoredFile]:
    """Return the table's files that count, in the order of their names.

    Right beside a driver that commits and compacts.

    Raises:
        StoreError: the store kept changing for too long, or a commit is damaged.
    """
    if table not in COMMITTED_TABLES:
        sizes = files.sizes(table)
        # Not the `._x.parquet` that macOS puts beside each file on some file systems.
        own = [n for n in sorted(sizes) if n.endswith(".parquet") and n[0] not in "._"]
        return [StoredFile(f"{table}/{name}", sizes[name]) for name in own]
    found = commits(files)
    faults = [commit.fault for commit in found if commit.fault]
    if faults:
        more = f", and {counted(len(faults) - 1, 'commit')} more" if len(faults) > 1 else ""
        raise StoreError(f"store {files.uri}: {faults[0]}{more}; {what_to_do(files)}")
    return [commit.files[table] for commit in found if table in commit.files]


def commits(files: Files) -> list[StoredCommit]:
    """Return the commits that count, damaged ones too, in the order of their names.

    Raises:
        StoreError: the store kept changing for too long, or its ledger is damaged.
    """
    tables = _listing(files)
    return [
        _commit(files, name, {t: tables[t][name] for t in COMMITTED_TABLES if name in tables[t]})
        for name in sorted(tables["units"])
    ]


def files_that_count(
    ledger: Ledger, found: Mapping[str, Sizes], staged: Sizes
) -> dict[str, dict[str, StoredFile]]:
    """Return table and name to file, of commits that a ledger counts.

    Args:
        ledger: the deciding one.
        found: by table, name to bytes of what has a commit's name.
        staged: name to bytes of what lies in the journal's staging folder.
    """
    journal = ledger.journal
    old = journal.old if journal else frozenset()
    count = {name for name in found["units"] if ledger.counts(name)} - old
    tables: dict[str, dict[str, StoredFile]] = {}
    for table in COMMITTED_TABLES:
        there = found[table]
        tables[table] = {n: StoredFile(f"{table}/{n}", there[n]) for n in count if n in there}
        for name in journal.new.get(table, ()) if journal else ():
            waiting = f"{table}+{name}"
            if name in there:
                tables[table][name] = StoredFile(f"{table}/{name}", there[name])
            elif journal and waiting in staged:
                path = staged_path(journal.staging, table, name)
                tables[table][name] = StoredFile(path, staged[waiting])
    return tables


def _listing(files: Files) -> dict[str, dict[str, StoredFile]]:
    """List until no compaction and no other driver has come between the parts."""
    for _ in range(_ATTEMPTS):
        ledger = deciding_ledger(files)
        staged = files.sizes(ledger.journal.staging) if ledger.journal else {}
        units = commit_files(files, "units")
        found = {table: commit_files(files, table) for table in DATA_TABLES} | {"units": units}
        # In this order: a compaction that began and ended in between has changed `units`.
        unchanged = deciding_ledger(files).decides_as(ledger)
        if unchanged and units.keys() <= commit_files(files, "units").keys():
            return files_that_count(ledger, found, staged)
    raise StoreError(f"store {files.uri} changed {_ATTEMPTS} times while it was listed")


def _commit(files: Files, name: str, there: Mapping[str, StoredFile]) -> StoredCommit:
    units = there["units"]
    try:
        schema = footer(files, units.path, units.num_bytes).schema
        manifest = Manifest.of(schema.metadata or {})
    except StoreError:
        return StoredCommit(name, there, None, f"units/{name} is damaged (it can't be read)")
    if manifest is None:
        return StoredCommit(name, there, None, None)
    sizes = {table: file.num_bytes for table, file in there.items()}
    return StoredCommit(name, there, manifest, manifest.fault(name, sizes))
