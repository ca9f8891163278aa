"""A file deleted, cut short, one bit flipped: found, said, set aside, run again.

After each damage the same job runs again on the store, as a sweep would. The oracle is a store
that nobody touched, compared row by row without what tells runs apart.
"""

from __future__ import annotations

import errno
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.analysis.synthetic import Policy, World, write_store
from tests.unit.store.driver import commit_groups, glob, group_of, sampled, scored
from tests.unit.store.test_crash import assert_exactly_once
from tests.unit.store.test_fencing import assert_as_uninterrupted
from tests.unit.store.test_main import run
from ttsgrid.cli import store as store_command
from ttsgrid.core.errors import StoreError
from ttsgrid.frontier import main
from ttsgrid.store import Store, committed_units, scan

TABLES = ("units", "solutions", "scores")


def delete(file: Path) -> None:
    file.unlink()


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def flip_a_bit(file: Path, at: float = 0.3) -> None:
    data = bytearray(file.read_bytes())
    data[int(len(data) * at)] ^= 0x10
    file.write_bytes(bytes(data))


def second_commit(path: Path, table: str) -> Path:
    return sorted((path / table).glob("*.parquet"))[1]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("damage", [delete, cut_short, empty])
def test_a_file_that_is_gone_or_cut_short_is_found_when_the_store_is_opened(
    tmp_path: Path, damage: Callable[[Path], None], table: str
) -> None:
    path = tmp_path / "store"
    commit_groups(path, 0, 4)
    damaged = second_commit(path, table)
    damage(damaged)
    lost = {item.unit.id for item in group_of(1)}
    assert not committed_units(path).done & lost, "a plan must not count on what is lost"
    heard: list[str] = []
    with Store.open(path, run_id="again", tell=heard.append) as store:
        assert not store.committed.done & lost
    assert damaged.name[:20] in heard[0], heard
    assert "run again" in heard[0]
    commit_groups(path, 0, 5)
    assert_exactly_once(path, 5)
    assert_as_uninterrupted(path, tmp_path / "oracle")


@pytest.mark.parametrize("table", ["solutions", "scores"])
def test_a_reader_of_a_store_with_a_lost_file_is_told_and_shown_no_other_accuracy(
    tmp_path: Path, table: str
) -> None:
    commit_groups(tmp_path, 0, 3)
    lost = second_commit(tmp_path, table)
    lost.unlink()
    for read in TABLES:
        with pytest.raises(StoreError, match=rf"{table}/{lost.name} is gone; .*store verify"):
            scan(tmp_path, read)


def test_any_bit_flipped_in_any_file_of_a_commit_is_found_by_verify(tmp_path: Path) -> None:
    random.seed(3)
    for number in range(12):
        path = tmp_path / str(number)
        commit_groups(path, 0, 2)
        flipped = second_commit(path, TABLES[number % 3])
        flip_a_bit(flipped, random.random())
        heard: list[str] = []
        with Store.open(path, run_id="verify", tell=heard.append) as store:
            store.verify(heard.append)
        assert flipped.name in heard[0], heard
        assert flipped.name in {file.name[-len(flipped.name) :] for file in set_aside(path)}
        commit_groups(path, 0, 2)
        assert_exactly_once(path, 2)
        with Store.open(path, run_id="verify") as store:
            assert store.verify() == 0


def set_aside(path: Path) -> list[Path]:
    return list((path / "_quarantine").glob("*.parquet"))


