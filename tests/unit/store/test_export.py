"""A store as a data set of the Hugging Face hub, and back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from platform import node

import polars as pl
import pytest
import yaml

from tests.unit.analysis.synthetic import World, write_store
from tests.unit.analysis.trees import Search
from tests.unit.store.driver import POLICY, PRM, failed, group_of, problem
from ttsgrid.analysis.frontier import Frontier, analyse
from ttsgrid.cli.store import main
from ttsgrid.store import (
    SCHEMAS,
    BenchmarkRecord,
    Commit,
    ModelRecord,
    Point,
    Store,
    committed_units,
    latest_units,
    locate,
    read_benchmarks,
    scan,
)
from ttsgrid.store.merge import merge

DIGITS = 12  # polars adds up in threads, so a mean of one store differs by 1e-16 between two runs


@pytest.fixture(scope="module")
def world_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exported") / "store"
    write_store(path, World(num_problems=12, searches=(Search("beam", 4),)))
    with Store.open(path, run_id="describe") as store:
        store.write_benchmark(BenchmarkRecord("made-up", "text"))
    return path


@pytest.fixture(scope="module")
def exported(world_store: Path) -> Path:
    folder = world_store.parent / "my-data"
    assert main(["export", str(world_store), str(folder)]) == 0
    return folder


def head_of(folder: Path) -> dict[str, list[dict[str, str]]]:
    _, head, _ = (folder / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    found: dict[str, list[dict[str, str]]] = yaml.safe_load(head)
    return found


def tables(frontier: Frontier) -> dict[str, pl.DataFrame]:
    frames = {
        "cells": frontier.cells.frame.drop("outcome"),
        "curve": frontier.curve,
        "comparisons": frontier.comparisons,
        "prm_quality": frontier.prm_quality,
        "search_comparisons": frontier.search_comparisons,
        "difficulty": frontier.difficulty,
    }
    digits = pl.selectors.float().round_sig_figs(DIGITS)
    return {name: frame.with_columns(digits) for name, frame in frames.items()}


def test_a_store_that_was_exported_and_imported_gives_the_same_frontier(
    world_store: Path, exported: Path, tmp_path: Path
) -> None:
    with Store.open(tmp_path / "imported", run_id="import") as store:
        merge(store, locate(exported))
    expected = tables(analyse(world_store))
    for path in (exported, tmp_path / "imported"):
        for name, frame in tables(analyse(path)).items():
            assert frame.equals(expected[name]), name


def test_the_card_names_a_config_for_each_table_with_its_files(exported: Path) -> None:
    configs = {one["config_name"]: one for one in head_of(exported)["configs"]}
    assert set(configs) == {"problems", "models", "units", "solutions", "scores", "benchmarks"}
    for table, config in configs.items():
        found = pl.read_parquet(exported / config["data_files"])
        assert found.columns == SCHEMAS[table].names
        assert found.height == scan(exported, table).select(pl.len()).collect().item()
        assert len(list(exported.glob(config["data_files"]))) < 10
    assert [name for name, one in configs.items() if one.get("default")] == ["solutions"]
    card = (exported / "README.md").read_text(encoding="utf-8")
    assert "Policies: large, small, tiny. PRMs: dull, sharp." in card
    assert "made-up (12 problems)" in card


def test_the_datasets_library_loads_each_table(exported: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    for table in ("solutions", "scores", "problems"):
        loaded = datasets.load_dataset(str(exported), table, split="train", cache_dir=str(tmp_path))
        assert loaded.num_rows == scan(exported, table).select(pl.len()).collect().item()
        assert loaded.column_names == SCHEMAS[table].names


SECRET = "gpu17.corp.example"
MINE = f"/home/me/{SECRET}"


def told_store(path: Path) -> Path:
    """A store that names hosts, paths and addresses wherever one may stand."""
    model = replace(POLICY, model=f"{MINE}/small")
    with Store.open(path, run_id=f"import {MINE}/run.jsonl") as store:
        store.write_problems([problem(0), problem(1)])
        store.write_models(
            [
                ModelRecord(model, "policy", 10, endpoint=f"http://{SECRET}:8000/v1"),
                ModelRecord(PRM, "prm", 7),
            ]
        )
        store.write_benchmark(BenchmarkRecord("sums", "text", source=f"{MINE}/sums.jsonl"))
        store.write_points([Point("sums", "big", None, "majority", 4, 0.5, f"{MINE}/t.csv")])
        for number, host in enumerate((SECRET, f"other.{SECRET}")):
            store.commit([on(host, item) for item in group_of(number)])
        store.commit([on(SECRET, failed(2, f"died on {SECRET}, log {MINE}/worker.log"))])
    return path


def on(host: str, item: Commit) -> Commit:
    said = {
        "host": host,
        "process": "7",
        "log": f"{MINE}/worker.log",
        "url": f"http://{SECRET}:8000",
        "imported_from": f"{MINE}/run.jsonl",
        "engine": "vllm",
    }
    detail = f"Traceback in {MINE}/test.py, 1/2"
    solutions = tuple(replace(one, outcome_detail=detail) for one in item.result.solutions)
    return replace(item, result=replace(item.result, solutions=solutions, provenance=said))


def test_an_export_names_no_host_no_folder_and_no_address(tmp_path: Path) -> None:
    store = told_store(tmp_path / "store")
    assert main(["export", str(store), str(tmp_path / "data")]) == 0
    files = [file for file in (tmp_path / "data").rglob("*") if file.is_file()]
    rows = [pl.read_parquet(file).write_ndjson() for file in files if file.suffix == ".parquet"]
    beside = [file.read_text() for file in files if file.suffix != ".parquet"]
    seen = "".join([*rows, *beside, *(file.name for file in files)])
    for word in (SECRET, "/home", "/me", f'"{node()}'):
        assert word not in seen
    assert not any(SECRET.encode() in file.read_bytes() for file in files)  # nor in a footer
    units = latest_units(tmp_path / "data").sort("problem_id", "kind").collect()
    # Workers of two hosts are still two, and what ran is still said.
    assert units["host"].unique().sort().to_list() == ["host-1", "host-2"]
    assert set(units["process"]) == {"7"}
    assert '"engine":"vllm"' in units["provenance"][0]
    assert '"imported_from":"run.jsonl"' in units["provenance"][0]
    models = scan(tmp_path / "data", "models").sort("role").collect()
    assert models["model"].to_list() == ["small", "org/judge"]
    assert models["endpoint"].to_list() == ["endpoint-1", None]
    assert read_benchmarks(tmp_path / "data")["sums"].source == "sums.jsonl"
    assert committed_units(tmp_path / "data").failed.keys() == {failed(2).unit.id}
    assert "numbered in place of named" in (tmp_path / "data" / "README.md").read_text()


def test_places_are_exported_where_that_is_asked_for(tmp_path: Path) -> None:
    store = told_store(tmp_path / "store")
    assert main(["export", "--with-places", str(store), str(tmp_path / "data")]) == 0
    for table in ("units", "models", "solutions", "benchmarks", "points"):
        exported, own = (scan(path, table).collect() for path in (tmp_path / "data", store))
        place = ["epoch", "commit_number"] if table == "units" else []
        assert exported.drop(place).equals(own.drop(place)), table
    assert "rather than for publication" in (tmp_path / "data" / "README.md").read_text()


def test_published_points_alone_are_exported_with_a_card_that_fits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store.open(tmp_path / "store", run_id="r") as store:
        store.write_points([Point("sums", "big", None, "majority", 4, 0.5, "t.csv")])
    assert main(["export", str(tmp_path / "store"), str(tmp_path / "data")]) == 0
    assert "1 published point exported to" in capsys.readouterr().out
    assert [one["config_name"] for one in head_of(tmp_path / "data")["configs"]] == ["points"]
    card = (tmp_path / "data" / "README.md").read_text()
    assert "1 accuracy published elsewhere, without solutions." in card
    assert '"points", split="train")' in card
    assert "Solutions" not in card


def test_a_folder_that_holds_something_is_left_alone(
    world_store: Path, exported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(exported.rglob("*"))
    assert main(["export", str(world_store), str(exported)]) == 2
    assert "holds something already" in capsys.readouterr().err
    assert sorted(exported.rglob("*")) == before
