"""Rows to the bytes of a Parquet file, and many files to the bytes of one.

Files are built in memory and handed over whole: `Files.put` can then be one
atomic write. A row that does not fit its schema is an error here, before
anything touches the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.parquet

from ttsgrid.store.rows import Row
from ttsgrid.store.schema import SCHEMAS

_COMPRESSION = "zstd"
_ROW_GROUP_BYTES = 64 * 2**20  # in memory; large enough to scan fast, small enough to hold


def encode_rows(table: str, rows: Sequence[Row]) -> pa.Buffer:
    """Return a Parquet file of `rows`.

    Raises:
        ValueError: a required value is missing or has the wrong type.
    """
    content = pa.Table.from_pylist(list(rows), schema=SCHEMAS[table])
    sink = pa.BufferOutputStream()
    pa.parquet.write_table(content, sink, compression=_COMPRESSION)
    return sink.getvalue()


def merge_tables(table: str, parts: Iterable[pa.Table]) -> pa.Buffer:
    """Return one Parquet file that holds the rows of `parts` in their order.

    `parts` is consumed as it goes: about one row group is held uncompressed.
    """
    sink = pa.BufferOutputStream()
    schema = SCHEMAS[table]
    with pa.parquet.ParquetWriter(sink, schema, compression=_COMPRESSION) as writer:
        waiting: list[pa.Table] = []
        num_bytes = 0
        for part in parts:
            waiting.append(part.cast(schema))
            num_bytes += part.nbytes
            if num_bytes >= _ROW_GROUP_BYTES:
                writer.write_table(pa.concat_tables(waiting))
                waiting, num_bytes = [], 0
        if waiting:
            writer.write_table(pa.concat_tables(waiting))
    return sink.getvalue()
