"""Which version of the schema each file of a store has, and what that allows.

A version is a number in a file's Parquet metadata; files of version 1 have none. Files of
a later version than ours are refused. Files of an earlier one are read, with what they
lack filled in (`ttsgrid.store.upgrade`), but nothing is added beside them: what they say
of costs and identities isn't what a file of today says, and one store that holds both
would compare the two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import pyarrow as pa

from ttsgrid.core.errors import StoreError
from ttsgrid.store.files import Files
from ttsgrid.store.layout import snapshot
from ttsgrid.store.schema import COMMITTED_TABLES, SCHEMAS, VERSION, VERSION_KEY

_KNOWN: dict[tuple[str, str], pa.Schema] = {}
# Of committed files, whose names are never used twice: a footer takes 0.3 ms to read, and an
# analysis scans a store of thousands of files some ten times.


def by_missing_columns(
    files: Files, table: str, paths: Sequence[str]
) -> dict[frozenset[str], list[str]]:
    """Group a table's files by the columns that they lack.

    Raises:
        StoreError: a file was written by a later version, or is damaged.
        FileNotFoundError: a compaction came between listing and reading.
    """
    groups: dict[frozenset[str], list[str]] = defaultdict(list)
    for path in paths:
        schema = _schema(files, table, path)
        _refuse_later(files, schema)
        groups[frozenset(SCHEMAS[table].names) - set(schema.names)].append(path)
    return groups


def require_current(files: Files) -> None:
    """Refuse a store that must not be added to, because other versions wrote it.

    Raises:
        StoreError: it holds files of an earlier or a later version.
    """
    for table in SCHEMAS:
        for path in snapshot(files, table):
            schema = _schema(files, table, path)
            _refuse_later(files, schema)
            if (version := version_of(schema)) < VERSION:
                raise StoreError(
                    f"store {files.uri} was written by an earlier ttsgrid (version {version} of "
                    f"the tables, this is {VERSION}): it can be read but not added to; name "
                    f"another folder with store="
                )


def version_of(schema: pa.Schema) -> int:
    """Return the version of the schema that a file was written with."""
    return int((schema.metadata or {}).get(VERSION_KEY, 1))


def _refuse_later(files: Files, schema: pa.Schema) -> None:
    if (version := version_of(schema)) > VERSION:
        raise StoreError(
            f"store {files.uri} was written by a later ttsgrid (version {version} of the tables, "
            f"this one reads up to {VERSION}): update ttsgrid to read it"
        )


def _schema(files: Files, table: str, path: str) -> pa.Schema:
    if table not in COMMITTED_TABLES:
        return _read_schema(files, path)
    key = files.uri, path
    if key not in _KNOWN:
        _KNOWN[key] = _read_schema(files, path)
    return _KNOWN[key]


def _read_schema(files: Files, path: str) -> pa.Schema:
    """A footer is written last, so a file that was cut short has none."""
    try:
        return files.read_schema(path)
    except pa.ArrowInvalid as error:
        raise StoreError(
            f"store {files.uri}: {path} is damaged ({str(error).splitlines()[0]}); restore it "
            "from a copy, or name another store"
        ) from error
