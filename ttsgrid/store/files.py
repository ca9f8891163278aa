"""The few file operations the store stands on, local or on object storage.

Two promises carry everything above:

* `put` is atomic and durable: a reader sees the whole file or none of it, and
  after `put` returns it survives a crash of the machine. Locally that is a file
  written aside, synced and renamed, then its folder synced; on object storage
  it is one PUT.
* `swap` is safe to repeat after a crash at any point of it.

Everything that is on its way lies in `_staging/`, outside the table folders, so
that `*.parquet` globs and folder scans never meet it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

if TYPE_CHECKING:
    import polars as pl

STAGING = "_staging"


class Files(Protocol):
    """A store's files; paths are relative to the store and use `/`."""

    @property
    def uri(self) -> str:
        """Where the store is, for messages."""

    @property
    def locks(self) -> bool:
        """Whether `exclusive` keeps other processes out."""

    def sizes(self, folder: str) -> dict[str, int]:
        """Return name to bytes of the files in `folder`; empty where there is none."""

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, or None where there is no such file."""

    def put(self, path: str, data: bytes | pa.Buffer) -> None:
        """Write a file, atomically and durably; replaces a file of that name."""

    def move(self, source: str, target: str) -> None:
        """Rename a file; replaces a file of that name."""

    def delete(self, path: str) -> None:
        """Delete a file; no error where there is none."""

    def swap(self, folder: str, staged: Sequence[str], old: Collection[str]) -> None:
        """Put files that lie in `_staging/folder+name` into `folder` and drop `old`.

        Repeating a swap, or finishing one that a crash cut short, is safe.
        """

    def clear_staging(self) -> None:
        """Delete everything in `_staging/`."""

    def exclusive(self) -> AbstractContextManager[None]:
        """Hold a short lock against other processes, where `locks` says so."""

    def read_table(self, path: str) -> pa.Table:
        """Return a Parquet file as a table."""

    def read_columns(self, path: str, columns: Sequence[str]) -> pa.Table:
        """Return some columns of a Parquet file."""

    def read_schema(self, path: str) -> pa.Schema:
        """Return a Parquet file's columns and metadata; reads its footer alone."""

    def scan(self, paths: Sequence[str]) -> pl.LazyFrame:
        """Return a lazy frame over Parquet files; at least one."""


def staged_path(folder: str, name: str) -> str:
    """Return where the file `name` of `folder` waits until it is swapped in."""
    return f"{STAGING}/{folder}+{name}"


def swap_one_by_one(files: Files, folder: str, waiting: list[str], doomed: list[str]) -> None:
    """Swap by moves and deletes, for storage that can't do better."""
    for name in waiting:  # new before old: a crash between them doubles rows, loses none
        files.move(staged_path(folder, name), f"{folder}/{name}")
    for name in doomed:
        files.delete(f"{folder}/{name}")
