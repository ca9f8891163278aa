"""The `.eval` files of inspect_ai: a zip archive with a JSON file per sample.

Members are compressed with Zstandard (method 93 of the zip format, APPNOTE 6.3.7), which
Python's `zipfile` reads from 3.14 on; pyarrow unpacks them here. Each sample lies in
`samples/ID_epoch_N.json`, in the order in which samples ended; they are given in the order
of epochs, as the `.json` log of the same run has them.
Source: inspect_ai 0.3.285, `log/_recorders/eval.py`.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
from typing import Any

import pyarrow as pa

from ttsgrid.core.errors import ConfigError

_ZSTD = 93
_LOCAL_HEADER = struct.Struct("<26xHH")  # of a member: ends with the lengths of name and extra
MAGIC = b"PK\x03\x04"


def inspect_document(data: bytes, name: str) -> dict[str, Any]:
    """Return the log as the JSON document that `inspect log dump` writes: its samples.

    Raises:
        ConfigError: it is no such archive.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [item for item in archive.infolist() if _is_sample(item.filename)]
            samples = [json.loads(_content(archive, data, item)) for item in members]
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise ConfigError(f"{name} is no .eval log of inspect_ai: {error}") from error
    if not samples:
        raise ConfigError(f"{name} is a zip archive without samples of an inspect_ai log")
    return {"samples": sorted(samples, key=lambda sample: sample.get("epoch", 1))}


def _is_sample(name: str) -> bool:
    return name.startswith("samples/") and name.endswith(".json")


def _content(archive: zipfile.ZipFile, data: bytes, item: zipfile.ZipInfo) -> bytes:
    if item.compress_type != _ZSTD:
        return archive.read(item)
    name_bytes, extra_bytes = _LOCAL_HEADER.unpack_from(data, item.header_offset)
    start = item.header_offset + _LOCAL_HEADER.size + name_bytes + extra_bytes
    packed = pa.BufferReader(data[start : start + item.compress_size])
    with pa.CompressedInputStream(packed, "zstd") as stream:
        content: bytes = stream.read()
    return content
