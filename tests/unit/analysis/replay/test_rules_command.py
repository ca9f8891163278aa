"""Rules as commands show them: tables, files, reports, and what is refused."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.unit.analysis.synthetic import (
    Policy,
    World,
    write_store,
)
from ttsgrid.analysis.replay.rules import (
    rules_from,
    rules_of,
)
from ttsgrid.cli.frontier import main
from ttsgrid.cli.report import main as report
from ttsgrid.core.errors import ConfigError

pytestmark = pytest.mark.usefixtures("few_orders")


def small_store(path: Path) -> Path:
    """A store whose benchmark has a grader that ships."""
    policies = (Policy("one", 1.0, 10), Policy("two", 2.0, 20))
    write_store(path, World(policies, num_problems=30, pool_size=8, benchmark="math500"))
    return path


@pytest.mark.parametrize("told", [["--table", "rules"], []])
def test_the_command_prints_and_writes_the_table(
    told: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, out = small_store(tmp_path / "store"), tmp_path / "out"
    assert main([str(store), *told, "--rules", "adaptive,short=2", f"--out={out}"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Rules that stop sampling early" in said
    assert "majority-8 for one at" in said
    written = pl.read_csv(out / "rules.csv")
    assert written["rule"].unique().sort().to_list() == ["adaptive=0.95", "short=2"]
    assert written["policy"].unique().sort().to_list() == ["one", "two"]


def test_without_the_option_nothing_is_replayed(tmp_path: Path) -> None:
    store, out = small_store(tmp_path / "store"), tmp_path / "out"
    assert main([str(store), f"--out={out}"]) == 0
    assert not (out / "rules.csv").exists()


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ("adaptiv", "'adaptiv' is not one of: adaptive, dirichlet, agreeing, first_to_finish"),
        (
            "adaptive=1",
            "adaptive=1: confidence must be a number above 0.5 and below 1, or 'chosen'",
        ),
        ("agreeing=2.5", "agreeing=2.5: samples in a row must be a whole number above 0"),
        ("short=x", "short=x: chains to wait for must be a whole number above 0"),
        ("first_to_finish=2", "first_to_finish takes no number"),
        ("", "'' is not one of"),
    ],
)
def test_rules_that_are_none_are_refused_in_a_sentence(
    rules: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path), f"--rules={rules}", f"--out={tmp_path}"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("ttsgrid: --rules: ")
    assert words in said


def test_a_store_without_large_enough_pools_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = small_store(tmp_path / "store")
    told = ["--table", "rules", "--budgets", "32", f"--out={tmp_path}"]
    assert main([str(store), *told]) == 2
    assert "sample more, or lower --budgets" in capsys.readouterr().err
    # Nor is there too little to choose from: thirty problems are.
    assert main([str(store), *told, "--rules", "adaptive=chosen"]) == 2
    said = capsys.readouterr().err
    assert "sample more, or lower --budgets" in said
    assert "chooses on some" not in said


def test_none_of_the_rules_may_be_asked_for(tmp_path: Path) -> None:
    assert rules_from("none") == ()
    store = small_store(tmp_path / "store")
    assert main([str(store), "--rules", "none", f"--out={tmp_path}"]) == 0


def test_a_report_replays_the_usual_rules_or_those_that_are_named(tmp_path: Path) -> None:
    store, page = small_store(tmp_path / "store"), tmp_path / "page.html"
    for told, said, unsaid in (
        ([], "Adaptive consistency", "samples agree in a row"),
        (["--rules", "agreeing=2"], "samples agree in a row", "daptive consistency"),
        (["--rules", ""], "", "daptive consistency"),
    ):
        assert report([str(store), f"--out={page}", *told]) == 0
        text = page.read_text(encoding="utf-8")
        assert said.lower() in text.lower()
        assert unsaid not in text


def test_a_rule_that_a_config_misspells_is_refused_with_its_setting() -> None:
    with pytest.raises(ConfigError, match="rules: adaptive=2: confidence must be a number"):
        rules_of(["adaptive=2"], "rules")
