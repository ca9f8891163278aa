"""From what a person writes to a store's files: a path, a URI, or files themselves."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
from pyarrow import fs as arrow_fs

from ttsgrid.core.errors import StoreError
from ttsgrid.store.files import Files
from ttsgrid.store.local import LocalFiles
from ttsgrid.store.remote import RemoteFiles
from ttsgrid.store.schema import SCHEMAS
from ttsgrid.store.trouble import sentence_of

StorePath = str | os.PathLike[str] | Files


def locate(path: StorePath) -> Files:
    """Return the files of the store at a local path, a URI, or as given.

    Args:
        path: a path, or a URI that `pyarrow.fs` knows, e.g. `s3://bucket/run`.

    Raises:
        StoreError: a file lies at the path, or nothing knows the URI's scheme.
    """
    if not isinstance(path, str | os.PathLike):
        return path
    text = os.fspath(path)
    if "://" not in text:
        return _local(Path(text).expanduser().absolute())
    try:
        filesystem, root = arrow_fs.FileSystem.from_uri(text)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise StoreError(f"store {text}: {str(error).splitlines()[0]}; name a folder") from error
    except OSError as error:
        raise sentence_of(text, error) from error
    if isinstance(filesystem, arrow_fs.LocalFileSystem):
        return _local(Path(root))
    return RemoteFiles(filesystem, root.rstrip("/"))


def holds_store(path: StorePath) -> bool:
    """Whether a store, or an export of one, lies somewhere; a file is none."""
    if isinstance(path, str | os.PathLike) and Path(path).is_file():
        return False
    files = locate(path)
    return any(files.sizes(table) for table in SCHEMAS)


def _local(root: Path) -> LocalFiles:
    if root.is_file():
        raise StoreError(f"store {root} is a file: a store is a folder, name another")
    return LocalFiles(root)
