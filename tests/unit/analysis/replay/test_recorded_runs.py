"""Rules on runs that others recorded: imported pools replay like any others."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from ttsgrid.analysis.frames.equivalence import store_equivalence
from ttsgrid.analysis.frames.load import load
from ttsgrid.cli.frontier import main
from ttsgrid.cli.importer import main as import_file

pytestmark = pytest.mark.usefixtures("few_orders")
TEXT = ("--chars-per-token=3",)


def replayed(shared_data: Path, store: Path, file: str, rules: str, *named: str) -> pl.DataFrame:
    path = shared_data / "recorded" / file
    assert import_file(["samples", str(store), str(path), *named]) == 0
    assert main([str(store), "--table=rules", f"--rules={rules}", f"--out={store}"]) == 0
    table = pl.read_csv(store / "rules.csv")
    print(table.select("rule", "prm", "accuracy", "accuracy_fixed", "num_samples"))
    return table


def pass_rate(store: Path) -> float:
    """The share of right samples, which is what a vote of one answers."""
    correct = load(store, store_equivalence(store)).solutions["correct"]
    return float(correct.to_numpy().mean())


def test_ovms_ten_pools_of_500_replay(shared_data: Path, tmp_path: Path) -> None:
    table = replayed(
        shared_data, tmp_path, "ovm_gsm8k_llama7b_10x500.jsonl",
        "agreeing=1,adaptive,dirichlet,agreeing=5,short", "--layout=ovm", "--benchmark=gsm8k",
        "--policy=llama2-7b-ovm", "--temperature=0.7", *TEXT,
    )  # fmt: skip
    by_rule = {row["rule"]: row for row in table.iter_rows(named=True)}
    assert {(row["n"], row["num_problems"]) for row in by_rule.values()} == {(500, 10)}
    adaptive = by_rule["adaptive=0.95"]
    assert adaptive["num_samples"] < 0.4 * 500
    assert abs(adaptive["difference"]) < 0.05
    # All answers count beside the leader's: it never stops before the next one's alone.
    assert by_rule["dirichlet=0.95"]["num_samples"] >= adaptive["num_samples"]
    assert by_rule["agreeing=1"]["accuracy"] == pytest.approx(pass_rate(tmp_path), abs=0.05)


def test_cruxevals_800_pools_of_10_replay(shared_data: Path, tmp_path: Path) -> None:
    table = replayed(
        shared_data, tmp_path, "cruxeval_codellama7b_800x10_output.json",
        "agreeing=1,adaptive,dirichlet,agreeing=3", "--layout=cruxeval", "--benchmark=cruxeval",
        "--grader=text", "--policy=codellama-7b", "--temperature=0.2", *TEXT,
    )  # fmt: skip
    by_rule = {row["rule"]: row for row in table.iter_rows(named=True)}
    assert {(row["n"], row["num_problems"]) for row in by_rule.values()} == {(10, 800)}
    assert abs(by_rule["adaptive=0.95"]["difference"]) < 0.01
    # Four equal answers settle it, and most problems have those.
    assert 4 < by_rule["adaptive=0.95"]["num_samples"] < 0.7 * 10
    first = by_rule["agreeing=1"]
    # Samples without an answer are passed over, so a first answer does no worse than one sample.
    assert first["accuracy"] >= pass_rate(tmp_path) - 4 * first["standard_error_mc"]


def test_crucibles_scored_pools_replay_with_a_threshold(shared_data: Path, tmp_path: Path) -> None:
    table = replayed(
        shared_data, tmp_path, "crucible_math500_qwen1.5b_skywork1.5b_seed0.json",
        "adaptive,agreeing=3,threshold=9,threshold", "--layout=crucible", "--benchmark=math500",
        "--temperature=0.7", "--policy=qwen2.5-1.5b", "--prm=skywork-1.5b",
        "--policy-parameters=1.54e9", "--prm-parameters=1.54e9",
    )  # fmt: skip
    by_rule = {row["rule"]: row for row in table.iter_rows(named=True)}
    assert {(row["n"], row["num_problems"]) for row in by_rule.values()} == {(8, 40)}
    # No score is 9: all eight are drawn and the best wins, which is the recorded best-of-8.
    never = by_rule["threshold=9"]
    assert never["accuracy"] == pytest.approx(0.5, abs=0.01)
    assert never["num_samples"] == never["num_scored"] == 8
    assert by_rule["threshold=chosen"]["num_scored"] < 8
    assert by_rule["adaptive=0.95"]["num_samples"] < 8
