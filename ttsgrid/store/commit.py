"""The store as its one driver sees it: open, commit, close.

A commit takes a group of finished units, all or none: their solutions and scores
first, each table one file, and the units file last, which is what makes them
count (`ttsgrid.store.layout`). So groups may be small for safety or large for
speed; a crash loses at most the group in hand.

A unit is done once: results of a unit that is already done are dropped, however
often they arrive. What is committed is never rewritten, but for compaction.

The name of a commit begins with the epoch of its driver. A driver that was taken over is told
so at its next commit, and what it writes doesn't count (`ttsgrid.store.epochs`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType

import pyarrow as pa

from ttsgrid.core.errors import StoreError
from ttsgrid.core.records import Problem
from ttsgrid.store.benchmarks import BenchmarkRecord, write_benchmark
from ttsgrid.store.catalogue import ModelRecord, write_models, write_problems
from ttsgrid.store.committed import CommittedUnits, committed_units
from ttsgrid.store.compact import Compaction, compact_files
from ttsgrid.store.epochs import commit_name, epoch_number
from ttsgrid.store.files import Files
from ttsgrid.store.integrity import flaw, is_whole
from ttsgrid.store.layout import commits
from ttsgrid.store.lease import TTL_S, Lease, Tell, no_news
from ttsgrid.store.location import StorePath, locate
from ttsgrid.store.manifest import Manifest, Part
from ttsgrid.store.parquet import encode_table, table_of
from ttsgrid.store.points import Point, write_points
from ttsgrid.store.recover import recover, repair, repair_descriptions
from ttsgrid.store.rows import Commit, Row, score_rows, solution_rows, unit_row
from ttsgrid.store.schema import DATA_TABLES, TARGET_BYTES
from ttsgrid.store.trouble import said_of_storage
from ttsgrid.store.versions import require_current

MANY_COMMITS = 300
"""After so many commits small files are merged; a commit a second makes them in five minutes."""

_DATA_ROWS: dict[str, Callable[[Commit], Iterable[Row]]] = {
    "solutions": solution_rows,
    "scores": score_rows,
}


class Store:
    """A results store that this process holds; a context manager.

    Not for several threads at once. Open it with `Store.open`.
    """

    def __init__(self, files: Files, run_id: str, lease: Lease) -> None:
        self.files = files
        self.run_id = run_id
        self._lease = lease
        self._next = lease.ledger.next
        self._broken = False
        self._since_compaction = 0
        held = committed_units(files)
        self._done = set(held.done)
        self._failed = dict(held.failed)

    @classmethod
    def open(
        cls, path: StorePath, *, run_id: str, ttl_s: float = TTL_S, tell: Tell = no_news
    ) -> Store:
        """Take the store's lease, clear up after a crash, and read what it holds.

        Args:
            path: a folder (made if absent), a URI such as `s3://bucket/run`, or files.
            run_id: names this run in table `units` and in the lease.
            ttl_s: silence, in seconds, after which drivers on other machines may take this
                one for dead.
            tell: hears sentences about what was damaged, and about what is waited for.

        Raises:
            StoreBusyError: another live driver holds it.
            StoreError: another version of ttsgrid wrote it.
        """
        files = locate(path)
        require_current(files)
        with said_of_storage(files.uri):
            lease = Lease.acquire(files, run_id, ttl_s, tell)
        try:
            lease.keep_alive()
            require_current(files)  # by now another may have written to it
            with said_of_storage(files.uri):
                recover(lease, tell)
            return cls(lease.files, run_id, lease)
        except BaseException:  # Ctrl-C too: in a notebook this process lives on and would hold it
            lease.release()
            raise

    @property
    def committed(self) -> CommittedUnits:
        """What the store holds now, without reading it again."""
        return CommittedUnits(frozenset(self._done), dict(self._failed))

    def commit(self, group: Sequence[Commit]) -> int:
        """Commit finished units together, done or failed; return how many were new.

        Units that are done already, here or earlier in the group, are dropped.

        Raises:
            StoreError: this process lost its lease; nothing was committed.
        """
        fresh = self._fresh(group)
        if not fresh:
            return 0
        with self._writing():
            tables = self._tables(fresh)
            self._write(tables["units"], tables)
        for item in fresh:
            self._remember(item.unit.id, item.result.error)
        self._since_compaction += 1
        if self._since_compaction >= MANY_COMMITS:
            self.compact()
        return len(fresh)

    def adopt(self, tables: Mapping[str, pa.Table]) -> None:
        """Commit rows that another store holds, whole units of them.

        Args:
            tables: `units` and, of the done ones, `solutions` and `scores`, in today's schema.
                Units that are done here must not be among them.

        Raises:
            StoreError: this process lost its lease; nothing was committed.
        """
        with self._writing():
            self._write(self._as_own(tables["units"]), tables)
        rows = (tables["units"][name].to_pylist() for name in ("unit_id", "status", "error"))
        for unit_id, status, error in zip(*rows, strict=True):
            self._remember(unit_id, error if status == "failed" else None)

    def write_problems(self, problems: Iterable[Problem]) -> int:
        """Add the problems that the store lacks; return how many were added."""
        with self._describing():
            return write_problems(self.files, problems)

    def write_models(self, models: Iterable[ModelRecord]) -> None:
        """Describe the models of this run; the latest description of a model stands."""
        with self._describing():
            write_models(self.files, models)

    def write_benchmark(self, record: BenchmarkRecord) -> None:
        """Say who judges the answers of a benchmark; see `ttsgrid.store.benchmarks`."""
        with self._describing():
            write_benchmark(self.files, record)

    def write_points(self, points: Sequence[Point]) -> None:
        """Add published accuracies; those of the same source are replaced."""
        with self._describing():
            write_points(self.files, points)

    def describe(self, described: Mapping[str, pa.Buffer]) -> None:
        """Add files that describe, as `ttsgrid.store.descriptions` makes them, by their paths."""
        with self._describing():
            for path, data in described.items():
                self.files.put(path, data)

    def compact(self, target_bytes: int = TARGET_BYTES) -> Compaction:
        """Merge small files into files of about `target_bytes`; see `compact_files`."""
        with self._writing():
            compaction = compact_files(self._lease, self._next, target_bytes)
            self._next += compaction.num_written
        self._since_compaction = 0
        return compaction

    def verify(self, tell: Tell = no_news) -> int:
        """Read every byte, and set aside what is not as it was written.

        Args:
            tell: hears a sentence about each.

        Returns:
            How many commits, and files outside commits, were set aside.
        """
        with self._writing():
            found = commits(self.files)
            faults = {c.name: fault for c in found if (fault := flaw(self.files, c))}
            repair(self._lease, faults, (), self._next, tell)
            self._next = max(self._next, self._lease.ledger.next)
            described = repair_descriptions(self._lease, is_whole, tell)
        return len(faults) + described

    def close(self) -> None:
        """Give the lease back; the store may be opened again at once."""
        self._lease.release()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _fresh(self, group: Sequence[Commit]) -> list[Commit]:
        """Return one commit per unit that is not done yet; a done one beats a failed one."""
        chosen: dict[str, Commit] = {}
        for item in group:
            unit_id = item.unit.id
            known = chosen.get(unit_id)
            if unit_id not in self._done and not (known and known.done):
                chosen[unit_id] = item
        return list(chosen.values())

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Write nothing more after a write that failed: it may have landed all the same."""
        if self._broken:
            raise StoreError(f"store {self.files.uri} failed before; open it again")
        self._broken = True
        with said_of_storage(self.files.uri), self._lease.held():
            yield
        self._broken = False

    @contextmanager
    def _describing(self) -> Iterator[None]:
        with said_of_storage(self.files.uri), self._lease.held():
            yield

    def _write(self, units: pa.Table, tables: Mapping[str, pa.Table]) -> None:
        """Write one commit, its units file last."""
        encoded: dict[str, pa.Buffer] = {}
        parts: dict[str, Part] = {}
        for table in DATA_TABLES:
            if num_rows := tables[table].num_rows if table in tables else 0:
                encoded[table] = encode_table(table, tables[table])
                parts[table] = Part.of(num_rows, encoded[table])
        encoded["units"] = encode_table("units", units, Manifest(parts).as_metadata())
        name = commit_name(self._lease.epoch, self._next, encoded["units"])
        for table, data in encoded.items():
            self.files.put(f"{table}/{name}", data)
        self._next += 1

    def _tables(self, fresh: Sequence[Commit]) -> dict[str, pa.Table]:
        """Return the rows of finished units, by table."""
        epoch, now = epoch_number(self._lease.epoch), datetime.now(UTC)
        units = [unit_row(item, self.run_id, now, epoch, self._next) for item in fresh]
        data = {
            name: [row for item in fresh for row in of(item)] for name, of in _DATA_ROWS.items()
        }
        return {name: table_of(name, rows) for name, rows in ({"units": units} | data).items()}

    def _as_own(self, units: pa.Table) -> pa.Table:
        """Return rows of table `units` with the place of this store's next commit."""
        place = {"epoch": epoch_number(self._lease.epoch), "commit_number": self._next}
        for name, number in place.items():
            column = pa.array([number] * units.num_rows, pa.int64())
            units = units.set_column(units.schema.get_field_index(name), name, column)
        return units

    def _remember(self, unit_id: str, error: str | None) -> None:
        if error is None:
            self._done.add(unit_id)
            self._failed.pop(unit_id, None)
        else:
            self._failed[unit_id] = error
