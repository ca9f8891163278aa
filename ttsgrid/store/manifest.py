"""What a commit consists of, said in its units file: rows, bytes and digest of each other file.

The name of the commit ends with the digest of the units file itself. So each file of a commit
can be checked: its presence and size from a listing alone, its bytes by reading them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import pyarrow as pa

from ttsgrid.core.errors import StoreError

KEY = b"ttsgrid_commit"


@dataclass(frozen=True)
class Part:
    """A file of a commit as it was written."""

    num_rows: int
    num_bytes: int
    sha256: str

    @staticmethod
    def of(num_rows: int, data: pa.Buffer) -> Part:
        """Describe a file of `num_rows` rows."""
        return Part(num_rows, data.size, hashlib.sha256(data).hexdigest())


@dataclass(frozen=True)
class Manifest:
    """The files of a commit other than its units file, by table."""

    parts: Mapping[str, Part]

    @staticmethod
    def of(metadata: Mapping[bytes, bytes]) -> Manifest | None:
        """Return the manifest in a units file's metadata; None in files of version 2 and before.

        Raises:
            StoreError: it makes no sense.
        """
        if KEY not in metadata:
            return None
        try:
            told = json.loads(metadata[KEY])
            return Manifest({table: Part(**part) for table, part in told.items()})
        except (ValueError, TypeError, AttributeError) as error:
            raise StoreError("the units file's own account of its commit is damaged") from error

    def as_metadata(self) -> dict[bytes, bytes]:
        """Return what `of` reads."""
        parts = {table: asdict(part) for table, part in self.parts.items()}
        return {KEY: json.dumps(parts, sort_keys=True).encode()}

    def fault(self, name: str, sizes: Mapping[str, int]) -> str | None:
        """Return what is wrong with a commit's files; None where nothing is.

        Args:
            name: the commit's.
            sizes: bytes by table.
        """
        for table, part in self.parts.items():
            if table not in sizes:
                return f"{table}/{name} is gone"
            if sizes[table] != part.num_bytes:
                has = f"{sizes[table]:,} bytes of {part.num_bytes:,}"
                return f"{table}/{name} is damaged (it has {has})"
        return None
