"""What a new holder does first: say what counts, finish or undo what a crashed one left.

1. It reads what counts by the last holder's ledger, and which commits of it are damaged or gone.
2. It seals its own ledger with their names. From here the last holder's late commits don't count.
3. It finishes a compaction past its commit point, and takes the earlier holders' folders for new
   files away. From here nothing late appears in the tables of a file system.
4. Damaged commits go to quarantine (`ttsgrid.store.quarantine`). Everything else that doesn't
   count is dropped: data files whose commit never got its units file.
5. Commits of schema 2 are rewritten as today's.

Then plain `*.parquet` globs are right again. Each step may itself be cut short and
repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ttsgrid.core.tally import counted
from ttsgrid.store.committed import committed_units
from ttsgrid.store.compact import finish_compaction, renew
from ttsgrid.store.epochs import LEGACY_JOURNAL, Ledger, deciding_ledger, epoch_number, place_of
from ttsgrid.store.files import Files
from ttsgrid.store.integrity import has_footer, miscount
from ttsgrid.store.layout import StoredCommit, commit_files, commits
from ttsgrid.store.lease import Lease, Tell, clear_earlier
from ttsgrid.store.quarantine import (
    drop_scores_of_lost_blocks,
    move_aside,
    set_aside,
    set_descriptions_aside,
    uncounted,
)
from ttsgrid.store.schema import DATA_TABLES

IsSound = Callable[[Files, str], bool]


def recover(lease: Lease, tell: Tell) -> None:
    """Bring a store whose lease we hold back to whole commits and nothing else.

    Args:
        lease: of the store.
        tell: hears a sentence about each commit that was damaged or is gone.
    """
    before = deciding_ledger(lease.files)
    found = commits(lease.files)
    faults = {commit.name: fault for commit in found if (fault := miscount(lease.files, commit))}
    faults |= committed_units(lease.files).faults
    gone = missing(before, found)
    _seal(lease, before, [*(commit.name for commit in found), *gone])
    _clear_up(lease, gone, tell)
    repair_descriptions(lease, has_footer, tell)
    repair(lease, faults, gone, 0, tell)
    if renewed := renew(lease):
        tell(
            f"store {lease.files.uri}: {counted(renewed, 'commit')} of schema 2 are of schema 3 now"
        )


def repair(
    lease: Lease, faults: Mapping[str, str], gone: Sequence[str], next_number: int, tell: Tell
) -> None:
    """Set damaged commits aside, and drop the scores of blocks that were in them.

    A crash in between leaves them on the ledger, so that the next holder does it again.
    """
    if not faults and not gone:
        return
    uri = lease.files.uri
    dropped = drop_scores_of_lost_blocks(lease, next_number, faults)
    set_aside(lease, faults, gone)
    for _, fault in sorted(faults.items()):
        tell(f"store {uri}: {fault}; the commit lies in _quarantine/ now and its units run again")
    for name in gone:
        tell(f"store {uri}: commit {name} is gone; its units run again")
    if dropped.num_units:
        scoring = counted(dropped.num_units, "unit")
        tell(f"store {uri}: {scoring} that scored what is lost run again too")


def repair_descriptions(lease: Lease, is_sound: IsSound, tell: Tell) -> int:
    """Set damaged files outside commits aside; return how many."""
    with lease.held():
        damaged = set_descriptions_aside(lease.files, is_sound)
    for path in damaged:
        tell(
            f"store {lease.files.uri}: {path} is damaged; it lies in _quarantine/ now and the "
            "sweep that wrote it writes it again"
        )
    return len(damaged)


def missing(before: Ledger, found: Sequence[StoredCommit]) -> list[str]:
    """Return names of commits that a ledger counts and that are not there any more."""
    there = {commit.name for commit in found}
    gone = sorted((before.sealed or frozenset()) - there)
    places = [place_of(name) for name in there]
    own = {number for epoch, number in places if epoch == before.epoch and number >= before.next}
    skipped = set(range(before.next, max(own, default=before.next))) - own
    return gone + [f"e{before.epoch}-{number:08d}-?.parquet" for number in sorted(skipped)]


def _seal(lease: Lease, before: Ledger, names: Sequence[str]) -> None:
    ledger = replace(lease.ledger, sealed=frozenset(names), next=0, journal=before.journal)
    lease.write(ledger)
    finish_compaction(lease)
    with lease.held():
        lease.files.fence(lease.epoch)
        lease.files.delete(LEGACY_JOURNAL)
        clear_earlier(lease.files, lease.epoch)


def _clear_up(lease: Lease, gone: Sequence[str], tell: Tell) -> None:
    """Drop what doesn't count, but nothing of a later epoch: it may be on its way."""
    files = lease.files
    with lease.held():
        units = commit_files(files, "units")
        for name in sorted(uncounted(files)):
            if epoch_number(place_of(name)[0]) >= epoch_number(lease.epoch):
                continue
            if name in units:
                reason = "came from a driver that had lost the store"
                move_aside(files, name, reason)
                tell(f"store {files.uri}: commit {name} {reason}; it lies in _quarantine/ now")
            elif name in gone:
                move_aside(files, name, "its units file is gone")
            else:
                for table in DATA_TABLES:
                    files.delete(f"{table}/{name}")
