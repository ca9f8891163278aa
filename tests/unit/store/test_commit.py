"""Committing and reading back, in real folders."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pyarrow.fs
import pytest

from tests.unit.store.driver import (
    BEAM,
    POLICY,
    PRM,
    failed,
    glob,
    group_of,
    problem,
    sampled,
    scored,
    searched,
)
from ttsgrid.core.errors import StoreError
from ttsgrid.core.records import UnitResult
from ttsgrid.store import (
    SCHEMAS,
    BenchmarkRecord,
    Commit,
    Files,
    LocalFiles,
    ModelRecord,
    Point,
    RemoteFiles,
    Store,
    committed_units,
    latest_units,
    pool_sizes,
    scan,
)


def memory_files() -> Files:
    fsspec = pytest.importorskip("fsspec")
    filesystem = fsspec.filesystem("memory", skip_instance_cache=True)
    filesystem.store.clear()
    handler = pyarrow.fs.FSSpecHandler(filesystem)
    return RemoteFiles(pyarrow.fs.PyFileSystem(handler), "bucket/run")


@pytest.fixture(params=["local", "subtree", "memory"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    if request.param == "local":
        return LocalFiles(tmp_path / "store")
    if request.param == "memory":
        return memory_files()
    tree = pyarrow.fs.SubTreeFileSystem(str(tmp_path), pyarrow.fs.LocalFileSystem())
    return RemoteFiles(tree, "store")


def test_a_store_gives_back_what_was_committed_wherever_it_lies(files: Files) -> None:
    with Store.open(files, run_id="r") as store:
        assert store.commit(group_of(0)) == 3
        store.commit([failed(1)])
    held = committed_units(files)
    assert held.done == {item.unit.id for item in group_of(0)}
    assert held.failed == {failed(1).unit.id: "out of memory"}
    solutions = scan(files, "solutions").sort("kind", "sample").collect()
    assert solutions["kind"].to_list() == ["sample"] * 4 + ["search"] * 4
    assert scan(files, "scores").select(pl.len()).collect().item() == 4


def test_compaction_leaves_the_same_rows_in_one_file_wherever_the_store_lies(files: Files) -> None:
    with Store.open(files, run_id="r") as store:
        for number in range(4):
            store.commit(group_of(number))
        before = {t: scan(files, t).collect() for t in ("units", "solutions", "scores")}
        compaction = store.compact()
        assert (compaction.num_merged, compaction.num_written) == (4, 1)
        for table, frame in before.items():
            assert len(files.sizes(table)) == 1
            assert scan(files, table).collect().equals(frame)
        assert store.compact().num_merged == 0
        assert files.sizes("_staging") == {}


def test_every_table_has_the_columns_of_its_schema(tmp_path: Path) -> None:
    with Store.open(tmp_path, run_id="r") as store:
        store.write_problems([problem(0)])
        store.write_models([ModelRecord(POLICY, "policy", 10, 1e9)])
        store.write_benchmark(BenchmarkRecord("sums", "integer"))
        store.write_points([Point("sums", "big", None, "majority", 4, 0.5, "a table")])
        store.commit(group_of(0))
    for table, schema in SCHEMAS.items():
        assert pl.read_parquet(tmp_path / table / "*.parquet").columns == schema.names


def test_a_sample_rows_fields_are_the_solutions(tmp_path: Path) -> None:
    item = sampled(3)
    with Store.open(tmp_path, run_id="r") as store:
        store.commit([item])
    row = glob(tmp_path, "solutions").sort("sample").row(1, named=True)
    assert row == {
        "unit_id": item.unit.id,
        "family": item.unit.family,
        "kind": "sample",
        "problem_id": "p3",
        "benchmark": "sums",
        "policy": "small",
        "policy_id": POLICY.id,
        "prm": None,
        "strategy": None,
        "temperature": 0.7,
        "budget": None,
        "sample": 1,
        "text": "one\n\ntwo",
        "steps": ["one", "two"],
        "num_steps": 2,
        "finish_reason": "stop",
        "answer": "2",
        "correct": True,
        "prompt_tokens": 10,
        "cached_tokens": 4,
        "generated_tokens": 7,
        "seed": 2**62 + 1,
        "step_scores": None,
        "outcome": None,
        "outcome_detail": None,
        "reasoning": None,
        "reasoning_tokens": None,
    }


def test_scores_join_their_pool_by_family_and_sample(tmp_path: Path) -> None:
    with Store.open(tmp_path, run_id="r") as store:
        store.commit([sampled(0), sampled(1)])
        store.commit([scored(0)])
    joined = glob(tmp_path, "solutions").join(
        glob(tmp_path, "scores"), left_on=["family", "sample"], right_on=["pool_family", "sample"]
    )
    assert joined["problem_id"].to_list() == ["p0"] * 4
    assert joined["step_scores_right"].to_list() == [[0.5, 0.25]] * 4
    assert set(joined["prm_id"]) == {PRM.id}


def test_a_search_rows_carry_its_prm_strategy_budget_and_step_scores(tmp_path: Path) -> None:
    with Store.open(tmp_path, run_id="r") as store:
        store.commit([searched(0)])
    row = glob(tmp_path, "solutions").row(0, named=True)
    assert (row["prm"], row["strategy"], row["budget"]) == ("judge", "beam", 16)
    assert row["step_scores"] == [0.9, 0.1]
    unit = glob(tmp_path, "units").row(0, named=True)
    assert json.loads(unit["spec"])["params"] == BEAM.as_params()
    assert unit["trace"] == '{"root":1}'
    assert unit["start"] is None


def test_a_unit_offered_twice_is_there_once(tmp_path: Path) -> None:
    with Store.open(tmp_path, run_id="r") as store:
        assert store.commit([sampled(0), sampled(0)]) == 1
        assert store.commit([sampled(0)]) == 0
        assert store.commit([failed(0)]) == 0
    with Store.open(tmp_path, run_id="s") as store:
        assert store.commit([sampled(0), sampled(1)]) == 1
    assert sorted(glob(tmp_path, "units")["problem_id"]) == ["p0", "p1"]
    assert len(glob(tmp_path, "solutions")) == 8


def test_a_failed_unit_is_retried_and_its_success_wins(tmp_path: Path) -> None:
    with Store.open(tmp_path, run_id="r") as store:
        store.commit([failed(0, "first")])
        store.commit([failed(0, "second")])
        assert store.committed.failed == {failed(0).unit.id: "second"}
    assert committed_units(tmp_path).failed == {failed(0).unit.id: "second"}
    assert len(glob(tmp_path, "solutions")) == 0
    with Store.open(tmp_path, run_id="s") as store:
        assert store.commit([sampled(0)]) == 1
        assert store.committed.failed == {}
    held = committed_units(tmp_path)
    assert held.done == {sampled(0).unit.id}
    assert not held.failed
    latest = latest_units(tmp_path).collect()
    assert latest.select("status", "error").rows() == [("done", None)]


def test_a_failure_and_a_success_in_one_group_are_a_success(tmp_path: Path) -> None:
    with Store.open(tmp_path, run_id="r") as store:
        assert store.commit([failed(0), sampled(0), failed(0)]) == 1
    assert glob(tmp_path, "units")["status"].to_list() == ["done"]


def test_half_a_unit_is_refused() -> None:
    whole = sampled(0)
    cut = replace(whole.result, solutions=whole.result.solutions[:-1])
    with pytest.raises(StoreError, match="samples 0 to 3, each once"):
        Commit(whole.unit, cut, whole.problem)
    with pytest.raises(StoreError, match="samples 0 to 3, each once"):
        Commit(scored(0).unit, UnitResult(scored(0).unit.id), whole.problem)


def test_a_result_of_another_unit_or_problem_is_refused() -> None:
    with pytest.raises(StoreError, match="offered for"):
        Commit(sampled(0).unit, sampled(1).result, problem(0))
    with pytest.raises(StoreError, match="is on problem p0, not p1"):
        Commit(sampled(0).unit, sampled(0).result, problem(1))


def test_pool_sizes_count_gapless_samples_from_zero(tmp_path: Path) -> None:
    with Store.open(tmp_path, run_id="r") as store:
        store.commit([sampled(0, 4, 8), sampled(0, 0, 4), sampled(0, 16, 32)])
        store.commit([sampled(1, 4, 8)])
        store.commit([sampled(2, 0, 4), sampled(2, 4, 6), sampled(2, 4, 8)])
    sizes = pool_sizes(tmp_path)
    assert {number: sizes[sampled(number).unit.family] for number in range(3)} == {0: 8, 1: 0, 2: 8}


def test_problems_and_models_written_again_are_there_once(tmp_path: Path) -> None:
    for run, count in (("r", 2), ("s", 3)):
        with Store.open(tmp_path, run_id=run) as store:
            added = store.write_problems([problem(n) for n in (*range(count), 0)])
            store.write_models([ModelRecord(POLICY, "policy"), ModelRecord(PRM, "prm", count)])
    assert added == 1
    assert sorted(pl.read_parquet(tmp_path / "problems/*.parquet")["problem_id"]) == [
        "p0",
        "p1",
        "p2",
    ]
    models = scan(tmp_path, "models").sort("role").collect()
    assert models.select("name", "num_parameters").rows() == [("small", None), ("judge", 3)]


def test_a_store_that_does_not_exist_is_empty(tmp_path: Path) -> None:
    assert committed_units(tmp_path / "none").done == frozenset()
    assert scan(tmp_path / "none", "solutions").collect().columns == SCHEMAS["solutions"].names
    assert not (tmp_path / "none").exists()


def test_an_unknown_table_is_an_error_that_names_the_tables(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="choose from problems, models, units"):
        scan(tmp_path, "cells")


def test_a_folder_name_with_glob_characters_is_just_a_name(tmp_path: Path) -> None:
    path = tmp_path / "run [a] *?"
    with Store.open(path, run_id="r") as store:
        store.commit([sampled(0)])
    assert len(committed_units(path).done) == 1
    assert len(scan(path, "solutions").collect()) == 4


def test_files_that_are_not_the_stores_are_left_alone(tmp_path: Path) -> None:
    with Store.open(tmp_path, run_id="r") as store:
        store.commit([sampled(0)])
        store.commit([sampled(1)])
    notes, mine = tmp_path / "solutions" / "notes.txt", tmp_path / "solutions" / "mine.parquet"
    notes.write_text("mine")
    pl.DataFrame({"x": [1]}).write_parquet(mine)
    with Store.open(tmp_path, run_id="r") as store:
        store.compact()
    assert notes.read_text() == "mine"
    assert mine.exists()
    assert len(scan(tmp_path, "solutions").collect()) == 8


def test_a_folder_that_is_not_the_stores_survives_a_compaction(tmp_path: Path) -> None:
    with Store.open(tmp_path, run_id="r") as store:
        store.commit([sampled(0)])
        store.commit([sampled(1)])
        kept = tmp_path / "solutions" / "old" / "notes.txt"
        kept.parent.mkdir()
        kept.write_text("mine")
        store.compact()
    assert kept.read_text() == "mine"
    assert len(glob(tmp_path, "solutions")) == 8


def test_a_driver_merges_its_small_files_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ttsgrid.store.commit.MANY_COMMITS", 4)
    with Store.open(tmp_path, run_id="r") as store:
        frame = scan(tmp_path, "solutions")
        for number in range(11):
            store.commit(group_of(number))
            if number == 0:
                frame = scan(tmp_path, "solutions")
        assert len(store.files.sizes("units")) < 5
        assert len(frame.collect()) == 8 * 11, "a frame made before finds what replaced its files"
    assert len(glob(tmp_path, "solutions")) == 8 * 11
