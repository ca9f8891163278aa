"""What storage refuses, in a sentence that names the setting: no room, no right, no bucket."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from ttsgrid.core.errors import StoreError, StoreReadOnlyError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_NO_RIGHT = (errno.EACCES, errno.EPERM, errno.EROFS)


@contextmanager
def said_of_storage(uri: str) -> Iterator[None]:
    """Turn an error of storage into one of ttsgrid's.

    A missing file passes: it means that a compaction came in between, or another driver.

    Raises:
        StoreError: storage refused something.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise sentence_of(uri, error) from error


def sentence_of(uri: str, error: OSError) -> StoreError:
    """Return the error of ttsgrid's for one of storage."""
    kind = StoreReadOnlyError if error.errno in _NO_RIGHT else StoreError
    return kind(_sentence(uri, error))


def _sentence(uri: str, error: OSError) -> str:
    if error.errno in _NO_ROOM:
        return (
            f"store {uri}: its disk is full ({error.strerror}); free some space and give the same "
            "command again, or name another folder with store=...; what was committed is safe"
        )
    if error.errno in _NO_RIGHT:
        where = f" at {error.filename}" if error.filename else ""
        return (
            f"store {uri} can't be used ({error.strerror}{where}); change its rights, or name "
            "another folder with store=..."
        )
    said = str(error).splitlines()[0].rstrip(".")
    if error.errno is None:  # of object storage
        return f"store {uri}: {said}; look at bucket, endpoint and credentials of store=..."
    return f"store {uri}: {said}; mend that, or name another folder with store=..."
