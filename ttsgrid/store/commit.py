"""The store as its one driver sees it: open, commit, close.

A commit takes a group of finished units, all or none: their solutions and scores
first, each table one file, and the units file last, which is what makes them
count (`ttsgrid.store.layout`). So groups may be small for safety or large for
speed; a crash loses at most the group in hand.

A unit is done once: results of a unit that is already done are dropped, however
often they arrive. What is committed is never rewritten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from types import TracebackType

from ttsgrid.core.records import Problem
from ttsgrid.store.benchmarks import BenchmarkRecord, write_benchmark
from ttsgrid.store.catalogue import ModelRecord, write_models, write_problems
from ttsgrid.store.committed import CommittedUnits, committed_units
from ttsgrid.store.compact import TARGET_BYTES, Compaction, compact_files
from ttsgrid.store.files import Files
from ttsgrid.store.layout import new_file_name
from ttsgrid.store.lease import TTL_S, Lease
from ttsgrid.store.location import StorePath, locate
from ttsgrid.store.parquet import encode_rows
from ttsgrid.store.points import Point, write_points
from ttsgrid.store.recover import recover
from ttsgrid.store.rows import Commit, Row, score_rows, solution_rows, unit_row
from ttsgrid.store.versions import require_current

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
        held = committed_units(files)
        self._done = set(held.done)
        self._failed = dict(held.failed)

    @classmethod
    def open(cls, path: StorePath, *, run_id: str, ttl_s: float = TTL_S) -> Store:
        """Take the store's lease, clear up after a crash, and read what it holds.

        Args:
            path: a folder (made if absent), a URI such as `s3://bucket/run`, or files.
            run_id: names this run in table `units` and in the lease.
            ttl_s: heartbeat age, in seconds, at which a holder on another machine
                counts as dead.

        Raises:
            StoreBusyError: another live driver holds it.
            StoreError: another version of ttsgrid wrote it.
        """
        files = locate(path)
        lease = Lease.acquire(files, run_id, ttl_s)
        try:
            require_current(files)
            recover(files)
            store = cls(files, run_id, lease)
        except BaseException:  # Ctrl-C too: in a notebook this process lives on and would hold it
            lease.release()
            raise
        lease.keep_alive()
        return store

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
        self._lease.check()
        self._write(fresh)
        for item in fresh:
            self._remember(item)
        return len(fresh)

    def write_problems(self, problems: Iterable[Problem]) -> int:
        """Add the problems that the store lacks; return how many were added."""
        self._lease.check()
        return write_problems(self.files, problems)

    def write_models(self, models: Iterable[ModelRecord]) -> None:
        """Describe the models of this run; the latest description of a model stands."""
        self._lease.check()
        write_models(self.files, models)

    def write_benchmark(self, record: BenchmarkRecord) -> None:
        """Say who judges the answers of a benchmark; see `ttsgrid.store.benchmarks`."""
        self._lease.check()
        write_benchmark(self.files, record)

    def write_points(self, points: Sequence[Point]) -> None:
        """Add published accuracies; those of the same source are replaced."""
        self._lease.check()
        write_points(self.files, points)

    def compact(self, target_bytes: int = TARGET_BYTES) -> Compaction:
        """Merge small files into files of about `target_bytes`; see `compact_files`."""
        self._lease.check()
        return compact_files(self.files, target_bytes)

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

    def _write(self, fresh: list[Commit]) -> None:
        name, now = new_file_name(), datetime.now(UTC)
        encoded = {"units": encode_rows("units", [unit_row(c, self.run_id, now) for c in fresh])}
        for table, rows_of in _DATA_ROWS.items():
            if rows := [row for item in fresh for row in rows_of(item)]:
                encoded[table] = encode_rows(table, rows)
        for table in (*_DATA_ROWS, "units"):
            if table in encoded:
                self.files.put(f"{table}/{name}", encoded[table])

    def _remember(self, item: Commit) -> None:
        if item.result.error is None:
            self._done.add(item.unit.id)
            self._failed.pop(item.unit.id, None)
        else:
            self._failed[item.unit.id] = item.result.error
