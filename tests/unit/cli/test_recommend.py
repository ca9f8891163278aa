"""`python -m ttsgrid.recommend`: picks, sentences for what is wrong, and the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.unit.analysis.synthetic import Policy, Prm, World, write_store
from ttsgrid.cli.frontier import main as frontier
from ttsgrid.cli.importer import main as import_file
from ttsgrid.cli.recommend import main
from ttsgrid.core.errors import ConfigError
from ttsgrid.frontier import recommend_within

WORLD = World(
    policies=(Policy("small", 0.9, 3_000_000), Policy("large", 2.5, 12_000_000)),
    prms=(Prm("sharp", 2.5),),
    num_problems=40,
    benchmark="math500",
)
CELLS = ["--rules", "none"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("recommend") / "store"
    write_store(path, WORLD)
    return str(path)


def test_a_budget_names_one_cell_of_all_policies_and_one_of_each(
    store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([store, "--flops", "1e12", *CELLS]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "math500: within 1 TFLOPs per problem use large, " in said
    assert "Of small alone: within 1 TFLOPs per problem use small, " in said


def test_a_budget_that_affords_nothing_is_told_the_least(
    store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([store, "--latency-tokens", "3", *CELLS]) == 0
    assert "affords nothing; the least is 49.5" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--money", "1"], "--money: give --price-per-gpu-hour"),
        (["--flops", "1e9", "--policy", "smal"], "--policy"),
        (["--flops", "1e9", "--benchmark", "aime"], "--benchmark"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    store: str, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([store, *options, *CELLS]) == 2
    error = capsys.readouterr().err
    assert error.startswith("ttsgrid: ")
    assert said in error


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--flops", "0"], "a number above 0"),
        (["--flops", "cheap"], "a number above 0"),
        (["--flops", "1", "--money", "1"], "not allowed with"),
        (["--kv-bytes", "80"], "a model's name and a number"),
    ],
)
def test_options_that_make_no_sense_are_refused_with_an_example(
    store: str, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([store, *options])
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err


def test_a_store_that_is_none_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "nothing"), "--flops", "1e9"]) == 2
    assert capsys.readouterr().err.startswith("ttsgrid: ")


def test_a_price_alone_is_no_money_where_no_device_was_timed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        {"question": f"q{i}", "answer": "4", "samples": [{"answer": "4", "tokens": 9}] * 4}
        for i in range(2)
    ]
    file, path = tmp_path / "run.jsonl", tmp_path / "imported"
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    told = ["--benchmark=math500", "--policy=p", "--temperature=0.7", "--policy-parameters=1e9"]
    assert import_file(["samples", str(path), str(file), *told]) == 0
    assert main([str(path), "--money", "1", "--price-per-gpu-hour", "2", *CELLS]) == 2
    assert "--money: the store knows no device times" in capsys.readouterr().err
    assert main([str(path), "--memory-bytes", "1", "--kv-bytes", "q=1", *CELLS]) == 2
    assert "--kv-bytes: 'q' is not one of: p." in capsys.readouterr().err


def test_the_frontiers_file_is_read_within_a_budget(
    store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert frontier([store, "--out", str(tmp_path)]) == 0
    path = tmp_path / "recommendation.yaml"
    found = recommend_within(path, "flops", 1e12)
    assert found["policy"] == "large"
    assert found["costs"]["flops"] <= found["budget"] <= 1e12
    assert recommend_within(path, "latency_tokens", 50, "math500")["n"] >= 1
    with pytest.raises(ConfigError, match="the smallest in flops"):
        recommend_within(path, "flops", 1)
    with pytest.raises(ConfigError, match="no budgets in money; there are: flops"):
        recommend_within(path, "money", 1)


def test_without_a_budget_every_axis_is_shown_and_written(
    store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [store, "--price-per-gpu-hour", "2", "--out", str(tmp_path), "--rules", "adaptive"]
    assert main(arguments) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "math500: Of what comes within 1.0 point of the most accurate" in said
    content = yaml.safe_load((tmp_path / "recommendation_by_cost.yaml").read_text("utf-8"))
    entries = content["by_cost"]
    assert {entry["axis"] for entry in entries} >= {"flops", "money", "latency_tokens"}
    for entry in entries:
        assert entry["costs"][entry["axis"]] <= entry["budget"]
        assert entry["low"] <= entry["accuracy"] <= entry["high"]
        assert entry["policy"] in ("small", "large")
