"""Which version of the schema each file of a store has, and what that allows.

A version is a number in a file's Parquet metadata; files of version 1 have none. Files of
a later version than ours are refused. Files of an earlier one are read, with what they
lack filled in (`ttsgrid.store.upgrade`). Files of version 2 lack nothing but the order of their
commits and digests: whoever adds to them rewrites them first. Beside files of version 1 nothing
is added: what they say of costs and identities isn't what a file of today says, and one store
that holds both would compare the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from ttsgrid.core.errors import StoreError
from ttsgrid.store.files import Files
from ttsgrid.store.footers import footer
from ttsgrid.store.layout import StoredFile, commits, snapshot
from ttsgrid.store.schema import ADDED_TO_SINCE, COMMITTED_TABLES, SCHEMAS, VERSION, VERSION_KEY
from ttsgrid.store.trouble import said_of_storage


def missing_columns(files: Files, table: str, stored: Sequence[StoredFile]) -> list[frozenset[str]]:
    """Return the columns that each of a table's files lacks.

    Raises:
        StoreError: a file was written by a later version, or is damaged.
        FileNotFoundError: a compaction came between listing and reading.
    """
    lacking: list[frozenset[str]] = []
    for file in stored:
        schema = _schema(files, table, file)
        refuse_later(files, schema)
        lacking.append(frozenset(SCHEMAS[table].names) - set(schema.names))
    return lacking


def require_current(files: Files) -> None:
    """Refuse a store that must not be added to, because other versions wrote it.

    Raises:
        StoreError: it holds files of an earlier or a later version.
    """
    with said_of_storage(files.uri):
        found = [schema for table in SCHEMAS for schema in _schemas(files, table)]
    for schema in found:
        refuse_later(files, schema)
        if (version := version_of(schema)) < ADDED_TO_SINCE:
            raise StoreError(
                f"store {files.uri} was written by an earlier ttsgrid (version {version} of the "
                f"tables, this is {VERSION}): it can be read but not added to; name another "
                f"folder with store="
            )


def version_of(schema: pa.Schema) -> int:
    """Return the version of the schema that a file was written with."""
    return int((schema.metadata or {}).get(VERSION_KEY, 1))


def refuse_later(files: Files, schema: pa.Schema) -> None:
    """Refuse a file of a later version.

    Raises:
        StoreError: it is one.
    """
    if (version := version_of(schema)) > VERSION:
        raise StoreError(
            f"store {files.uri} was written by a later ttsgrid (version {version} of the tables, "
            f"this one reads up to {VERSION}): update ttsgrid to read it"
        )


def _schemas(files: Files, table: str) -> Iterator[pa.Schema]:
    """Yield the schemas of a table's files, but for those of damaged ones: they are set aside."""
    stored = snapshot(files, table) if table not in COMMITTED_TABLES else []
    for commit in commits(files) if table in COMMITTED_TABLES else ():
        if not commit.fault and table in commit.files:
            stored.append(commit.files[table])
    for file in stored:
        try:
            schema = _schema(files, table, file)
        except StoreError:
            continue
        yield schema


def _schema(files: Files, table: str, file: StoredFile) -> pa.Schema:
    num_bytes = file.num_bytes if table in COMMITTED_TABLES else None
    return footer(files, file.path, num_bytes).schema
