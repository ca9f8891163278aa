"""Epochs: which driver may write, and which commits count, decided without a clock or a lock.

Each driver that holds a store has an *epoch*: a number that rises by one with each holder, and
a token that nobody else has. The names of its commits begin with it. Its *ledger*, one small
JSON file that it alone writes, says which commits of earlier epochs count (by name) and from
which number on its own count by being there. **The sealed ledger of the latest epoch decides.**

So a driver that was stopped, taken for dead and replaced can write what it likes when it wakes:
its late commits aren't in the new ledger and its own ledger is no longer read. That is a
fencing token (Kleppmann, "How to do distributed locking", 2016), checked where files are
read, because object storage checks nothing when files are written.

A driver changes the store in this order: say it in the ledger, make sure that nobody has a
later epoch, then act. Whoever takes over claims its epoch before it reads, so it sees what was
said in time, and what was said too late is never acted on.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ttsgrid.core.errors import StoreError
from ttsgrid.store.files import STAGING, Files
from ttsgrid.store.holder import Holder

FOLDER = "_epochs"
LEGACY_JOURNAL = "_compaction.json"  # of schema 2, which had no epochs
_LEDGER = re.compile(r"(\d{8}-[0-9a-f]{8})\.json")
_COMMIT = re.compile(r"e(\d{8}-[0-9a-f]{8})-(\d{8})-[0-9a-f]{16}\.parquet")
_LEGACY_COMMIT = re.compile(r"\d{8}T\d{12}Z-[0-9a-f]{8}\.parquet")
_READS = 50


def epoch_number(epoch: str) -> int:
    """Return an epoch's number; 0 for that of stores which had none."""
    return int(epoch.partition("-")[0] or 0)


def commit_name(epoch: str, number: int, units: bytes | memoryview) -> str:
    """Return a commit's file name: names sort in the order of commits and never repeat.

    It ends with the digest of the units file, whose metadata has those of the other files.
    """
    return f"e{epoch}-{number:08d}-{hashlib.sha256(units).hexdigest()[:16]}.parquet"


def is_commit(name: str) -> bool:
    """Whether a file name is a commit's, of this or an earlier version."""
    return bool(_COMMIT.fullmatch(name) or _LEGACY_COMMIT.fullmatch(name))


def place_of(name: str) -> tuple[str, int]:
    """Return a commit's epoch and number in it; ("", 0) in earlier versions."""
    found = _COMMIT.fullmatch(name)
    return (found[1], int(found[2])) if found else ("", 0)


@dataclass(frozen=True)
class Journal:
    """What a compaction that has passed its commit point replaces.

    Attributes:
        old: file names of the commits that no longer count, in every table.
        new: table to the file names that stand for them.
        staging: folder in which the new files wait until they are swapped in.
    """

    old: frozenset[str]
    new: Mapping[str, tuple[str, ...]]
    staging: str

    @staticmethod
    def of_json(content: Mapping[str, Any]) -> Journal:
        """Return a journal from its JSON; those of schema 2 name no folder."""
        new = {table: tuple(names) for table, names in content["new"].items()}
        return Journal(frozenset(content["old"]), new, content.get("staging", STAGING))

    def as_json(self) -> dict[str, Any]:
        """Return what `of_json` reads."""
        return {"old": sorted(self.old), "new": dict(self.new), "staging": self.staging}


@dataclass(frozen=True)
class Ledger:
    """What one epoch says of the store.

    Attributes:
        epoch: number and token; "" where nobody has had the store since epochs exist.
        holder: who has the epoch; None once the store was closed.
        sealed: names of the commits that count, but for the epoch's own from `next` on; None
            before the holder has looked.
        next: number of the epoch's first commit that is not in `sealed`.
        journal: a compaction that is being carried out.
    """

    epoch: str
    holder: Holder | None = None
    sealed: frozenset[str] | None = None
    next: int = 0
    journal: Journal | None = None

    def counts(self, name: str) -> bool:
        """Whether a commit counts, if its units file is there."""
        if self.sealed is None or name in self.sealed:
            return True
        epoch, number = place_of(name)
        return epoch == self.epoch and number >= self.next

    def decides_as(self, other: Ledger) -> bool:
        """Whether both say the same of which commits count."""
        return replace(self, holder=None) == replace(other, holder=None)

    def closed(self) -> Ledger:
        """Return the ledger of a store that was closed."""
        return replace(self, holder=None)

    def as_bytes(self) -> bytes:
        """Return the ledger as JSON with its digest."""
        content = {
            "holder": asdict(self.holder) if self.holder else None,
            "sealed": None if self.sealed is None else sorted(self.sealed),
            "next": self.next,
            "journal": self.journal.as_json() if self.journal else None,
        }
        return json.dumps({"ledger": content, "sha256": _digest(content)}).encode()


def ledger_path(epoch: str) -> str:
    """Return where an epoch's ledger lies."""
    return f"{FOLDER}/{epoch}.json"


def epochs(files: Files) -> list[str]:
    """Return the epochs that were claimed, latest first."""
    found = (_LEDGER.fullmatch(name) for name in files.sizes(FOLDER))
    return sorted((match[1] for match in found if match), reverse=True)


def read_ledger(files: Files, epoch: str) -> Ledger | None:
    """Return an epoch's ledger; None where it has none.

    Raises:
        StoreError: it is damaged.
    """
    path = ledger_path(epoch)
    data = files.read(path)
    if data is None:
        return None
    try:
        told = json.loads(data)
        content = told["ledger"]
        if told["sha256"] != _digest(content):
            raise ValueError("digest")
        return _ledger(epoch, content)
    except (ValueError, TypeError, KeyError) as error:
        raise _damaged(files, path) from error


def deciding_ledger(files: Files) -> Ledger:
    """Return the ledger that says which commits count.

    Raises:
        StoreError: it is damaged.
    """
    for _ in range(_READS):
        for epoch in epochs(files):
            ledger = read_ledger(files, epoch)
            if ledger is None:  # a later holder has cleared up since they were listed
                break
            if ledger.sealed is not None:
                return ledger
        else:
            return Ledger("", journal=_legacy_journal(files))
    raise StoreError(f"store {files.uri} changed hands {_READS} times while it was read")


def _ledger(epoch: str, content: Mapping[str, Any]) -> Ledger:
    holder, sealed, journal = content["holder"], content["sealed"], content["journal"]
    return Ledger(
        epoch,
        Holder(**holder) if holder else None,
        None if sealed is None else frozenset(sealed),
        content["next"],
        Journal.of_json(journal) if journal else None,
    )


def _legacy_journal(files: Files) -> Journal | None:
    data = files.read(LEGACY_JOURNAL)
    if data is None:
        return None
    try:
        return Journal.of_json(json.loads(data))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(files, LEGACY_JOURNAL) from error


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _damaged(files: Files, path: str) -> StoreError:
    return StoreError(
        f"store {files.uri}: {path} is damaged; restore it from a copy or, if no driver uses this "
        "store, delete it: what is whole then counts and the rest runs again, or name another "
        "store with store=..."
    )
