"""Many small files to few, without a moment at which a reader is wrong.

Commits are merged in the order of their names into files of about
`target_bytes`. The steps, and what a crash after each leaves:

1. Merged files are written to `_staging/`: nothing has changed; the next holder
   drops them.
2. The journal is written: from here `ttsgrid.store.layout.snapshot` reads the
   merged files. The next holder finishes the rest.
3. Table by table the merged files take the old ones' place. Locally that is one
   exchange of folders, so that plain globs too find each row once. Where a file
   system lacks it, globs may for a moment (or, after a crash, until the store is
   next opened) see whole rows twice, but never miss one.
4. The journal is deleted.

Rows are copied as they are, failed attempts too.
"""

from __future__ import annotations

from dataclasses import dataclass

from ttsgrid.store.files import Files, staged_path
from ttsgrid.store.layout import JOURNAL, Journal, commit_files, new_file_name
from ttsgrid.store.parquet import merge_tables
from ttsgrid.store.recover import finish_compaction
from ttsgrid.store.schema import COMMITTED_TABLES

TARGET_BYTES = 128 * 2**20


@dataclass(frozen=True)
class Compaction:
    """What a compaction did: commits merged, and the commits that hold them now."""

    num_merged: int
    num_written: int


def compact_files(files: Files, target_bytes: int = TARGET_BYTES) -> Compaction:
    """Merge the commits of a store whose lease we hold.

    Args:
        files: the store.
        target_bytes: size at which a merged commit is closed; commits of half
            that size and more are left alone.
    """
    sizes = {table: commit_files(files, table) for table in COMMITTED_TABLES}
    new: dict[str, list[str]] = {table: [] for table in COMMITTED_TABLES}
    groups = _groups(sizes, target_bytes)
    for group in groups:
        _stage_merged(files, group, sizes, new)
    if groups:
        old = frozenset(name for group in groups for name in group)
        journal = Journal(old, {table: tuple(names) for table, names in new.items()})
        files.put(JOURNAL, journal.as_bytes())
        finish_compaction(files)
    return Compaction(sum(len(group) for group in groups), len(groups))


def _groups(sizes: dict[str, dict[str, int]], target_bytes: int) -> list[list[str]]:
    """Return the commits to merge, group by group; only groups of two and more."""
    groups: list[list[str]] = [[]]
    filled = 0
    for name in sorted(sizes["units"]):
        size = sum(of_table.get(name, 0) for of_table in sizes.values())
        if size >= target_bytes / 2:
            continue
        groups[-1].append(name)
        filled += size
        if filled >= target_bytes:
            groups.append([])
            filled = 0
    return [group for group in groups if len(group) > 1]


def _stage_merged(
    files: Files,
    group: list[str],
    sizes: dict[str, dict[str, int]],
    new: dict[str, list[str]],
) -> None:
    """Write one merged commit to `_staging/` and note its files in `new`."""
    merged = new_file_name()
    for table in COMMITTED_TABLES:
        present = [name for name in group if name in sizes[table]]
        if not present:
            continue
        parts = (files.read_table(f"{table}/{name}") for name in present)
        files.put(staged_path(table, merged), merge_tables(table, parts))
        new[table].append(merged)
