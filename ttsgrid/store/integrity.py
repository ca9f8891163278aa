"""Whether a commit is as it was written: rows at each open, every byte on `verify`."""

from __future__ import annotations

import hashlib
import io

import pyarrow as pa
import pyarrow.parquet

from ttsgrid.core.errors import StoreError
from ttsgrid.store.files import Files
from ttsgrid.store.footers import footer
from ttsgrid.store.layout import StoredCommit


def miscount(files: Files, commit: StoredCommit) -> str | None:
    """Return what footers say is wrong with a commit; None where nothing is.

    Commits of schema 2 say nothing of themselves: they are decoded, before they are rewritten.
    """
    if commit.fault:
        return commit.fault
    if commit.manifest is None:
        return flaw(files, commit)
    for table, part in commit.manifest.parts.items():
        file = commit.files[table]
        try:
            num_rows = footer(files, file.path, file.num_bytes).num_rows
        except StoreError:
            return f"{table}/{commit.name} is damaged (it can't be read)"
        if num_rows != part.num_rows:
            has = f"{num_rows:,} rows of {part.num_rows:,}"
            return f"{table}/{commit.name} is damaged (it has {has})"
    return None


def flaw(files: Files, commit: StoredCommit) -> str | None:
    """Return what is wrong with a commit, every byte of it read; None where nothing is.

    Commits of schema 2 have no digests: their pages are decoded, which finds most damage.
    """
    if commit.fault:
        return commit.fault
    for table, file in commit.files.items():
        data = files.read(file.path)
        if data is None:
            return f"{table}/{commit.name} is gone"
        if not _is_as_written(commit, table, data):
            return f"{table}/{commit.name} is damaged (its bytes are not those that were written)"
    return None


def _is_as_written(commit: StoredCommit, table: str, data: bytes) -> bool:
    digest = hashlib.sha256(data).hexdigest()
    if commit.manifest is None:
        return is_readable(data)
    if table == "units":
        return commit.name.endswith(f"-{digest[:16]}.parquet")
    return digest == commit.manifest.parts[table].sha256


def has_footer(files: Files, path: str) -> bool:
    """Whether a file outside commits has a footer, which cut files lack."""
    try:
        footer(files, path)
    except StoreError:
        return False
    return True


def is_whole(files: Files, path: str) -> bool:
    """Whether every page of a file outside commits can be decoded."""
    data = files.read(path)
    return data is not None and is_readable(data)


def is_readable(data: bytes) -> bool:
    """Whether every page of a Parquet file can be decoded and has its checksum, if it has one."""
    try:
        pa.parquet.read_table(io.BytesIO(data), page_checksum_verification=True)
    except (pa.ArrowException, OSError, ValueError):
        return False
    return True
