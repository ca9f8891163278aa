"""Change rows of a committed file so that its units file says so, and the store is sound."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ttsgrid.store.manifest import Manifest, Part

Rows = list[dict[str, Any]]


def rewrite(file: Path, change: Callable[[Rows], Rows]) -> None:
    """Write a table's file anew with changed rows, and its commit's account of it."""
    content = pq.read_table(file, partitioning=None)
    rows = change(content.to_pylist())
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows, schema=content.schema), sink)
    data = sink.getvalue()
    file.write_bytes(data)

    units_file = file.parents[1] / "units" / file.name
    units = pq.read_table(units_file, partitioning=None)
    manifest = Manifest.of(units.schema.metadata)
    assert manifest is not None
    parts = {**manifest.parts, file.parent.name: Part.of(len(rows), data)}
    told = {**units.schema.metadata, **Manifest(parts).as_metadata()}
    pq.write_table(units.replace_schema_metadata(told), units_file)
