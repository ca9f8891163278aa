"""From what a person writes to a store's files: a path, a URI, or files themselves."""

from __future__ import annotations

import os
from pathlib import Path

from pyarrow import fs as arrow_fs

from ttsgrid.store.files import Files
from ttsgrid.store.local import LocalFiles
from ttsgrid.store.remote import RemoteFiles

StorePath = str | os.PathLike[str] | Files


def locate(path: StorePath) -> Files:
    """Return the files of the store at a local path, a URI, or as given.

    Args:
        path: a path, or a URI that `pyarrow.fs` knows, e.g. `s3://bucket/run`.
    """
    if not isinstance(path, str | os.PathLike):
        return path
    text = os.fspath(path)
    if "://" not in text:
        return LocalFiles(Path(text).expanduser().absolute())
    filesystem, root = arrow_fs.FileSystem.from_uri(text)
    if isinstance(filesystem, arrow_fs.LocalFileSystem):
        return LocalFiles(Path(root))
    return RemoteFiles(filesystem, root.rstrip("/"))
