"""Read a file of problems into rows: JSON lines, a JSON array, CSV or Parquet, gzipped or not.

What a file is, its first bytes say where they can (gzip, Parquet, an opening bracket), else
its name (`.csv`, `.tsv`). Whatever is wrong is one sentence that names file and line.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from ttsgrid.core.errors import ConfigError

GZIP, PARQUET, ZIP = b"\x1f\x8b", b"PAR1", b"PK\x03\x04"
UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class SourceRow:
    """One record of a file.

    Attributes:
        place: where it stands, for messages, e.g. `line 3`.
    """

    place: str
    values: dict[str, Any]


def read_rows(path: Path, setting: str = "benchmark.path") -> list[SourceRow]:
    """Read the rows of a file.

    Args:
        path: of the file.
        setting: what an error names.

    Raises:
        ConfigError: it can't be read, or a line of it is no record.
    """
    try:
        data = path.read_bytes()
        if data.startswith(GZIP):
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        again = (
            "" if isinstance(error, OSError) and error.strerror else "; it seems cut: get it again"
        )
        raise ConfigError(f"{setting}: can't read {path}: {reason}{again}") from error
    try:
        return list(_rows(data, path.name.removesuffix(".gz")))
    except pa.ArrowException as error:
        raise ConfigError(
            f"{setting}: {path} is no whole Parquet file ({str(error).splitlines()[0]}); get or "
            "write it again"
        ) from error
    except ValueError as error:
        raise ConfigError(f"{setting}: {path} {error}") from error


def _rows(data: bytes, name: str) -> Iterator[SourceRow]:
    if data.startswith(PARQUET):
        return _parquet_rows(data)
    if data.startswith(ZIP):
        raise ValueError("is a ZIP archive or an Excel workbook; unpack it, or save it as CSV")
    text = _decoded(data)
    if Path(name).suffix.lower() in (".csv", ".tsv"):
        return _csv_rows(text, "\t" if name.lower().endswith(".tsv") else ",")
    return _array_rows(text) if text.lstrip().startswith("[") else _json_line_rows(text)


def _decoded(data: bytes) -> str:
    if data.startswith(UTF16):
        raise ValueError("line 1 is UTF-16; save it as UTF-8: iconv -f utf-16 -t utf-8")
    try:
        return data.decode("utf-8-sig")  # Excel begins its CSV with a byte order mark
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"line {line} is not UTF-8 (byte 0x{data[error.start]:02x}), so probably Latin-1 "
            f"(ISO 8859-1) or Windows-1252; save it as UTF-8: iconv -f latin1 -t utf-8"
        ) from error


def _json_line_rows(text: str) -> Iterator[SourceRow]:
    # Not `splitlines`: JSON leaves U+2028 and U+0085 as they are, and it would cut there.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        if line.strip() == "{":
            raise ValueError(
                f"line {number} begins an object over several lines; write each on a line of its "
                "own, or all of them as one list in brackets"
            )
        yield _unwrapped(_object(_parsed(line, number), f"line {number}"))


def _array_rows(text: str) -> Iterator[SourceRow]:
    # A JSON-lines file of arrays begins like an array, and is neither.
    for number, value in enumerate(_parsed(text, 1), start=1):
        yield _object(value, f"record {number}")


def _parsed(text: str, first_line: int) -> Any:  # noqa: ANN401 - JSON of any type
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        line = first_line + error.lineno - 1
        raise ValueError(
            f"line {line} is no JSON: {error.msg} at column {error.colno}; mend that line or take "
            "it out"
        ) from error
    except RecursionError as error:
        raise ValueError(f"line {first_line} nests deeper than any row of problems does") from error


def _unwrapped(row: SourceRow) -> SourceRow:
    """Refuse an object that holds all rows: `{"data": [...]}`."""
    for name, value in row.values.items():
        if (
            len(row.values) == 1
            and isinstance(value, list)
            and value
            and isinstance(value[0], dict)
        ):
            raise ValueError(f"{row.place} holds the rows in {name!r}; write that list alone")
    return row


def _object(value: object, place: str) -> SourceRow:
    if not isinstance(value, dict):
        raise ValueError(f"{place} is no JSON object")
    return SourceRow(place, value)


def _csv_rows(text: str, delimiter: str) -> Iterator[SourceRow]:
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # tests of code exceed 128 KiB
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    names = reader.fieldnames or []
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"line 1 names the column {twice[0]!r} twice; rename one")
    if len(names) == 1 and ";" in names[0]:
        raise ValueError("line 1 separates columns by semicolons; save it with commas")
    yield from _records(reader)


def _records(reader: csv.DictReader[str]) -> Iterator[SourceRow]:
    begun = 2
    try:
        for values in reader:
            if None in values or None in values.values():
                raise ValueError(
                    f"line {reader.line_num} has another number of columns than line 1; put texts "
                    "with commas in double quotes"
                )
            yield SourceRow(f"line {reader.line_num}", dict(values))
            begun = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(
            f"line {begun} begins a record that is no CSV ({error}); close its quotes, and double "
            "those within a text"
        ) from error


def _parquet_rows(data: bytes) -> Iterator[SourceRow]:
    table = pyarrow.parquet.read_table(pa.BufferReader(data))
    for number, values in enumerate(table.to_pylist(), start=1):
        yield SourceRow(f"row {number}", values)
