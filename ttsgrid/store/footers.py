"""Footers of Parquet files: columns, metadata and the number of rows, read once per committed file.

A footer is written last, so a file that was cut short has none.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from ttsgrid.core.errors import StoreError
from ttsgrid.store.files import Files

_KNOWN: dict[tuple[str, str, int | None], Footer] = {}
# A footer takes 0.3 ms to read, and an analysis scans a store of thousands of files some ten times.


@dataclass(frozen=True)
class Footer:
    """What a Parquet file says of itself."""

    schema: pa.Schema
    num_rows: int


def footer(files: Files, path: str, num_bytes: int | None = None) -> Footer:
    """Return a file's footer, from memory where a committed file of that size was read before.

    Args:
        files: the store.
        path: the file.
        num_bytes: its size, of committed files: their names are never used twice.

    Raises:
        StoreError: it is damaged.
        FileNotFoundError: a compaction came between listing and reading.
    """
    if num_bytes is None:
        return _read(files, path)
    key = files.uri, path, num_bytes
    if key not in _KNOWN:
        _KNOWN[key] = _read(files, path)
    return _KNOWN[key]


def _read(files: Files, path: str) -> Footer:
    try:
        return Footer(*files.read_footer(path))
    except (pa.ArrowException, ValueError) as error:
        raise damaged(files, path, error) from error
    except OSError as error:  # what Arrow says of a footer that makes no sense
        if error.errno is not None:
            raise
        raise damaged(files, path, error) from error


def damaged(files: Files, path: str, error: Exception) -> StoreError:
    """Return the sentence for a file that can't be read as Parquet."""
    return StoreError(
        f"store {files.uri}: {path} is damaged ({str(error).splitlines()[0]}); {what_to_do(files)}"
    )


def what_to_do(files: Files) -> str:
    """Return what helps a store with damaged files."""
    return (
        f"`python -m ttsgrid.store verify {files.uri}` sets aside what is damaged, and the sweep "
        "that made it runs it again; restore it from a copy if you have one"
    )
