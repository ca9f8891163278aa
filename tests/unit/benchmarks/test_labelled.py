"""Reading solutions whose first wrong step is known."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ttsgrid.benchmarks.labelled import read_labelled, read_labelled_sets
from ttsgrid.benchmarks.zoo.labels import ZooStepLabels
from ttsgrid.core.errors import ConfigError

GOOD: dict[str, Any] = {"id": "x-1", "problem": "1 + 1?", "steps": ["1 + 1 = 3", "3."], "label": 0}


def lines(*records: dict[str, Any]) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


@pytest.mark.parametrize("kind", ["jsonl", "json", "jsonl.gz", "parquet"])
def test_every_kind_of_file_gives_the_same_solutions(tmp_path: Path, kind: str) -> None:
    records = [GOOD, {**GOOD, "id": "x-2", "label": -1, "generator": "me"}]
    path = tmp_path / f"mine.{kind}"
    if kind == "parquet":
        pl.DataFrame(records, infer_schema_length=None).write_parquet(path)
    else:
        data = json.dumps(records).encode() if kind == "json" else lines(*records)
        path.write_bytes(gzip.compress(data) if kind.endswith("gz") else data)
    read = read_labelled(str(path))
    assert read.name == "mine"
    assert [one.first_wrong for one in read.solutions] == [0, None]
    assert [one.id for one in read.solutions] == ["x-1", "x-2"]
    assert read.solutions[0].steps == ("1 + 1 = 3", "3.")
    assert read.solutions[1].generator == "me"


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"problem": "q", "steps": ["a"]}, "line 2 has no field 'label'"),
        ({**GOOD, "label": 2}, "line 2 field 'label' is 2; with 2 steps it must be from -1"),
        ({**GOOD, "label": -2}, "field 'label' is -2"),
        ({**GOOD, "label": True}, "field 'label' is True; it must be a whole number"),
        ({**GOOD, "label": "0"}, "field 'label' is '0'"),
        ({**GOOD, "steps": []}, "field 'steps' must be a list"),
        ({**GOOD, "steps": "a\n\nb"}, "field 'steps' must be a list"),
        ({**GOOD, "steps": ["a", None]}, "field 'steps' holds something other"),
        ({**GOOD, "problem": " "}, "field 'problem' must be a non-empty text"),
    ],
)
def test_a_wrong_record_is_named(tmp_path: Path, record: dict[str, Any], words: str) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(lines(GOOD, record))
    with pytest.raises(ConfigError, match="data: ") as caught:
        read_labelled(str(path))
    assert words in str(caught.value)


def test_a_file_that_is_missing_or_empty_is_named_by_the_commands_own_setting(
    tmp_path: Path,
) -> None:
    with pytest.raises(ConfigError, match=r"data: can't read .*nowhere.jsonl"):
        read_labelled(str(tmp_path / "nowhere.jsonl"))
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(ConfigError, match="holds no solutions"):
        read_labelled(str(tmp_path / "empty.jsonl"))


def test_two_files_of_one_name_would_mix_their_figures(tmp_path: Path) -> None:
    paths = [tmp_path / folder / "gsm8k.jsonl" for folder in ("a", "b")]
    for path in paths:
        path.parent.mkdir()
        path.write_bytes(lines(GOOD))
    with pytest.raises(ConfigError, match="two files are called gsm8k"):
        read_labelled_sets([str(path) for path in paths])


def test_the_zoos_solutions_are_labelled_as_their_recipes_say() -> None:
    solutions = read_labelled("zoo").solutions
    assert len(solutions) > 300
    assert len({(one.problem, one.steps) for one in solutions}) == len(solutions)
    assert {one.generator for one in solutions} == {"zoo-s", "zoo-m", "zoo-l"}
    assert min(sum(one.first_wrong is None for one in solutions), 100) == 100
    for one in solutions:
        right = ZooStepLabels().label_steps(one.problem, one.steps)
        assert right is not None
        assert one.first_wrong == (right.index(False) if False in right else None)


def test_process_benchs_own_files_are_read(shared_data: Path) -> None:
    read = read_labelled(str(shared_data / "steps" / "processbench_gsm8k.jsonl"))
    assert read.name == "processbench_gsm8k"
    assert len(read.solutions) == 400
    assert sum(one.first_wrong is None for one in read.solutions) == 193
