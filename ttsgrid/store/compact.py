"""Many small files to few, without a moment at which a reader is wrong.

Commits are merged in the order of their names into files of about
`target_bytes`. The steps, and what a crash after each leaves:

1. Merged files are written to the epoch's staging folder: nothing has changed; the next holder
   drops them.
2. The journal is written to the epoch's ledger: from here `ttsgrid.store.layout` reads the
   merged files. The next holder finishes the rest.
3. Table by table the merged files take the old ones' place. Locally that is one
   exchange of folders, so that plain globs too find each row once. Where a file
   system lacks it, globs may for a moment (or, after a crash, until the store is
   next opened) see whole rows twice, but never miss one.
4. The journal is taken out of the ledger.

Rows are copied as they are, failed attempts too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from ttsgrid.store.epochs import Journal, commit_name
from ttsgrid.store.files import Files, staged_path
from ttsgrid.store.integrity import flaw
from ttsgrid.store.layout import StoredCommit, commits
from ttsgrid.store.lease import Lease
from ttsgrid.store.manifest import Manifest, Part
from ttsgrid.store.parquet import Merged, merge_tables
from ttsgrid.store.schema import COMMITTED_TABLES, DATA_TABLES, TARGET_BYTES

Keep = Callable[[pa.Table], pa.Table]


@dataclass(frozen=True)
class Compaction:
    """What a compaction did: commits merged, and the commits that hold them now."""

    num_merged: int
    num_written: int


def compact_files(lease: Lease, next_number: int, target_bytes: int = TARGET_BYTES) -> Compaction:
    """Merge the commits of a store whose lease we hold.

    Args:
        lease: of the store.
        next_number: of the epoch's next commit; as many are used as are written.
        target_bytes: size at which a merged commit is closed; commits of half
            that size and more are left alone.
    """
    # Bytes are checked first: merged, a flipped bit would pass for what was written.
    groups = [
        sound
        for group in _groups(commits(lease.files), target_bytes)
        if len(sound := [commit for commit in group if not flaw(lease.files, commit)]) > 1
    ]
    rewrite(lease, groups, next_number, keep=lambda table: table)
    return Compaction(sum(len(group) for group in groups), len(groups))


def renew(lease: Lease) -> int:
    """Rewrite the commits of schema 2 as today's; return how many there were.

    Files of two schemas in one folder would be too much for tools that only glob.
    """
    earlier = [commit for commit in commits(lease.files) if commit.manifest is None]
    rewrite(lease, _filled(earlier, TARGET_BYTES), lease.ledger.next, keep=lambda table: table)
    return len(earlier)


def rewrite(
    lease: Lease, groups: Sequence[Sequence[StoredCommit]], next_number: int, keep: Keep
) -> None:
    """Put one new commit in the place of each group of commits.

    Args:
        lease: of the store.
        groups: commits that are whole.
        next_number: of the epoch's next commit.
        keep: what stays of each table of a commit.
    """
    if not groups:
        return
    files = lease.files
    new: dict[str, list[str]] = {table: [] for table in COMMITTED_TABLES}
    for number, group in enumerate(groups, next_number):
        name = _stage_merged(files, lease.epoch, number, group, keep)
        for table in {table for commit in group for table in commit.files}:
            new[table].append(name)
    old = frozenset(commit.name for group in groups for commit in group)
    journal = Journal(old, {t: tuple(names) for t, names in new.items()}, files.staging)
    there = {commit.name for commit in commits(files)}
    sealed = frozenset(there - old | set(new["units"]))
    following = next_number + len(groups)
    lease.write(replace(lease.ledger, sealed=sealed, next=following, journal=journal))
    finish_compaction(lease)


def finish_compaction(lease: Lease) -> None:
    """Carry out the ledger's journal, if there is one; safe to repeat from any point of it."""
    ledger, files = lease.ledger, lease.files
    if ledger.journal is None:
        return
    with lease.held():
        carry_out(files, ledger.journal)
    lease.write(replace(ledger, journal=None))
    for table, names in ledger.journal.new.items():
        for name in names:
            files.delete(staged_path(ledger.journal.staging, table, name))  # hard links are left


def carry_out(files: Files, journal: Journal) -> None:
    """Put a journal's new files in the place of the old ones."""
    for table in COMMITTED_TABLES:
        files.swap(table, journal.new.get(table, ()), journal.old, journal.staging)


def _groups(found: Sequence[StoredCommit], target_bytes: int) -> list[list[StoredCommit]]:
    """Return the commits to merge, group by group; only groups of two and more."""
    small = [c for c in found if c.num_bytes < target_bytes / 2 and not c.fault]
    return [group for group in _filled(small, target_bytes) if len(group) > 1]


def _filled(found: Sequence[StoredCommit], target_bytes: int) -> list[list[StoredCommit]]:
    """Return groups of about `target_bytes`, none of them empty."""
    groups: list[list[StoredCommit]] = [[]]
    num_bytes = 0
    for commit in found:
        groups[-1].append(commit)
        num_bytes += commit.num_bytes
        if num_bytes >= target_bytes:
            groups.append([])
            num_bytes = 0
    return [group for group in groups if group]


def _stage_merged(
    files: Files, epoch: str, number: int, group: Sequence[StoredCommit], keep: Keep
) -> str:
    """Write one merged commit to staging and return its name."""
    encoded: dict[str, pa.Buffer] = {}
    parts: dict[str, Part] = {}
    for table in DATA_TABLES:
        merged = _merged(files, table, group, keep)
        if merged is not None:
            encoded[table], parts[table] = merged.data, Part.of(merged.num_rows, merged.data)
    units = _merged(files, "units", group, keep, Manifest(parts).as_metadata())
    assert units is not None
    encoded["units"] = units.data
    name = commit_name(epoch, number, units.data)
    for table, data in encoded.items():
        files.put(staged_path(files.staging, table, name), data)
    return name


def _merged(
    files: Files,
    table: str,
    group: Sequence[StoredCommit],
    keep: Keep,
    metadata: Mapping[bytes, bytes] | None = None,
) -> Merged | None:
    paths = [commit.files[table].path for commit in group if table in commit.files]
    if not paths:
        return None
    return merge_tables(table, (keep(files.read_table(path)) for path in paths), metadata)
