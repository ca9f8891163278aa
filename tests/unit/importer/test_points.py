"""Published accuracies: points without problems."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from ttsgrid.analysis.cells.external_points import external_points
from ttsgrid.analysis.frontier import analyse
from ttsgrid.core.errors import ConfigError
from ttsgrid.importer import import_points, load_points_layout
from ttsgrid.importer.points import PointsLayout, read_points
from ttsgrid.views.files.export import write_frontier
from ttsgrid.views.terminal.frontier import print_frontier
from ttsgrid.views.words.external import note

CSV = """bench,model,how,n,width,seed,acc,used
sums,small,vote,4,,1,50,100
sums,small,vote,4,,2,60,120
sums,small,tree,4,2,1,70,200
sums,small,tree,8,2,1,65,400
sums,small,pass@k,8,,1,90,400
"""
COLUMNS = {
    "benchmark": "bench",
    "policy": "model",
    "strategy": "how",
    "n": "n",
    "seed": "seed",
    "accuracy": "acc",
    "tokens": "used",
}
LAYOUT = PointsLayout(
    COLUMNS, {"policy_parameters": "1e6"}, ("width",), {"vote": "majority"}, "percent"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_text(CSV)
    return path


def test_seeds_become_a_mean_with_their_range(file: Path, tmp_path: Path) -> None:
    assert import_points(tmp_path / "store", file, LAYOUT) == 5
    points = external_points(tmp_path / "store")
    vote = points.filter(strategy="majority").row(0, named=True)
    assert vote["accuracy"] == pytest.approx(0.55)
    assert (vote["num_seeds"], vote["seed_low"], vote["seed_high"]) == (2, 0.5, 0.6)
    tree = points.filter(strategy="tree", n=4).row(0, named=True)
    assert (tree["setting"], tree["num_seeds"], tree["seed_low"]) == ("width=2", 1, None)
    assert tree["flops"] == pytest.approx(2 * 1e6 * 200)
    assert "no interval can be given" in note(points)


def test_the_frontier_holds_what_nothing_cheaper_beats_and_no_bound(
    file: Path, tmp_path: Path
) -> None:
    import_points(tmp_path / "store", file, LAYOUT)
    points = external_points(tmp_path / "store")
    reached = points.filter("on_frontier").select("strategy", "n").rows()
    assert reached == [("majority", 4), ("tree", 4)]
    assert set(points["cost_is"]) == {"FLOPs per problem"}


def test_costs_fall_back_to_what_all_points_have(file: Path, tmp_path: Path) -> None:
    no_size = PointsLayout(COLUMNS, {}, ("width",), {}, "percent")
    import_points(tmp_path / "tokens", file, no_size)
    assert set(external_points(tmp_path / "tokens")["cost_is"]) == {"generated tokens per problem"}
    columns = {name: column for name, column in COLUMNS.items() if name != "tokens"}
    import_points(tmp_path / "n", file, PointsLayout(columns, {}, ("width",), {}, "percent"))
    assert set(external_points(tmp_path / "n")["cost_is"]) == {"N"}


def test_a_store_of_points_alone_has_a_frontier_to_print_and_to_write(
    file: Path, tmp_path: Path
) -> None:
    import_points(tmp_path / "store", file, LAYOUT)
    frontier = analyse(tmp_path / "store")
    out = io.StringIO()
    print_frontier(frontier, Console(file=out, width=100))
    printed = " ".join(out.getvalue().split())
    assert "published elsewhere" in printed
    assert "yes 55.0 (50.0–60.0)" in printed
    assert "* 90.0" not in printed
    written = {path.name for path in write_frontier(frontier, tmp_path / "out")}
    assert {"external.csv", "headline.txt"} <= written
    assert len(pl.read_csv(tmp_path / "out/external.csv")) == 4


def test_the_same_source_again_replaces_its_points(file: Path, tmp_path: Path) -> None:
    import_points(tmp_path / "store", file, LAYOUT)
    file.write_text("\n".join(CSV.splitlines()[:2]) + "\n")
    import_points(tmp_path / "store", file, LAYOUT)
    assert len(external_points(tmp_path / "store")) == 1


def test_a_store_without_points_has_none(tmp_path: Path) -> None:
    points = external_points(tmp_path / "nothing")
    assert points.is_empty()
    assert {"accuracy", "cost", "on_frontier"} <= set(points.columns)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("sums,small,vote,4,,1,150,9", "line 2: accuracy 150 is no percent"),
        ("sums,small,vote,4,,1,,9", "accuracy is empty"),
        ("sums,small,vote,x,,1,50,9", "n must be a number"),
        ("sums,small,vote,1.5,,1,50,9", "n must be a whole number"),
    ],
)
def test_a_wrong_line_is_named(file: Path, line: str, said: str) -> None:
    file.write_text(CSV.splitlines()[0] + "\n" + line + "\n")
    with pytest.raises(ConfigError, match=said):
        read_points(file, LAYOUT)


def test_a_missing_column_is_named_with_those_there(file: Path) -> None:
    layout = PointsLayout({**COLUMNS, "accuracy": "score"}, {}, ())
    with pytest.raises(ConfigError, match="no column 'score'; it has: bench, model"):
        read_points(file, layout)


def test_a_field_nobody_gave_is_named() -> None:
    with pytest.raises(ConfigError, match="which column holds policy"):
        load_points_layout("optscale_frontier", {}, {})
    with pytest.raises(ConfigError, match="no field 'colour'"):
        PointsLayout({**COLUMNS, "colour": "x"})
