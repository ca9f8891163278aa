"""Rows to the bytes of a Parquet file, and many files to the bytes of one.

Files are built in memory and handed over whole: `Files.put` can then be one
atomic write. A row that does not fit its schema is an error here, before
anything touches the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet

from ttsgrid.store.rows import Row
from ttsgrid.store.schema import SCHEMAS

_COMPRESSION = "zstd"
_ROW_GROUP_BYTES = 64 * 2**20  # in memory; large enough to scan fast, small enough to hold


def encode_rows(table: str, rows: Sequence[Row]) -> pa.Buffer:
    """Return a Parquet file of `rows`.

    Args:
        table: whose schema they have.
        rows: column to value.

    Raises:
        ValueError: a required value is missing or has the wrong type.
    """
    return encode_table(table, table_of(table, rows))


def table_of(table: str, rows: Sequence[Row]) -> pa.Table:
    """Return rows in the schema of a table; see `encode_rows`."""
    return pa.Table.from_pylist(list(rows), schema=SCHEMAS[table])


def encode_table(
    table: str, content: pa.Table, metadata: Mapping[bytes, bytes] | None = None
) -> pa.Buffer:
    """Return a Parquet file of what is in a table's schema already.

    Args:
        table: its name.
        content: its rows.
        metadata: goes into the file beside the schema's version.
    """
    sink = pa.BufferOutputStream()
    schema = _schema(table, metadata)
    pa.parquet.write_table(
        content.cast(schema), sink, compression=_COMPRESSION, write_page_checksum=True
    )
    return sink.getvalue()


@dataclass(frozen=True)
class Merged:
    """A Parquet file made of several."""

    num_rows: int
    data: pa.Buffer


def merge_tables(
    table: str, parts: Iterable[pa.Table], metadata: Mapping[bytes, bytes] | None = None
) -> Merged:
    """Return one Parquet file that holds the rows of `parts` in their order.

    `parts` is consumed as it goes: about one row group is held uncompressed. Columns that
    parts of an earlier version lack are null.
    """
    sink = pa.BufferOutputStream()
    schema = _schema(table, metadata)
    num_rows = 0
    with pa.parquet.ParquetWriter(
        sink, schema, compression=_COMPRESSION, write_page_checksum=True
    ) as writer:
        waiting: list[pa.Table] = []
        num_bytes = 0
        for part in parts:
            waiting.append(as_today(part, schema))
            num_bytes += part.nbytes
            num_rows += part.num_rows
            if num_bytes >= _ROW_GROUP_BYTES:
                writer.write_table(pa.concat_tables(waiting))
                waiting, num_bytes = [], 0
        if waiting:
            writer.write_table(pa.concat_tables(waiting))
    return Merged(num_rows, sink.getvalue())


def _schema(table: str, metadata: Mapping[bytes, bytes] | None) -> pa.Schema:
    schema = SCHEMAS[table]
    return schema.with_metadata({**schema.metadata, **metadata}) if metadata else schema


def as_today(part: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return rows in a schema; columns that an earlier version lacks are null."""
    for field in schema:
        if field.name not in part.column_names:
            part = part.append_column(field.name, pa.nulls(part.num_rows, field.type))
    return part.select(schema.names).cast(schema)
