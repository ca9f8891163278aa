"""Several files, folders and formats in one import."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import pytest

from tests.unit.importer.made import PROBLEMS, made_run, write_lines
from ttsgrid.core.errors import ConfigError
from ttsgrid.importer import import_samples, load_layout, make_layout
from ttsgrid.importer.records import read_records
from ttsgrid.store import scan

DEFAULT = load_layout("default", {})


def test_one_file_per_seed_makes_one_pool(tmp_path: Path) -> None:
    for seed in (2, 10, 1):
        rows = [{**p, "samples": [{"answer": f"{seed}", "tokens": 3}]} for p in PROBLEMS]
        write_lines(tmp_path / f"seed_{seed}.jsonl", rows)
    (half, _) = read_records(tmp_path, DEFAULT)
    # In the order in which people count, not of the alphabet.
    assert [sample.answer for sample in half.samples] == ["1", "2", "10"]
    named = [tmp_path / f"seed_{seed}.jsonl" for seed in (10, 1)]
    (half, _) = read_records(named, DEFAULT)
    assert [sample.answer for sample in half.samples] == ["10", "1"]


def test_files_with_problems_of_their_own_follow_each_other(tmp_path: Path) -> None:
    for i, problem in enumerate(PROBLEMS):
        write_lines(tmp_path / f"part_{i}.jsonl", [problem])
    done = import_samples(tmp_path / "s", tmp_path, DEFAULT, made_run(prm=None))
    assert (done.num_problems, done.num_samples) == (2, 8)
    again = import_samples(tmp_path / "s", tmp_path, DEFAULT, made_run(prm=None))
    assert again.num_new_units == 0
    assert (
        '"imported_from":"part_0.jsonl and 1 more"'
        in (scan(tmp_path / "s", "units").collect()["provenance"][0])
    )


def test_a_folder_without_such_files_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(ConfigError, match=r"holds no file \*.json or .*set layout `files`"):
        read_records(tmp_path, DEFAULT)
    layout = make_layout({"question": "q", "answer": "a", "files": ["*.log"]})
    with pytest.raises(ConfigError, match=r"holds no file \*\.log"):
        read_records(tmp_path, layout)


def test_the_file_of_a_wrong_record_is_named(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", PROBLEMS)
    write_lines(tmp_path / "b.jsonl", [PROBLEMS[0], {"answer": "5"}])
    with pytest.raises(ConfigError, match=r"b\.jsonl, record 2: no field 'question'"):
        read_records(tmp_path, DEFAULT)


def test_a_gzipped_file_is_read(tmp_path: Path) -> None:
    plain = write_lines(tmp_path / "run.jsonl", PROBLEMS)
    packed = tmp_path / "run.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_records(packed, DEFAULT) == read_records(plain, DEFAULT)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x1f\x8bbroken", "can't read"),
        ("é".encode("latin-1"), "is not UTF-8"),
        (b"PK\x03\x04broken", "is no .eval log"),
    ],
)
def test_a_damaged_file_is_one_sentence(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(data)
    with pytest.raises(ConfigError, match=said):
        read_records(path, DEFAULT)


def test_a_zip_that_is_no_log_is_said(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "log.eval", "w") as archive:
        archive.writestr("header.json", json.dumps({}))
    with pytest.raises(ConfigError, match="zip archive without samples"):
        read_records(tmp_path / "log.eval", load_layout("inspect", {}))
