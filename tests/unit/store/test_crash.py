"""SIGKILL at any instant: every unit exactly once, whole, for every reader.

Real processes on real folders. Some are killed at random instants, others just
before each single change of the disk that a job makes.
"""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow.parquet
import pytest

from tests.unit.store.driver import (
    PROCESSES,
    commit_forever,
    commit_groups,
    compact,
    compact_one_by_one,
    die_before_change,
    failed,
    glob,
    group_of,
    run_to_death,
    sampled,
)
from ttsgrid.store import LocalFiles, Store, committed_units, scan

KILLED = -9
TABLES = ("units", "solutions", "scores")


@pytest.fixture(autouse=True)
def _unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the disk: a killed process, unlike a power cut, loses nothing unsynced."""
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


def assert_exactly_once(path: Path, num_groups: int) -> None:
    """Every unit and row of the groups is there once, for plain globs and for `scan`."""
    wanted = {item.unit.id for number in range(num_groups) for item in group_of(number)}
    for units in (glob(path, "units"), scan(path, "units").collect()):
        assert sorted(units["unit_id"]) == sorted(wanted)
    for solutions in (glob(path, "solutions"), scan(path, "solutions").collect()):
        assert len(solutions) == 8 * num_groups
        assert_whole_units(solutions)
    for scores in (glob(path, "scores"), scan(path, "scores").collect()):
        assert len(scores) == 4 * num_groups
        assert_whole_units(scores)
    assert committed_units(path).done == wanted


def assert_whole_units(rows: pl.DataFrame) -> None:
    """Whatever units are there have all their samples, each once."""
    per_unit = rows.group_by("unit_id").agg(pl.col("sample").sort())
    assert all(samples == [0, 1, 2, 3] for samples in per_unit["sample"].to_list())


def assert_no_torn_file(path: Path) -> None:
    for file in path.glob("*/*.parquet"):
        pyarrow.parquet.read_table(file)


def num_groups(path: Path) -> int:
    return len(committed_units(path).done) // 3


def test_a_driver_killed_at_random_instants_leaves_every_unit_exactly_once(tmp_path: Path) -> None:
    random.seed(7)
    kills, grown = 0, 0
    # On a busy machine a driver may not get to its first commit before it is killed.
    while kills < 20 or (grown <= 5 and kills < 200):
        process = PROCESSES.Process(target=commit_forever, args=(tmp_path,))
        process.start()
        time.sleep(random.uniform(0.02, 0.25))
        process.kill()
        process.join()
        kills += process.exitcode == KILLED
        assert_no_torn_file(tmp_path)
        for table in ("solutions", "scores"):
            assert_whole_units(glob(tmp_path, table))
        assert num_groups(tmp_path) >= grown
        grown = num_groups(tmp_path)
    assert grown > 5
    with Store.open(tmp_path, run_id="last"):
        pass
    assert_exactly_once(tmp_path, grown)


def test_a_commit_killed_before_any_change_of_the_disk_is_whole_or_absent(tmp_path: Path) -> None:
    seen = set()
    for change in range(200):
        path = tmp_path / str(change)
        commit_groups(path, 0, 1)
        code = run_to_death(die_before_change, change, commit_groups, path, 1, 2)
        assert_no_torn_file(path)
        assert_whole_units(glob(path, "solutions"))
        assert num_groups(path) in (1, 2)
        seen.add(num_groups(path))
        commit_groups(path, 0, 3)
        assert_exactly_once(path, 3)
        if code == 0:
            break
        assert code == KILLED
    assert code == 0, "the job never ran to its end"
    assert change > 10
    assert seen == {1, 2}


def kill_everywhere(tmp_path: Path, job: Callable[[Path], None]) -> list[int]:
    """Kill a compaction before each change; return rows that globs saw after each kill."""
    rows_seen = []
    commit_groups(tmp_path / "begun", 0, 3)
    for change in range(200):
        path = tmp_path / str(change)
        shutil.copytree(tmp_path / "begun", path)
        code = run_to_death(die_before_change, change, job, path)
        assert_no_torn_file(path)
        frames = {table: scan(path, table).collect() for table in TABLES}
        assert [len(frames[t]) for t in TABLES] == [9, 24, 12]
        assert_whole_units(frames["solutions"])
        assert num_groups(path) == 3
        rows_seen.append(len(glob(path, "solutions")))
        commit_groups(path, 0, 4)
        compact(path)
        assert_exactly_once(path, 4)
        if code == 0:
            return rows_seen
        assert code == KILLED
    pytest.fail("the compaction never ran to its end")


def test_a_compaction_killed_before_any_change_loses_and_doubles_nothing(tmp_path: Path) -> None:
    rows_seen = kill_everywhere(tmp_path, compact)
    assert len(rows_seen) > 30
    assert set(rows_seen) == {24}  # even to a reader that knows nothing of compaction


def test_without_folder_exchange_a_killed_compaction_still_loses_nothing(tmp_path: Path) -> None:
    rows_seen = kill_everywhere(tmp_path, compact_one_by_one)
    assert len(rows_seen) > 30
    assert min(rows_seen) == 24
    assert max(rows_seen) == 48  # as documented: globs may meet whole rows twice


def test_orphans_of_a_crashed_commit_are_gone_after_the_next_open(tmp_path: Path) -> None:
    commit_groups(tmp_path, 0, 2)
    newest = max((tmp_path / "units").iterdir())
    newest.unlink()  # as if killed just before the last rename
    assert len(glob(tmp_path, "solutions")) == 16
    assert len(scan(tmp_path, "solutions").collect()) == 8
    with Store.open(tmp_path, run_id="next"):
        assert len(glob(tmp_path, "solutions")) == 8


def test_compaction_keeps_failed_attempts_and_large_files(tmp_path: Path) -> None:
    with Store.open(tmp_path, run_id="r") as store:
        store.commit([failed(0)])
        store.commit([sampled(0), sampled(1)])
        store.commit([sampled(2)])
        largest = max(sum(LocalFiles(tmp_path).sizes(t).values()) for t in TABLES)
        before = sorted(glob(tmp_path, "units").rows())
        store.compact(target_bytes=largest)
    assert sorted(glob(tmp_path, "units").rows()) == before


def test_readers_beside_a_committing_and_compacting_driver_never_err_in_what_they_see(
    tmp_path: Path,
) -> None:
    commit_groups(tmp_path, 0, 1)
    process = PROCESSES.Process(target=commit_forever, args=(tmp_path,))
    process.start()
    try:
        least, reads = 1, 0
        end = time.monotonic() + 2
        while time.monotonic() < end:
            held = num_groups(tmp_path)
            assert held >= least
            least, reads = held, reads + 1
            frame = scan(tmp_path, "solutions")
            time.sleep(random.uniform(0, 0.1))  # a compaction may come in between
            solutions = frame.collect()
            assert_whole_units(solutions)
            assert len(solutions) >= 8 * held
    finally:
        process.kill()
        process.join()
    assert reads > 5
    assert least > 5
