"""Two stores compared: on the problems of both, paired, against sums over their raw tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from tests.unit.analysis.synthetic import Policy, World, write_store
from ttsgrid.analysis.findings.two_stores import best_of_each, differences, judged
from ttsgrid.cli.frontier import main
from ttsgrid.store import BenchmarkRecord, Store, scan
from ttsgrid.views.words.numbers import Row

WEAK = World(policies=(Policy("tiny", 0.35, 1_000_000),), num_problems=60, pool_size=8)
STRONG = replace(WEAK, policies=(Policy("tiny", 2.5, 1_000_000),), num_problems=50, seed=1)


def written(path: Path, world: World) -> Path:
    write_store(path, world)
    with Store.open(path, run_id="describe") as store:
        store.write_benchmark(BenchmarkRecord(world.benchmark, "text"))
    return path


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("two")
    return written(folder / "weak", WEAK), written(folder / "strong", STRONG)


def greedy(store: Path) -> pl.DataFrame:
    rows = scan(store, "solutions").filter(kind="sample", temperature=0.0)
    return rows.select("problem_id", pl.col("correct").cast(pl.Float64)).collect()


def one(frame: pl.DataFrame, **wanted: str | int) -> Row:
    return frame.filter(**wanted).row(0, named=True)


def test_a_difference_is_paired_by_problem_on_those_of_both(stores: tuple[Path, Path]) -> None:
    found = differences(*(judged(store) for store in stores))
    row = one(found, strategy="cot")
    both = greedy(stores[0]).join(greedy(stores[1]), on="problem_id")
    assert row["num_problems"] == both.height == 50
    assert row["first"] == pytest.approx(both["correct"].mean())
    assert row["second"] == pytest.approx(both["correct_right"].mean())
    paired = both["correct_right"] - both["correct"]
    assert row["difference"] == pytest.approx(paired.mean())
    assert row["low"] < row["difference"] < row["high"]
    assert row["low_adjusted"] <= row["low"]
    assert row["high_adjusted"] >= row["high"]


def test_the_stronger_store_is_found_and_bounds_are_no_cells(stores: tuple[Path, Path]) -> None:
    found = differences(*(judged(store) for store in stores))
    assert "pass@k" not in found["strategy"].to_list()
    votes = found.filter(strategy="majority", n=8)
    assert votes["low_adjusted"].item() > 0
    turned = differences(*(judged(store) for store in reversed(stores)))
    assert turned.filter(strategy="majority", n=8)["high_adjusted"].item() < 0


def test_a_store_does_not_differ_from_itself(stores: tuple[Path, Path]) -> None:
    itself = judged(stores[0])
    found = differences(itself, itself)
    assert found["difference"].abs().max() == 0
    assert found.filter((pl.col("low_adjusted") > 0) | (pl.col("high_adjusted") < 0)).is_empty()


def test_other_policies_are_compared_by_the_most_accurate_cell_of_each(
    stores: tuple[Path, Path], tmp_path: Path
) -> None:
    world = replace(STRONG, policies=(Policy("other", 2.5, 9),))
    other = judged(written(tmp_path / "other", world))
    weak = judged(stores[0])
    assert differences(weak, other).is_empty()
    (best,) = best_of_each(weak, other)
    assert (best.first.policy, best.second.policy) == ("tiny", "other")
    assert best.numbers["low"] > 0


def test_the_first_screen_says_the_answer(
    stores: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weak, strong = map(str, stores)
    assert main([weak, strong, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    said = " ".join(printed.split())
    assert "cells that both stores have, on 50 problems of both, the second is clearly" in said
    assert "made-up: Surest: tiny with" in said
    written_rows = pl.read_parquet(tmp_path / "store_differences.parquet")
    assert written_rows.height == differences(*(judged(store) for store in stores)).height
    with pytest.raises(SystemExit, match="2"):
        main([weak, strong, "--table", "rules"])
    assert "--table: for one store alone" in capsys.readouterr().err


def test_stores_without_a_common_problem_are_refused_in_a_sentence(
    stores: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    apart = written(tmp_path / "apart", replace(WEAK, num_problems=4, problem_prefix="q"))
    assert main([str(stores[0]), str(apart)]) == 2
    assert "have no problem in common" in capsys.readouterr().err
