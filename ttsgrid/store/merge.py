"""Add what one store holds to another, commit by commit: every unit is there once, as it was.

What the store has stands, and what the source says of the same units is left out. Nothing is
written before it is known that the two may be one (`ttsgrid.store.conflicts`). A merge that was
cut short is repeated, and adds the rest. When all is copied, the union is counted. What one
PRM scored a little otherwise in each is told (`ttsgrid.store.rescored`).
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import asdict, dataclass

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from ttsgrid.core.errors import StoreError
from ttsgrid.store.benchmarks import BenchmarkRecord, read_benchmarks
from ttsgrid.store.commit import Store
from ttsgrid.store.committed import committed_units
from ttsgrid.store.conflicts import differing_units, refusal, require_same_graders
from ttsgrid.store.descriptions import missing_descriptions
from ttsgrid.store.files import Files
from ttsgrid.store.layout import StoredCommit, commits
from ttsgrid.store.parquet import as_today, table_of
from ttsgrid.store.places import Change, as_recorded
from ttsgrid.store.read import scan
from ttsgrid.store.rescored import Rescored, num_rejudged, refusal_of_scores, rescored
from ttsgrid.store.schema import COMMITTED_TABLES, SCHEMAS
from ttsgrid.store.versions import require_current

Attempt = tuple[str, str, int, str]
_ATTEMPT = ("unit_id", "run_id", "attempt", "status")


@dataclass(frozen=True)
class Merge:
    """What came of a source.

    Attributes:
        num_added: done units that the store lacked.
        num_in_both: done units that it had.
        num_left_out: units of the source that scored other solutions than the store's.
        rescored: what a PRM scored otherwise in each; the store's scores stand.
        num_rejudged: solutions with another verdict in each; the store's verdicts stand.
        num_points: published accuracies that the store lacked.
    """

    num_added: int
    num_in_both: int
    num_left_out: int
    rescored: Rescored | None = None
    num_rejudged: int = 0
    num_points: int = 0


def merge(
    store: Store, source: Files, keep_first: bool = False, change: Change = as_recorded
) -> Merge:
    """Add what a source holds to a store.

    Args:
        store: has the lease of its files.
        source: another store, or an export of one.
        keep_first: where both ran a unit and got other solutions, or scores too far apart for
            chance, the store's stand and what the source scored of its own solutions is left
            out; else that is refused.
        change: what is done to the source's rows on the way.

    Raises:
        StoreError: the two can't be one store, a file of the source is damaged, or what was
            written is not the union; but for the last, nothing was written.
    """
    require_current(source)
    require_same_graders(store.files, source)
    differing = differing_units(store.files, source)
    if differing and not keep_first:
        raise refusal(store.files, source, differing)
    held_points = _num_points(store.files)
    before, theirs = store.committed.done, committed_units(source).done
    scores = rescored(store.files, source, before & theirs, differing)
    if scores and not scores.is_noise and not keep_first:
        raise refusal_of_scores(store.files, source, scores)
    rejudged = num_rejudged(store.files, source, before & theirs, differing)
    # What was scored of a text that is not the store's says nothing of the store's.
    left_out = _scores_of(source, differing)
    known = _failed_attempts(store.files)
    _describe(store, source, change)
    for commit in commits(source):
        _add(store, _read(source, commit, change), left_out, known)
    _require_union(store.files, before | (theirs - left_out))
    added = theirs - before - left_out
    return Merge(
        len(added),
        len(before & theirs),
        len(left_out - before),
        scores,
        rejudged,
        _num_points(store.files) - held_points,
    )


def _num_points(files: Files) -> int:
    return int(scan(files, "points").select(pl.len()).collect().item())


def _describe(store: Store, source: Files, change: Change) -> None:
    store.describe(missing_descriptions(store.files, source, change))
    known = read_benchmarks(store.files)
    for name, record in read_benchmarks(source).items():
        if name not in known or not known[name].judges_like(record):
            (row,) = change("benchmarks", table_of("benchmarks", [asdict(record)])).to_pylist()
            store.write_benchmark(BenchmarkRecord(**row))


def _read(source: Files, commit: StoredCommit, change: Change) -> dict[str, pa.Table]:
    """Return the rows of one commit of the source, by table."""
    return {
        table: change(table, as_today(source.read_table(commit.files[table].path), SCHEMAS[table]))
        for table in COMMITTED_TABLES
        if table in commit.files
    }


def _add(store: Store, rows: dict[str, pa.Table], left_out: Set[str], known: Set[Attempt]) -> None:
    """Commit what is new of one commit of the source."""
    attempts = zip(*(rows["units"][name].to_pylist() for name in _ATTEMPT), strict=True)
    done = store.committed.done | left_out
    new = [attempt[0] not in done and attempt not in known for attempt in attempts]
    units = rows.pop("units").filter(pa.array(new, pa.bool_()))
    if units.num_rows:
        store.adopt({"units": units} | _only(rows, units["unit_id"].combine_chunks()))


def _failed_attempts(files: Files) -> frozenset[Attempt]:
    """Return the failed attempts of a store, for those that an earlier merge brought."""
    failed = scan(files, "units").filter(status="failed").select(_ATTEMPT).collect()
    return frozenset(failed.iter_rows())


def _only(data: Mapping[str, pa.Table], units: pa.Array) -> dict[str, pa.Table]:
    return {name: rows.filter(pc.is_in(rows["unit_id"], units)) for name, rows in data.items()}


def _scores_of(source: Files, blocks: Set[str]) -> frozenset[str]:
    if not blocks:
        return frozenset()
    found = scan(source, "scores").filter(pl.col("block_id").is_in(list(blocks)))
    return frozenset(found.select("unit_id").unique().collect()["unit_id"])


def _require_union(files: Files, expected: Set[str]) -> None:
    """Check that a store has done these units and no others, and each row once.

    Raises:
        StoreError: it has not.
    """
    units = scan(files, "units").filter(status="done").select("unit_id").collect()["unit_id"]
    if len(units) != len(expected) or set(units) != expected:
        raise StoreError(f"store {files.uri} is not the union of what was merged; merge again")
    for table in ("solutions", "scores"):
        rows = scan(files, table).select("unit_id", "sample")
        twice = rows.filter(pl.struct("unit_id", "sample").is_duplicated()).head(1).collect()
        if twice.height:
            unit = twice["unit_id"][0]
            raise StoreError(f"store {files.uri} holds unit {unit} twice in table {table}")
