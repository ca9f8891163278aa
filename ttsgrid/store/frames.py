"""A table as a lazy frame that looks for its files when it is collected.

A lazy frame that named files would fail where a compaction replaces them before it is
collected. This one lists and reads again. Small files, which are what compactions replace, are
read together and first; large ones one by one, so that memory holds one of them at a time.

A damaged file is named in the sentence: polars itself says only what it stumbled over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

import polars as pl
from polars.io.plugins import register_io_source

from ttsgrid.store.files import Files
from ttsgrid.store.footers import damaged
from ttsgrid.store.layout import StoredFile, repeated
from ttsgrid.store.schema import TARGET_BYTES
from ttsgrid.store.trouble import said_of_storage
from ttsgrid.store.upgrade import empty_frame, filled

LARGE_BYTES = TARGET_BYTES // 2
"""Of a file; a commit of that size is merged with no other."""

_DAMAGE = (pl.exceptions.PolarsError, pl.exceptions.PanicException)


@dataclass(frozen=True)
class Readable:
    """A file to read, and the columns of today's schema that it lacks."""

    file: StoredFile
    missing: frozenset[str]

    @property
    def is_large(self) -> bool:
        """Whether it is read by itself."""
        return self.file.num_bytes >= LARGE_BYTES


@dataclass(frozen=True)
class Query:
    """What a frame's reader wants of each file."""

    columns: Sequence[str] | None
    predicate: pl.Expr | None
    num_rows: int | None

    def of(self, frame: pl.LazyFrame) -> pl.DataFrame:
        """Return the rows and columns that are wanted."""
        if self.predicate is not None:
            frame = frame.filter(self.predicate)
        if self.columns is not None:
            frame = frame.select(self.columns)
        if self.num_rows is not None:
            frame = frame.head(self.num_rows)
        return frame.collect()


def lazy_frame(
    files: Files,
    table: str,
    readable: Sequence[Readable],
    listed_again: Callable[[], Sequence[Readable]],
) -> pl.LazyFrame:
    """Return a table's rows, read when the frame is collected.

    Args:
        files: the store.
        table: its name.
        readable: its files that count.
        listed_again: asked where one of them is gone by the time it is read.
    """

    def read(
        columns: list[str] | None, predicate: pl.Expr | None, num_rows: int | None, _: int | None
    ) -> Iterator[pl.DataFrame]:
        query = Query(columns, predicate, num_rows)
        with said_of_storage(files.uri):
            try:
                parts = _parts(files, table, readable, query)
            except FileNotFoundError:
                parts = repeated(lambda: _parts(files, table, listed_again(), query))
        for part in parts:
            yield part()

    return register_io_source(read, schema=empty_frame(table).collect_schema())


def _parts(
    files: Files, table: str, readable: Sequence[Readable], query: Query
) -> list[Callable[[], pl.DataFrame]]:
    """Return what yields the frames of a table in order; small files have been read by then."""
    parts: list[Callable[[], pl.DataFrame]] = []
    for (missing, is_large), run in groupby(readable, lambda r: (r.missing, r.is_large)):
        paths = [file.file.path for file in run]
        if is_large:
            parts += [partial(_collected, files, table, [path], missing, query) for path in paths]
        else:
            frame = _collected(files, table, paths, missing, query)
            parts.append(partial(_same, frame))
    return parts


def _same(frame: pl.DataFrame) -> pl.DataFrame:
    return frame


def _collected(
    files: Files, table: str, paths: Sequence[str], missing: frozenset[str], query: Query
) -> pl.DataFrame:
    try:
        return query.of(filled(files.scan(paths), table, missing))
    except _DAMAGE:
        for path in paths:
            _require_readable(files, path)
        raise


def _require_readable(files: Files, path: str) -> None:
    try:
        files.scan([path]).collect()
    except _DAMAGE as error:
        raise damaged(files, path, error) from error
