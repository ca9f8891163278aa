"""Stores of other versions of the schema: read rightly, or refused with a sentence."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from itertools import chain
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.analysis.conftest import by_string
from tests.unit.analysis.synthetic import Policy, Prm, World, write_store
from tests.unit.analysis.trees import Search
from tests.unit.store.driver import commit_groups, group_of
from tests.unit.store.test_crash import assert_exactly_once
from ttsgrid.analysis.cells.cells import Cells, make_cells
from ttsgrid.analysis.cells.costs import COST_COLUMNS
from ttsgrid.analysis.cells.outcomes import pool_outcomes
from ttsgrid.analysis.cells.tree_outcomes import search_outcomes
from ttsgrid.analysis.frames.load import load
from ttsgrid.core.errors import StoreError
from ttsgrid.store import SCHEMAS, Store, committed_units, latest_units, scan
from ttsgrid.store.schema import VERSION, VERSION_KEY

WORLD = World(
    policies=(Policy("small", 0.9, 3_000_000), Policy("large", 2.5, 12_000_000)),
    prms=(Prm("sharp", 2.5),),
    num_problems=6,
    searches=(
        Search("beam", 4, num_problems=4),
        Search("beam", 4, num_problems=4, preset="search_and_learn"),
        Search("dvts", None, num_trees=4, num_problems=4),
    ),
)
SINCE_2 = {
    "units": ["sampling", "temperature", "strategy", "budget", "subtree", "beam_width"]
    + ["preset", "params", "host", "device", "num_gpus", "process", "question_tokens"]
    + [
        "epoch",
        "commit_number",
        "policy_block_tokens",
        "prm_block_tokens",
        "prm_prefix_keys",
        "prm_prefix_tokens",
    ]
    + [
        f"{w}_lone_{k}_tokens" for w in ("policy", "prm") for k in ("prompt", "cached", "generated")
    ],
    "scores": ["unscored", "input_tokens", "prefix_keys", "prefix_tokens"],
    "models": [
        *("format_name", "dtype", "is_fake"),
        *("endpoint", "input_price", "cached_input_price", "output_price"),
    ],
    "solutions": ["outcome", "outcome_detail", "reasoning", "reasoning_tokens"],
}
FACTS = ["sampling", "temperature", "strategy", "budget", "subtree", "beam_width", "preset"]
FACTS += ["params", "host", "num_gpus", "process"]


def write_as_version_1(path: Path, world: World) -> None:
    """Write a world's store, then take from its files what version 1 did not have."""
    write_store(path, world)
    shutil.rmtree(path / "_epochs")  # version 1 had none: whatever is whole counts
    for file in sorted(path.glob("*/*.parquet")):
        table = pq.read_table(file, partitioning=None)
        kept = table.drop_columns(SINCE_2.get(file.parent.name, []))
        pq.write_table(kept.replace_schema_metadata(None), file)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same world as version 1 and as today's."""
    old, new = tmp_path_factory.mktemp("old"), tmp_path_factory.mktemp("new")
    write_as_version_1(old, WORLD)
    write_store(new, WORLD)
    return old, new


def _cells(path: Path) -> Cells:
    frames = load(path, by_string)
    return make_cells(frames, chain(pool_outcomes(frames), search_outcomes(frames)))


def test_files_say_their_version(stores: tuple[Path, Path]) -> None:
    files = list(stores[1].glob("*/*.parquet"))
    assert {pq.read_schema(f).metadata[VERSION_KEY] for f in files} == {str(VERSION).encode()}


def test_what_older_files_lack_is_filled_from_what_they_say(stores: tuple[Path, Path]) -> None:
    old, new = (latest_units(s).sort("unit_id").select("unit_id", *FACTS).collect() for s in stores)
    assert old.equals(new)
    assert set(old["preset"].drop_nulls()) == {"paper", "search_and_learn"}
    for table in ("units", "scores", "models"):
        assert scan(stores[0], table).collect_schema().names() == SCHEMAS[table].names


def test_an_older_store_has_the_same_accuracies_and_unknown_costs(
    stores: tuple[Path, Path],
) -> None:
    old, new = (_cells(store).frame for store in stores)
    measured = [c for c in new.columns if c not in COST_COLUMNS]
    assert old.select(measured).equals(new.select(measured))
    assert old["flops"].null_count() == old["policy_prompt_tokens"].null_count() == len(old)
    assert old.filter(pl.col("prm").is_not_null())["prm_tokens"].is_null().all()
    assert new["flops"].null_count() == 0


