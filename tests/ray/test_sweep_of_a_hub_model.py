"""A sweep over a hub model: workers load the planned commit, and offline what the cache holds."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.own.many_commands import Line, run_all
from tests.own.stub_hub import stub_hub
from tests.unit.grid.broken import copied
from ttsgrid.store import scan

pytestmark = [pytest.mark.slow, pytest.mark.ray]

COMMIT = "a" * 40
GRID = (
    "policies=[{name: mine, model: org/tiny, format: zoo, sampling: {max_tokens: 100}}]",
    "prms=[]",
    "strategies=[majority]",
    "benchmark.num_problems=2",
    "engine.kind=transformers",
    "cluster.dashboard=false",
)


def test_workers_load_the_planned_commit_and_offline_the_same_from_the_cache(
    tmp_path: Path,
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    told = {"HF_HOME": str(tmp_path / "cache"), "XDG_CACHE_HOME": str(tmp_path), "HF_TOKEN": ""}
    with stub_hub() as hub:
        hub.push("org/tiny", COMMIT, copied(tmp_path / "tiny"))
        here = told | {"HF_ENDPOINT": hub.url}
        [online] = run_all(work, [Line("sweep", (*GRID, "budgets=[4]"))], here)
        assert online.status == 0, online.err
        read = [one for one in hub.asked if "/resolve/" in one and "config.json" not in one]
        assert read
        assert all(COMMIT in one for one in read)
        before = len(hub.asked)
        grown = Line("sweep", (*GRID, "budgets=[4,8]"))
        [offline] = run_all(work, [grown], here | {"HF_HUB_OFFLINE": "1"})
        assert offline.status == 0, offline.err
        assert len(hub.asked) == before
    store = str(work / "results" / "zoo")
    assert scan(store, "models").collect()["revision"].to_list() == [f"hub:{COMMIT}"]
    # The pool grew by a block: nothing was sampled twice.
    solutions = scan(store, "solutions").filter(pl.col("kind") == "sample").collect()
    assert solutions.height == 2 * 8
