"""One driver per store: a claim to the next epoch, kept alive, seen by all, given back.

A store is free when its holder closed it, or when its holder is dead. A holder on this machine is
dead when its process is gone, also after SIGKILL, and a reused process id fools nobody. Of a
holder on another machine only its beats are seen: a file that it rewrites. It is dead when that
file has not changed for as long as the holder said it may be silent, **measured by whoever waits,
on its own monotonic clock**, as DynamoDB's lock client does: clocks of two machines are never
compared.

Claiming needs no lock and no conditional write. A claim is a file whose name nobody else has.
Whoever finds, after its own is there, another claim of the same number or a later one, takes
its own back and tries again: of two who claim together at least one sees the other.

A holder that was taken over learns it before and after each commit and stops with an error.
What it wrote by then doesn't count (`ttsgrid.store.epochs`).
"""

from __future__ import annotations

import json
import os
import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from ttsgrid.core.errors import StoreBusyError, StoreError
from ttsgrid.store.epochs import (
    FOLDER,
    Ledger,
    epoch_number,
    epochs,
    ledger_path,
    read_ledger,
)
from ttsgrid.store.files import Files
from ttsgrid.store.holder import Holder

TTL_S = 60.0
_BEATS_PER_TTL = 12  # so a live holder is known for one after a twelfth of its silence
_LEGACY = "_lease.json"  # of schema 2, which had no epochs
_TRIES = 60
Tell = Callable[[str], None]


def no_news(sentence: str) -> None:
    """Tell nobody."""


@dataclass
class Lease:
    """A claimed epoch; `keep_alive` shows that its holder lives, until `release`.

    Attributes:
        files: the store's, as this epoch writes them.
        ledger: what the epoch says, as last written.
    """

    files: Files
    ledger: Ledger
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @staticmethod
    def acquire(files: Files, run_id: str, ttl_s: float = TTL_S, tell: Tell = no_news) -> Lease:
        """Claim the next epoch of a store.

        Args:
            files: the store.
            run_id: names this run.
            ttl_s: silence, in seconds, after which other machines may take this holder for dead.
            tell: hears that a holder on another machine is waited for.

        Raises:
            StoreBusyError: a live driver holds it; the message says which.
        """
        for _ in range(_TRIES):
            latest = _latest(files)
            if all(_is_free(files, ledger, tell) for ledger in latest):
                holder = Holder.me(run_id, time.time(), ttl_s)
                if lease := _claim(files, epoch_number(latest[0].epoch) + 1, holder):
                    return lease
            time.sleep(random.uniform(0.02, 0.3))  # so that two don't collide for ever
        raise StoreBusyError(f"store {files.uri}: other drivers start on it; try again later")

    @property
    def epoch(self) -> str:
        """The epoch that was claimed."""
        return self.ledger.epoch

    def keep_alive(self) -> None:
        """Start the thread that beats."""
        self._thread = threading.Thread(target=self._beat, name="ttsgrid-lease", daemon=True)
        self._thread.start()

    def write(self, ledger: Ledger) -> None:
        """Replace what this epoch says, and make sure that nobody has a later one.

        Raises:
            StoreError: somebody has: then it decides nothing, and must not be acted on.
        """
        with self.held():
            self.files.put(ledger_path(self.epoch), ledger.as_bytes())
            self.ledger = ledger

    @contextmanager
    def held(self) -> Iterator[None]:
        """Make sure, before and after the block, that this process holds the store.

        Raises:
            StoreError: it was taken over; what the block wrote doesn't count.
        """
        self.check()
        try:
            yield
        except OSError:
            self.check()  # whoever took over has taken our folder for new files away
            raise
        self.check()

    def check(self) -> None:
        """Make sure that this process still holds the store.

        Raises:
            StoreError: it was taken over, or this is a fork of the holder.
        """
        holder = self.ledger.holder
        assert holder is not None
        # A fork has a copy of this object and no thread that keeps the lease alive.
        if os.getpid() != holder.pid:
            raise StoreError(f"store {self.files.uri} belongs to process {holder.pid}")
        claimed = epochs(self.files)
        # A rival of the same number has seen this claim, and takes its own back.
        later = [e for e in claimed if epoch_number(e) > epoch_number(self.epoch)]
        if later:
            by = read_ledger(self.files, later[0])
            raise StoreError(
                f"store {self.files.uri} was taken over by {by.holder if by else 'nobody known'}: "
                "this driver was silent for too long; what it had not committed is left to the "
                "other"
            )
        if self.epoch not in claimed:
            raise StoreError(
                f"store {self.files.uri} was moved or deleted while this driver wrote to it "
                f"({ledger_path(self.epoch)} is gone); put it back, or name another folder with "
                "store=..., and give the same command again"
            )

    def release(self) -> None:
        """Give the store back, if it is still ours."""
        holder = self.ledger.holder
        if holder is None or os.getpid() != holder.pid:
            return
        self._stop.set()
        if self._thread:
            self._thread.join()
        with suppress(StoreError, OSError):  # taken over, or out of reach: no longer ours to free
            self.check()
            self.files.put(ledger_path(self.epoch), self.ledger.closed().as_bytes())
        self.ledger = self.ledger.closed()
        with suppress(OSError):
            self.files.delete(_beat_path(self.epoch))
            self.files.close_staging()

    def _beat(self) -> None:
        assert self.ledger.holder is not None
        every_s, beats = self.ledger.holder.ttl_s / _BEATS_PER_TTL, 0
        while not self._stop.wait(every_s):
            beats += 1
            with suppress(OSError):  # storage is away for a moment: the next beat may get through
                self.files.put(_beat_path(self.epoch), str(beats).encode())