def test_a_store_of_both_versions_is_read_together(tmp_path: Path) -> None:
    write_as_version_1(tmp_path, WORLD)
    write_other = tmp_path / "other"
    write_store(write_other, WORLD)
    for file in write_other.glob("*/*.parquet"):
        target = tmp_path / file.parent.name / file.name
        target.write_bytes(file.read_bytes())
    units = scan(tmp_path, "units").collect()
    assert len(units) == 2 * len(scan(write_other, "units").collect())
    assert units["strategy"].null_count() == units.filter(pl.col("kind") != "search").height
    assert latest_units(tmp_path).collect()["sampling"].null_count() == 0


def test_an_older_store_is_not_added_to_and_the_sentence_names_the_setting(
    stores: tuple[Path, Path],
) -> None:
    before = committed_units(stores[0])
    with pytest.raises(StoreError, match="store="):
        Store.open(stores[0], run_id="late")
    assert committed_units(stores[0]) == before
    with Store.open(stores[1], run_id="late") as store:
        assert store.committed.done


def test_a_sweep_into_an_older_store_is_refused_when_it_is_planned(
    stores: tuple[Path, Path],
) -> None:
    command = [sys.executable, "-m", "ttsgrid.sweep", "plan_only=true", f"store={stores[0]}"]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert refused.stderr.startswith(f"ttsgrid: store {stores[0]} was written by an earlier")
    assert "store=" in refused.stderr


def write_as_version_2(path: Path) -> None:
    """Commit two groups, then take from the files what version 2 did not have."""
    commit_groups(path, 0, 2)
    shutil.rmtree(path / "_epochs")
    for number, units in enumerate(sorted(path.glob("units/*.parquet"))):
        for file in path.glob(f"*/{units.name}"):
            table = pq.read_table(file, partitioning=None)
            kept = table.drop_columns(
                [c for c in ("epoch", "commit_number") if c in table.schema.names]
            )
            name = f"20260101T00000000000{number}Z-0000000{number}.parquet"
            pq.write_table(kept.replace_schema_metadata({VERSION_KEY: b"2"}), file.with_name(name))
            file.unlink()


def test_a_store_of_version_2_is_read_added_to_and_compacted(tmp_path: Path) -> None:
    write_as_version_2(tmp_path)
    assert scan(tmp_path, "units").collect()["epoch"].null_count() == 6
    heard: list[str] = []
    with Store.open(tmp_path, run_id="r", tell=heard.append) as store:
        assert heard == [f"store {tmp_path}: 2 commits of schema 2 are of schema 3 now"]
        store.commit(group_of(2))
    assert_exactly_once(tmp_path, 3)
    with Store.open(tmp_path, run_id="r") as store:
        assert store.compact().num_merged == 2
        assert store.verify() == 0
    assert_exactly_once(tmp_path, 3)
    commit_groups(tmp_path, 0, 4)
    assert_exactly_once(tmp_path, 4)


def test_a_compaction_that_version_2_left_half_done_is_finished(tmp_path: Path) -> None:
    write_as_version_2(tmp_path)
    old = sorted(file.name for file in tmp_path.glob("units/*.parquet"))
    new = "20260102T000000000000Z-00000000.parquet"
    (tmp_path / "_staging").mkdir(exist_ok=True)
    for table in ("units", "solutions", "scores"):
        merged = pa.concat_tables([pq.read_table(tmp_path / table / name) for name in old])
        pq.write_table(merged, tmp_path / "_staging" / f"{table}+{new}")
    journal = {"old": old, "new": {t: [new] for t in ("units", "solutions", "scores")}}
    (tmp_path / "_compaction.json").write_text(json.dumps(journal))
    assert len(scan(tmp_path, "units").collect()) == 6
    Store.open(tmp_path, run_id="r").close()
    assert not (tmp_path / "_compaction.json").exists()
    assert_exactly_once(tmp_path, 2)
    (tmp_path / "_compaction.json").write_text("{")
    Store.open(tmp_path, run_id="s").close()  # once there are epochs, it decides nothing


def test_a_store_of_a_later_version_is_refused(tmp_path: Path) -> None:
    write_store(tmp_path, World(WORLD.policies[:1], (), num_problems=1, pool_size=4))
    for file in tmp_path.glob("units/*.parquet"):
        table = pq.read_table(file, partitioning=None)
        later = {VERSION_KEY: str(VERSION + 1).encode()}
        pq.write_table(table.replace_schema_metadata(later), file.with_name(later_name(file)))
        file.unlink()
    with pytest.raises(StoreError, match="update ttsgrid"):
        scan(tmp_path, "units")
    with pytest.raises(StoreError, match="update ttsgrid"):
        Store.open(tmp_path, run_id="early")


def later_name(file: Path) -> str:
    """Another commit's name: names are never used twice, and readers rely on it."""
    return file.name[:-12] + "0000" + file.name[-8:]
