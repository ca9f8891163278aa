"""Exchange two folders in one atomic step, as Linux's `renameat2` does.

Python has no name for it. Compaction uses it so that even a reader that only
globs `*.parquet` finds every row once before, during and after.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from pathlib import Path

# Of linux/fcntl.h: paths are taken from the working directory; swap rather than replace.
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def exchange_folders(first: Path, second: Path) -> None:
    """Swap two existing folders of one file system.

    Raises:
        OSError: the system or the file system (NFS, macOS, Windows) can't; nothing changed.
    """
    if sys.platform == "win32":  # which has no C library of this process's own to look in
        raise OSError(errno.ENOSYS, "no renameat2 on this system")
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        raise OSError(errno.ENOSYS, "no renameat2 on this system")
    failed = libc.renameat2(
        _AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE
    )
    if failed:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(first), None, str(second))