def read_holder(files: Files) -> Holder | None:
    """Return who holds the store, dead or alive; None when nobody does."""
    found = _latest(files)
    return next((one for one in found if one.sealed is not None), found[0]).holder


def clear_earlier(files: Files, epoch: str) -> None:
    """Drop the ledgers and beats of earlier epochs: a sealed later one decides."""
    earlier = [name for name in files.sizes(FOLDER) if name[:8] < epoch[:8]]
    for name in earlier:
        files.delete(f"{FOLDER}/{name}")
    files.delete(_LEGACY)


def _latest(files: Files) -> list[Ledger]:
    """Return the ledgers of the latest claim, sealed or not; at least one.

    Two have its number where a driver was killed before it took its own back.
    """
    found: list[Ledger] = []
    for epoch in epochs(files):
        if found and epoch_number(epoch) != epoch_number(found[0].epoch):
            break
        if ledger := read_ledger(files, epoch):
            found.append(ledger)
    return found or [Ledger("", _legacy_holder(files))]


def _claim(files: Files, number: int, holder: Holder) -> Lease | None:
    """Return a lease on the epoch of that number, or None where somebody else was there."""
    ledger = Ledger(f"{number:08d}-{secrets.token_hex(4)}", holder)
    own = files.of_epoch(ledger.epoch)
    try:
        own.put(ledger_path(ledger.epoch), ledger.as_bytes())
    except FileNotFoundError:  # this process slept, and whoever came has cleared its folder away
        return None
    rivals = [e for e in epochs(files) if epoch_number(e) >= number and e != ledger.epoch]
    if not rivals:
        return Lease(own, ledger)
    own.delete(ledger_path(ledger.epoch))
    own.close_staging()
    return None


def _is_free(files: Files, latest: Ledger, tell: Tell) -> bool:
    """Whether the holder of a latest epoch is dead; False to look again in a moment.

    Raises:
        StoreBusyError: it lives, and has the store.
    """
    holder = latest.holder
    if holder is None:
        return True
    if not holder.is_here:
        return _stays_silent(files, latest, holder, tell)
    if not holder.is_running:
        return True
    if latest.epoch and latest.sealed is None:  # it may find a rival yet, and go
        return False
    raise _busy(files, holder)


def _stays_silent(files: Files, latest: Ledger, holder: Holder, tell: Tell) -> bool:
    """Watch a holder on another machine for as long as it may be silent."""
    tell(
        f"store {files.uri} was last used by {holder}, on another machine; waiting up to "
        f"{holder.ttl_s:g} s to see whether it lives"
    )
    heard, since = _beats(files, latest), time.monotonic()
    while time.monotonic() - since < holder.ttl_s:
        time.sleep(min(1.0, holder.ttl_s / _BEATS_PER_TTL))
        if latest not in _latest(files):
            return False
        if _beats(files, latest) != heard:
            raise _busy(files, holder)
    return True


def _beats(files: Files, ledger: Ledger) -> bytes | None:
    return files.read(_beat_path(ledger.epoch) if ledger.epoch else _LEGACY)


def _beat_path(epoch: str) -> str:
    return f"{FOLDER}/{epoch}.beat"


def _legacy_holder(files: Files) -> Holder | None:
    """Return who holds a store of schema 2.

    Raises:
        StoreError: its lease is damaged.
    """
    data = files.read(_LEGACY)
    if data is None:
        return None
    try:
        told = json.loads(data)
        names = ("host", "machine", "pid", "process_start", "run_id", "since")
        return Holder(**{name: told[name] for name in names}, ttl_s=TTL_S)
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(
            f"{files.uri}/{_LEGACY} is damaged; delete it if no driver uses this store"
        ) from error


def _busy(files: Files, holder: Holder) -> StoreBusyError:
    return StoreBusyError(
        f"store {files.uri} is in use by {holder}; wait for it, stop it, "
        "or choose another folder with store=..."
    )
