"""A store on object storage, or on whatever else `pyarrow.fs` reaches.

On S3, GCS and Azure an object appears whole when its upload completes, so `put`
is one PUT. Elsewhere a file is written aside and moved.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet
from pyarrow import fs as arrow_fs

from ttsgrid.store.files import STAGING, is_earlier, swap_one_by_one

if TYPE_CHECKING:
    import polars as pl

_ONE_PUT = ("s3", "gcs", "abfs")


@dataclass(frozen=True)
class RemoteFiles:
    """A store on any `pyarrow.fs` file system: S3, GCS, Azure, HDFS, or fsspec's.

    Attributes:
        filesystem: the file system, credentials and all.
        root: folder of the store in it, without a trailing slash.
    """

    filesystem: arrow_fs.FileSystem
    root: str
    staging: str = STAGING

    @property
    def uri(self) -> str:
        """File system type and path of the store."""
        return f"{self.filesystem.type_name}:{self.root}"

    def of_epoch(self, epoch: str) -> RemoteFiles:
        """See `Files.of_epoch`."""
        return replace(self, staging=f"{STAGING}/{epoch}")

    def fence(self, epoch: str) -> None:
        """See `Files.fence`; on object storage it clears up, and fences nothing."""
        self._clear(STAGING, epoch)

    def close_staging(self) -> None:
        """See `Files.close_staging`."""
        self._clear(self.staging)

    def sizes(self, folder: str) -> dict[str, int]:
        """See `Files.sizes`."""
        selector = arrow_fs.FileSelector(self._at(folder), allow_not_found=True)
        found = self.filesystem.get_file_info(selector)
        return {i.base_name: i.size for i in found if i.type == arrow_fs.FileType.File}

    def read(self, path: str) -> bytes | None:
        """See `Files.read`."""
        try:
            with self.filesystem.open_input_stream(self._at(path)) as stream:
                return bytes(stream.read())
        except FileNotFoundError:
            return None

    def put(self, path: str, data: bytes | pa.Buffer) -> None:
        """See `Files.put`; written aside and moved unless an upload is atomic."""
        if self._one_put:
            self._write(path, data)
            return
        staged = f"{self.staging}/{path.replace('/', '+')}.tmp"
        self._write(staged, data)
        self.move(staged, path)

    def delete(self, path: str) -> None:
        """See `Files.delete`."""
        with suppress(FileNotFoundError):
            self.filesystem.delete_file(self._at(path))

    def swap(self, folder: str, staged: Sequence[str], old: Collection[str], staging: str) -> None:
        """See `Files.swap`; a reader that globs may see old and new files together."""
        present = self.sizes(folder)
        waiting = [n for n in staged if n not in present]
        doomed = [n for n in old if n in present]
        swap_one_by_one(self, folder, waiting, doomed, staging)

    def move(self, source: str, target: str) -> None:
        """See `Files.move`; on object storage a copy, then a delete."""
        self._make_parent(target)
        self.filesystem.move(self._at(source), self._at(target))

    def read_table(self, path: str) -> pa.Table:
        """See `Files.read_table`."""
        return pa.parquet.read_table(self._at(path), filesystem=self.filesystem, partitioning=None)

    def read_columns(self, path: str, columns: Sequence[str]) -> pa.Table:
        """See `Files.read_columns`."""
        with pa.parquet.ParquetFile(self._at(path), filesystem=self.filesystem) as file:
            return file.read(list(columns))

    def read_footer(self, path: str) -> tuple[pa.Schema, int]:
        """See `Files.read_footer`."""
        with pa.parquet.ParquetFile(self._at(path), filesystem=self.filesystem) as file:
            return file.schema_arrow, file.metadata.num_rows

    def scan(self, paths: Sequence[str]) -> pl.LazyFrame:
        """See `Files.scan`."""
        at = [self._at(path) for path in paths]
        import polars as pl  # noqa: PLC0415 (0.17 s that planning need not spend)
        import pyarrow.dataset  # noqa: PLC0415 (0.1 s that local stores need not spend)

        return pl.scan_pyarrow_dataset(
            pyarrow.dataset.dataset(at, filesystem=self.filesystem, format="parquet")
        )

    @property
    def _one_put(self) -> bool:
        filesystem = self.filesystem
        while isinstance(filesystem, arrow_fs.SubTreeFileSystem):
            filesystem = filesystem.base_fs
        return filesystem.type_name in _ONE_PUT

    def _at(self, path: str) -> str:
        return f"{self.root}/{path}" if self.root else path

    def _clear(self, folder: str, epoch: str | None = None) -> None:
        """Delete the files in a folder and below, or those that are earlier than an epoch's."""
        at = self._at(folder)
        selector = arrow_fs.FileSelector(at, allow_not_found=True, recursive=True)
        for info in self.filesystem.get_file_info(selector):
            name = info.path.removeprefix(f"{at}/")
            if info.type == arrow_fs.FileType.File and (not epoch or is_earlier(name, epoch)):
                with suppress(FileNotFoundError):
                    self.filesystem.delete_file(info.path)

    def _write(self, path: str, data: bytes | pa.Buffer) -> None:
        self._make_parent(path)
        with self.filesystem.open_output_stream(self._at(path)) as stream:
            stream.write(data)

    def _make_parent(self, path: str) -> None:
        if not self._one_put:
            self.filesystem.create_dir(self._at(path).rpartition("/")[0], recursive=True)
