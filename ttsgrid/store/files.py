"""The few file operations the store stands on, local or on object storage.

Two promises carry everything above:

* `put` is atomic and durable: a reader sees the whole file or none of it, and
  after `put` returns it survives a crash of the machine. Locally that is a file
  written aside, synced and renamed, then its folder synced; on object storage
  it is one PUT.
* `swap` is safe to repeat after a crash at any point of it.

Everything that is on its way lies in `_staging/`, outside the table folders, so
that `*.parquet` globs and folder scans never meet it. Each epoch has a folder of its own
there, and who takes a store over removes those of earlier epochs: in a file system, where
a file is written aside and renamed, an earlier holder can then put nothing in place any more.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Protocol, Self

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
    def staging(self) -> str:
        """Folder for what is on its way."""

    def of_epoch(self, epoch: str) -> Self:
        """Return these files as the holder of an epoch writes them."""

    def fence(self, epoch: str) -> None:
        """Remove what earlier epochs left in `_staging/`, folders and all."""

    def close_staging(self) -> None:
        """Remove this epoch's own folder in `_staging/`."""

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

    def swap(self, folder: str, staged: Sequence[str], old: Collection[str], staging: str) -> None:
        """Put files that lie in `staging` (`staged_path`) into `folder` and drop `old`.

        Repeating a swap, or finishing one that a crash cut short, is safe.
        """

    def read_table(self, path: str) -> pa.Table:
        """Return a Parquet file as a table."""

    def read_columns(self, path: str, columns: Sequence[str]) -> pa.Table:
        """Return some columns of a Parquet file."""

    def read_footer(self, path: str) -> tuple[pa.Schema, int]:
        """Return a Parquet file's columns with their metadata, and its number of rows."""

    def scan(self, paths: Sequence[str]) -> pl.LazyFrame:
        """Return a lazy frame over Parquet files; at least one."""


def staged_path(staging: str, folder: str, name: str) -> str:
    """Return where the file `name` of `folder` waits until it is swapped in."""
    return f"{staging}/{folder}+{name}"


def is_earlier(name: str, epoch: str) -> bool:
    """Whether what lies in `_staging/` under a name is not of an epoch or of a later one."""
    own = name == epoch or name.startswith(f"{epoch}/")
    number = name[:8]
    return not own and not (number.isdigit() and number > epoch[:8])


def swap_one_by_one(
    files: Files, folder: str, waiting: list[str], doomed: list[str], staging: str
) -> None:
    """Swap by moves and deletes, for storage that can't do better."""
    for name in waiting:  # new before old: a crash between them doubles rows, loses none
        files.move(staged_path(staging, folder, name), f"{folder}/{name}")
    for name in doomed:
        files.delete(f"{folder}/{name}")
