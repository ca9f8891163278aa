"""Stores of version 1 say of units, and not of models, that a fake engine wrote them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.analysis.conftest import by_string
from tests.unit.analysis.synthetic import Policy, Prm, World
from tests.unit.analysis.trees import Search
from tests.unit.store.test_versions import write_as_version_1
from ttsgrid.analysis.frames.load import load
from ttsgrid.analysis.frontier import analyse
from ttsgrid.core.errors import StoreError
from ttsgrid.frontier import main
from ttsgrid.store import scan

WORLD = World(
    policies=(Policy("small", 0.9, 3_000_000), Policy("large", 2.5, 12_000_000)),
    prms=(Prm("sharp", 2.5),),
    num_problems=4,
    pool_size=4,
    searches=(Search("beam", 4, num_problems=4),),
)


def write_units_of_engines(
    path: Path, engine_of: Callable[[dict[str, Any]], str], world: World = WORLD
) -> None:
    """Write a world as version 1 did, each unit run on the engine that is said of it."""
    write_as_version_1(path, world)
    for file in path.glob("units/*.parquet"):
        table = pq.read_table(file, partitioning=None)
        told = [
            json.dumps(json.loads(row["provenance"]) | {"engine": engine_of(row)})
            for row in table.to_pylist()
        ]
        column = table.schema.get_field_index("provenance")
        pq.write_table(table.set_column(column, "provenance", pa.array(told)), file)


def labels(path: Path) -> set[str]:
    return set(load(path, by_string).models["label"])


def test_models_that_a_fake_engine_stood_in_for_are_labelled_so(tmp_path: Path) -> None:
    write_units_of_engines(tmp_path, lambda unit: "fake")
    assert labels(tmp_path) == {f"{name} (fake engine)" for name in ("small", "large", "sharp")}
    assert scan(tmp_path, "models").collect()["is_fake"].all()
    cells = analyse(tmp_path, by_string).cells.frame
    assert set(cells["policy"]) == {"small (fake engine)", "large (fake engine)"}


def test_models_that_ran_for_real_keep_their_names(tmp_path: Path) -> None:
    write_units_of_engines(tmp_path, lambda unit: "vllm")
    assert labels(tmp_path) == {"small", "large", "sharp"}


def test_a_fake_policy_beside_a_real_one_is_told_apart(tmp_path: Path) -> None:
    # A search runs its policy and its PRM on one kind of engine: none here.
    write_units_of_engines(
        tmp_path,
        lambda unit: "fake" if unit["policy"] == "small" and unit["kind"] == "sample" else "vllm",
        replace(WORLD, searches=()),
    )
    assert labels(tmp_path) == {"small (fake engine)", "large", "sharp"}


def test_a_model_of_both_engines_is_refused_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_units_of_engines(tmp_path, lambda unit: "fake" if unit["start"] == 0 else "vllm")
    with pytest.raises(StoreError, match=r"results of large from a fake engine .* store="):
        load(tmp_path, by_string)
    assert main([str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("ttsgrid: store ")
    assert said.count("\n") == 1
