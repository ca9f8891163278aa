"""A store as a data set of the Hugging Face hub, and back."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import yaml

from tests.unit.analysis.synthetic import World, write_store
from tests.unit.analysis.trees import Search
from ttsgrid.analysis.frontier import Frontier, analyse
from ttsgrid.cli.store import main
from ttsgrid.store import SCHEMAS, BenchmarkRecord, Store, locate, scan
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


def test_a_folder_that_holds_something_is_left_alone(
    world_store: Path, exported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(exported.rglob("*"))
    assert main(["export", str(world_store), str(exported)]) == 2
    assert "holds something already" in capsys.readouterr().err
    assert sorted(exported.rglob("*")) == before
