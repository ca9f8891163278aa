"""A store in a folder: files synced before they are renamed, folders after."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet

from ttsgrid.store.exchange import exchange_folders
from ttsgrid.store.files import STAGING, is_earlier, staged_path, swap_one_by_one

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class LocalFiles:
    """A store in a folder of this machine, or of a file system mounted on it."""

    root: Path
    staging: str = STAGING

    @property
    def uri(self) -> str:
        """Path of the store."""
        return str(self.root)

    def of_epoch(self, epoch: str) -> LocalFiles:
        """See `Files.of_epoch`; makes the epoch's folder, which `put` never makes again."""
        own = replace(self, staging=f"{STAGING}/{epoch}")
        (self.root / own.staging).mkdir(parents=True)
        return own

    def fence(self, epoch: str) -> None:
        """See `Files.fence`; renamed first, so that nothing more can be renamed out of it."""
        for entry in list(os.scandir(self.root / STAGING)):
            if not is_earlier(entry.name, epoch):
                continue
            gone = self.root / self.staging / f"gone+{entry.name}"
            with suppress(FileNotFoundError):
                os.rename(entry.path, gone)
                shutil.rmtree(gone) if gone.is_dir() else gone.unlink()

    def close_staging(self) -> None:
        """See `Files.close_staging`."""
        shutil.rmtree(self.root / self.staging, ignore_errors=True)

    def sizes(self, folder: str) -> dict[str, int]:
        """See `Files.sizes`."""
        try:
            entries = list(os.scandir(self.root / folder))
        except FileNotFoundError:
            return {}
        bytes_of: dict[str, int] = {}
        for entry in entries:
            with suppress(FileNotFoundError):  # deleted since it was listed
                status = entry.stat()
                if stat.S_ISREG(status.st_mode):
                    bytes_of[entry.name] = status.st_size
        return bytes_of

    def read(self, path: str) -> bytes | None:
        """See `Files.read`."""
        try:
            return (self.root / path).read_bytes()
        except FileNotFoundError:
            return None

    def put(self, path: str, data: bytes | pa.Buffer) -> None:
        """See `Files.put`."""
        target = self.root / path
        staged = self.root / self.staging / f"{path.replace('/', '+')}.{os.getpid()}.tmp"
        if self.staging == STAGING:  # an epoch's folder is gone for good once it was fenced off
            staged.parent.mkdir(parents=True, exist_ok=True)
        with staged.open("wb") as file:
            file.write(data)
            # Before the rename: a file system may order the rename first, and a power cut then
            # leaves an empty file under a name that says it is whole.
            file.flush()
            os.fsync(file.fileno())
        self._rename(staged, target)

    def delete(self, path: str) -> None:
        """See `Files.delete`."""
        (self.root / path).unlink(missing_ok=True)

    def swap(self, folder: str, staged: Sequence[str], old: Collection[str], staging: str) -> None:
        """See `Files.swap`; one atomic exchange of folders where the system has it."""
        present = self.sizes(folder)
        waiting = [n for n in staged if n not in present]
        doomed = [n for n in old if n in present]
        if not waiting and not doomed:
            return
        if not self._swap_at_once(folder, waiting, set(doomed), staging):
            swap_one_by_one(self, folder, waiting, doomed, staging)
            self._sync(self.root / folder)

    def _swap_at_once(
        self, folder: str, waiting: list[str], doomed: set[str], staging: str
    ) -> bool:
        """Build the folder's next state from hard links and exchange the two."""
        current, following = self.root / folder, self.root / self.staging / folder
        if current.is_symlink() or any(entry.is_dir() for entry in current.iterdir()):
            return False  # somebody else's arrangement: leave all but our files alone
        shutil.rmtree(following, ignore_errors=True)
        try:
            following.mkdir()
            for name in self.sizes(folder).keys() - doomed:
                os.link(current / name, following / name)
            for name in waiting:
                os.link(self.root / staged_path(staging, folder, name), following / name)
            shutil.copymode(current, following)
            self._sync(following)
            exchange_folders(current, following)
        except OSError:  # no hard links here, or no exchange
            shutil.rmtree(following, ignore_errors=True)
            return False
        self._sync(self.root)
        self._sync(following.parent)
        shutil.rmtree(following)
        return True

    def move(self, source: str, target: str) -> None:
        """See `Files.move`."""
        self._rename(self.root / source, self.root / target)

    def read_table(self, path: str) -> pa.Table:
        """See `Files.read_table`."""
        return pa.parquet.read_table(self.root / path, partitioning=None)

    def read_columns(self, path: str, columns: Sequence[str]) -> pa.Table:
        """See `Files.read_columns`."""
        with pa.parquet.ParquetFile(self.root / path) as file:
            return file.read(list(columns))

    def read_footer(self, path: str) -> tuple[pa.Schema, int]:
        """See `Files.read_footer`."""
        with pa.parquet.ParquetFile(self.root / path) as file:
            return file.schema_arrow, file.metadata.num_rows

    def scan(self, paths: Sequence[str]) -> pl.LazyFrame:
        """See `Files.scan`."""
        import polars as pl  # noqa: PLC0415 (0.17 s that planning need not spend)

        # A store's own path may hold brackets or a star.
        return pl.scan_parquet([self.root / path for path in paths], glob=False)

    def _rename(self, source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(source, target)
        self._sync(target.parent)  # a name is its folder's data: unsynced, it may be lost

    def _sync(self, folder: Path) -> None:
        if not hasattr(os, "O_DIRECTORY"):  # Windows opens no folder, and so syncs none
            return
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
