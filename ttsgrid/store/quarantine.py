"""Damaged commits, set aside: out of every reader's sight, and kept for whoever wants to look.

Their files go to `_quarantine/`, with the reason beside them. Their units are then missing, so
the next sweep runs them. Scores of a block that went with its commit go too: the block will be
sampled anew, and what a PRM said of other texts must not stand beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from ttsgrid.store.compact import rewrite
from ttsgrid.store.files import Files
from ttsgrid.store.layout import StoredCommit, commit_files, commits, snapshot
from ttsgrid.store.lease import Lease
from ttsgrid.store.schema import COMMITTED_TABLES, DATA_TABLES, SCHEMAS

FOLDER = "_quarantine"


def set_aside(lease: Lease, faults: Mapping[str, str], gone: Sequence[str] = ()) -> None:
    """Take damaged commits, and those that are gone, off the ledger; move what is there away.

    Args:
        lease: of the store.
        faults: what is wrong, by the commit's name.
        gone: names of commits that the ledger still counts.
    """
    ledger = lease.ledger
    assert ledger.sealed is not None
    lease.write(replace(ledger, sealed=ledger.sealed - faults.keys() - set(gone)))
    for name, fault in sorted(faults.items()):
        move_aside(lease.files, name, fault)


def move_aside(files: Files, name: str, reason: str) -> None:
    """Move a commit's files to `_quarantine/`, the units file last: until then it is one."""
    said = f"{FOLDER}/{name.removesuffix('.parquet')}.txt"
    if files.read(said) is None:
        files.put(said, f"{reason}\n".encode())
    for table in (*DATA_TABLES, "units"):
        if name in files.sizes(table):
            files.move(f"{table}/{name}", f"{FOLDER}/{table}+{name}")


def set_descriptions_aside(files: Files, is_sound: Callable[[Files, str], bool]) -> list[str]:
    """Move damaged files of the tables outside commits away; return what they were called.

    Problems, models and benchmarks are written again by the next sweep.
    """
    damaged = [
        file.path
        for table in SCHEMAS.keys() - set(COMMITTED_TABLES)
        for file in snapshot(files, table)
        if not is_sound(files, file.path)
    ]
    for path in damaged:
        files.move(path, f"{FOLDER}/{path.replace('/', '+')}")
    return sorted(damaged)


@dataclass(frozen=True)
class Dropped:
    """Units that were dropped, and the commits written without them."""

    num_units: int
    num_commits: int


def drop_scores_of_lost_blocks(lease: Lease, next_number: int, lost: Collection[str]) -> Dropped:
    """Drop units that scored blocks which no commit has any more.

    Args:
        lease: of the store.
        next_number: of the epoch's next commit.
        lost: names of commits that are damaged, and will be set aside.
    """
    found = [commit for commit in commits(lease.files) if commit.name not in lost]
    done = _ids(lease.files, [commit.files["units"].path for commit in found], "unit_id")
    groups: list[list[StoredCommit]] = []
    orphans: set[str] = set()
    for commit in found:
        if "scores" not in commit.files:
            continue
        scores = lease.files.read_columns(commit.files["scores"].path, ("unit_id", "block_id"))
        stale = scores.filter(pc.invert(pc.is_in(scores["block_id"], value_set=done)))
        if stale.num_rows:
            groups.append([commit])
            orphans |= set(stale["unit_id"].to_pylist())
    gone = pa.array(sorted(orphans), pa.string())
    rewrite(
        lease,
        groups,
        next_number,
        keep=lambda table: table.filter(pc.invert(pc.is_in(table["unit_id"], value_set=gone))),
    )
    return Dropped(len(orphans), len(groups))


def num_set_aside(files: Files) -> int:
    """Return how many commits lie in quarantine."""
    return sum(name.endswith(".txt") for name in files.sizes(FOLDER))


def _ids(files: Files, paths: list[str], column: str) -> pa.Array:
    tables = [files.read_columns(path, (column,)) for path in paths]
    return (
        pa.concat_tables(tables)[column].combine_chunks() if tables else pa.array([], pa.string())
    )


def uncounted(files: Files) -> set[str]:
    """Return names of commits, or parts of one, that lie in a table and don't count."""
    there = {name for table in COMMITTED_TABLES for name in commit_files(files, table)}
    return there - {commit.name for commit in commits(files)}