def test_scores_of_a_block_that_is_lost_are_dropped_and_made_again(tmp_path: Path) -> None:
    """The block is sampled anew; what a PRM said of its old texts must not stand beside it."""
    path = tmp_path / "store"
    with Store.open(path, run_id="r") as store:
        store.commit([sampled(0), sampled(1)])
        store.commit([scored(0), sampled(2)])
        store.commit([scored(1), scored(2)])
    min((path / "solutions").glob("*.parquet")).unlink()
    heard: list[str] = []
    with Store.open(path, run_id="s", tell=heard.append) as store:
        assert store.committed.done == {sampled(2).unit.id, scored(2).unit.id}
    assert "2 units that scored what is lost run again too" in heard[-1]
    assert set(glob(path, "scores")["unit_id"]) == {scored(2).unit.id}
    with Store.open(path, run_id="t") as store:
        assert store.commit([sampled(0), sampled(1), scored(0), scored(1)]) == 4
        assert store.verify() == 0
    assert len(glob(path, "scores")) == len(glob(path, "solutions")) == 12


def test_a_compaction_does_not_take_a_flipped_bit_for_what_was_written(tmp_path: Path) -> None:
    commit_groups(tmp_path, 0, 4)
    flipped = second_commit(tmp_path, "solutions")
    flip_a_bit(flipped)
    with Store.open(tmp_path, run_id="r") as store:
        assert store.compact().num_merged == 3
        assert store.verify() == 1
    assert [file.name for file in (tmp_path / "_quarantine").glob("solutions*")] == [
        f"solutions+{flipped.name}"
    ]


def test_verify_says_what_it_found_and_what_to_do(tmp_path: Path) -> None:
    commit_groups(tmp_path, 0, 2)
    sound = run("verify", tmp_path)
    assert sound.returncode == 0
    assert "2 commits" in sound.stdout
    flip_a_bit(second_commit(tmp_path, "solutions"))
    found = run("verify", tmp_path)
    assert found.returncode == 1
    assert "bytes are not those that were written" in found.stdout
    assert "Traceback" not in found.stderr
    assert run("verify", tmp_path).returncode == 0
    commit_groups(tmp_path, 0, 2)
    assert_exactly_once(tmp_path, 2)


def test_verify_of_a_store_in_use_reads_and_moves_nothing(tmp_path: Path) -> None:
    commit_groups(tmp_path, 0, 2)
    with Store.open(tmp_path, run_id="night"):
        flip_a_bit(second_commit(tmp_path, "solutions"))
        found = run("verify", tmp_path)
    assert found.returncode == 1
    assert "bytes are not those that were written" in found.stdout
    assert "run night" in found.stdout
    assert set_aside(tmp_path) == []


def test_verify_of_a_store_that_nobody_may_write_to_says_what_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An archive, mounted read-only."""
    commit_groups(tmp_path, 0, 3)
    with Store.open(tmp_path, run_id="seal"):
        pass
    units = sorted((tmp_path / "units").glob("*.parquet"))
    units[0].unlink()
    flip_a_bit(second_commit(tmp_path, "solutions"))

    def refuse(path: Path, *_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert store_command.main(["verify", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "bytes are not those that were written" in said
    assert f"commit {units[0].name} is gone" in said
    assert "nothing was set aside" in said
    assert "Read-only file system" in said
    assert set_aside(tmp_path) == []


def test_a_damaged_ledger_is_a_sentence_and_deleting_it_leaves_what_is_whole(
    tmp_path: Path,
) -> None:
    commit_groups(tmp_path, 0, 2)
    ledger = max((tmp_path / "_epochs").glob("*.json"))
    flip_a_bit(ledger)
    with pytest.raises(StoreError, match=rf"_epochs/{ledger.name} is damaged; .*delete it"):
        scan(tmp_path, "units")
    ledger.unlink()
    commit_groups(tmp_path, 0, 3)
    assert_exactly_once(tmp_path, 3)


def test_damage_in_the_body_of_a_file_ends_a_command_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_store(tmp_path, World((Policy("small", 0.9, 3_000_000),), num_problems=2, pool_size=4))
    file = max((tmp_path / "solutions").glob("*.parquet"))
    data = file.read_bytes()
    file.write_bytes(data[:4] + bytes(len(data) // 2) + data[4 + len(data) // 2 :])
    assert main([str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert f"solutions/{file.name} is damaged" in said
    assert "store verify" in said
