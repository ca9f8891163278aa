"""Where a store can't be read from the first look: each time one sentence that names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.store.driver import commit_groups
from tests.unit.store.test_main import run
from ttsgrid.core.errors import StoreError
from ttsgrid.store import locate, scan


def test_a_file_is_no_store(tmp_path: Path) -> None:
    file = tmp_path / "run.jsonl"
    file.write_text("{}\n")
    with pytest.raises(StoreError, match=r"run\.jsonl is a file: a store is a folder"):
        locate(file)
    with pytest.raises(StoreError, match=r"run\.jsonl is a file"):
        locate(file.as_uri())


def test_an_unknown_kind_of_uri_is_named() -> None:
    with pytest.raises(StoreError, match=r"store nowhere://run: .*; name a folder"):
        locate("nowhere://run")


def test_the_command_says_that_a_file_is_no_store(tmp_path: Path) -> None:
    file = tmp_path / "run.jsonl"
    file.write_text("{}\n")
    refused = run(file)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "is a file: a store is a folder" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_file_that_was_cut_short_is_named(tmp_path: Path) -> None:
    commit_groups(tmp_path, 0, 2)
    damaged = sorted((tmp_path / "units").glob("*.parquet"))[0]
    damaged.write_bytes(damaged.read_bytes()[:200])
    with pytest.raises(StoreError, match=f"units/{damaged.name} is damaged .*; restore it"):
        scan(tmp_path, "units")
