"""A search, a vote and a bound of a user's own through sweep, frontier and report.

The modules and the strategy's YAML lie in a folder outside the package, and are named as
docs/extending.md says. The engines are fakes; all else is real, the workers' imports too.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.own.commands import command, put, said
from ttsgrid.store import scan

pytestmark = pytest.mark.ray

MODULES = ("narrowing", "squared", "any_right")
SMALL = (
    "policies=[zoo-s,zoo-l]",
    "prms=[zoo-prm]",
    "strategies=[cot,majority,best_of_n,narrowing]",
    "budgets=[1,4]",
    "benchmark.num_problems=4",
    "engine.kind=fake",
    "engine.cpus=0.3",
    "engine.memory_gib=0.5",
    "cluster.dashboard=false",
    "store=store",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    put(folder, *MODULES)
    strategies = folder / "my_conf" / "strategy"
    strategies.mkdir(parents=True)
    (strategies / "narrowing.yaml").write_text("kind: narrowing\nbudgets: [4]\n")
    return folder


@pytest.fixture(scope="module")
def printed(folder: Path) -> str:
    plugins = f"plugins=[{','.join(MODULES)}]"
    return said(folder, "sweep", "--config-dir", "my_conf", plugins, *SMALL)


def test_the_search_is_planned_run_on_workers_and_shown_under_its_name(
    folder: Path, printed: str
) -> None:
    units = scan(str(folder / "store"), "units").filter(kind="search").collect()
    assert (
        len(units) == 2 * 2 * 4
    )  # policies, budgets (the command's go before the YAML's), problems
    assert set(units["status"]) == {"done"}
    assert set(units["strategy"]) == {"narrowing"}
    named = [part for module in MODULES for part in ("--plugin", module)]
    tables = said(folder, "frontier", "store", "--all", *named)
    assert "narrowing search" in tables
    assert "an oracle" in tables
    assert "narrowing search" in (folder / "store" / "frontier" / "frontier.svg").read_text()


def test_the_vote_makes_cells_of_pools_and_of_the_search(folder: Path, printed: str) -> None:
    cells = pl.read_parquet(folder / "store" / "frontier" / "cells.parquet")
    voted = cells.filter(vote="squared", bin="all")
    assert set(voted["strategy"]) == {"best_of_n", "narrowing"}
    assert set(voted["aggregation"]) == {"min", "last", "avg", "prod"}


def test_the_bound_is_shown_and_chosen_nowhere(folder: Path, printed: str) -> None:
    results = folder / "store" / "frontier"
    cells = pl.read_parquet(results / "cells.parquet")
    assert set(cells.filter(strategy="oracle")["accuracy"]) == {1.0}
    for table in ("best_strategies", "comparisons"):
        chosen = pl.read_parquet(results / f"{table}.parquet")
        assert chosen.filter(pl.col("strategy") == "oracle").is_empty(), table
    for text in ("headline.txt", "recommendation.yaml"):
        assert "oracle" not in (results / text).read_text(), text


def test_the_report_has_names_and_marks_with_the_plugins_and_plain_names_without(
    folder: Path, printed: str
) -> None:
    named = [part for module in MODULES for part in ("--plugin", module)]
    said(folder, "report", "store", *named)
    page = (folder / "store" / "report.html").read_text()
    assert "narrowing search" in page
    assert "wedge" in page
    assert "an oracle" in page
    said(folder, "report", "store", "--out", "plain.html")
    plain = (folder / "plain.html").read_text()
    assert "narrowing" in plain
    assert "narrowing search" not in plain


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("plugins=[nowhere]",), "plugins: nowhere: there is no module 'nowhere'"),
        (("plugins=[broken]",), "plugins: broken: importing it fails: ZeroDivisionError"),
        ((), "strategies: narrowing.kind: 'narrowing' is not one of: cot, majority"),
        (("strategies=[{name: a, kind: pass@k}]",), "'pass@k' is not one of"),
    ],
)
def test_what_is_wrong_is_one_sentence_before_an_engine_starts(
    folder: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    (folder / "broken.py").write_text("1 / 0\n")
    ran = command(folder, "sweep", "--config-dir", "my_conf", *SMALL, *arguments)
    assert ran.returncode == 2
    assert sentence in " ".join(ran.stderr.split())
    assert "Traceback" not in ran.stderr
