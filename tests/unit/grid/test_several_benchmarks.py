"""Several benchmarks in one sweep: each with its own problems, units, cells and prompts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from ttsgrid.cli.found import find
from ttsgrid.core.errors import ConfigError
from ttsgrid.grid.arguments import checked_arguments
from ttsgrid.grid.compose import to_grid
from ttsgrid.grid.config import GridConfig
from ttsgrid.grid.plan import Plan

CONF = Path(__file__).resolve().parents[3] / "conf"
SUMS = "{name: sums, path: sums.jsonl, instruction: Say a number.}"


def grid_of(*arguments: str, folders: Sequence[Path] = (CONF,)) -> GridConfig:
    overrides = checked_arguments(arguments, CONF)
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        return to_grid(compose("config", overrides=overrides), list(folders))


def names(grid: GridConfig) -> list[str]:
    return [benchmark.name for benchmark in grid.benchmarks]


@pytest.mark.parametrize("setting", ["benchmark", "benchmarks", "+benchmark", "++benchmarks"])
def test_a_list_of_names_is_several_benchmarks_with_the_settings_of_their_files(
    setting: str,
) -> None:
    grid = grid_of(f"{setting}=[math500,gsm8k]")
    assert names(grid) == ["math500", "gsm8k"]
    assert [benchmark.gold_form for benchmark in grid.benchmarks] == ["auto", "hashes"]
    assert {benchmark.generator for benchmark in grid.benchmarks} == {None}
    assert grid.store == "results/math500+gsm8k"


def test_what_stands_below_benchmark_holds_for_each_of_them() -> None:
    grid = grid_of("benchmark=[zoo,math500]", "benchmark.num_problems=100", "benchmark.seed=3")
    assert {(one.num_problems, one.seed) for one in grid.benchmarks} == {(100, 3)}
    fields = grid_of("benchmark=[aime24,math500]", "benchmark.fields.question=q")
    assert {one.fields.question for one in fields.benchmarks} == {"q"}


def test_a_list_of_one_takes_all_settings_and_its_store_the_plain_name() -> None:
    grid = grid_of("benchmark=[amc23]", "benchmark.path=amc.jsonl")
    assert (grid.benchmark.path, grid.store) == ("amc.jsonl", "results/amc23")


def test_a_list_may_hold_a_whole_definition_and_one_store_of_ones_own() -> None:
    grid = grid_of(f"benchmarks=[math500,{SUMS}]", "store=mine")
    assert names(grid) == ["math500", "sums"]
    assert grid.store == "mine"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["benchmark=[math500,aime]"], "benchmarks: 'aime' is not one of: aime24, aime25"),
        (["benchmark=[math500,math500]"], "benchmarks names math500 twice"),
        (["benchmark=[]"], "benchmarks=[] leaves nothing to run"),
        (["benchmark=[math500,aime24]", "benchmark.path=x"], "benchmark.path is of one benchmark"),
        (["benchmark=[math500,aime24]", "benchmark.sed=1"], "unknown setting benchmark.sed"),
        (["benchmarks=math500"], "benchmarks='math500' must be a list"),
    ],
)
def test_what_is_wrong_with_a_list_is_said(arguments: list[str], complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        grid_of(*arguments)
    assert complaint in str(caught.value)


def test_the_default_benchmark_beside_a_list_is_refused_and_never_laid_over_it() -> None:
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        config = compose("config", overrides=["benchmarks=[math500,aime24]"])
    with pytest.raises(ConfigError, match=r"benchmark=zoo stands beside benchmarks=\[\.\.\.\]"):
        to_grid(config, [CONF])


def test_an_experiment_may_list_benchmarks(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "two.yaml").write_text("benchmarks: [zoo, gsm8k]\nseed: 7\n")
    arguments = [f"--config-dir={tmp_path}", "experiment=two", "benchmark.num_problems=3"]
    overrides = checked_arguments(arguments, CONF)[1:]
    overrides.append(f"hydra.searchpath=['file://{tmp_path}']")
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        grid = to_grid(compose("config", overrides=overrides), [CONF, tmp_path])
    assert names(grid) == ["zoo", "gsm8k"]
    assert {one.num_problems for one in grid.benchmarks} == {3}


def two(tmp_path: Path) -> GridConfig:
    file = tmp_path / "sums.jsonl"
    file.write_text('{"question": "1 + 1?", "answer": 2}\n{"question": "2 + 2?", "answer": 4}\n')
    own = f"{{name: sums, path: {file}, instruction: Say a number., search_problems: 1}}"
    zoo = (
        "{name: zoo, generator: 'ttsgrid.benchmarks.zoo.rows:test_rows', grader: integer, "
        "num_problems: 3}"
    )
    return grid_of(f"benchmarks=[{zoo},{own}]", "policies=[zoo-s]", "prms=[zoo-prm]", "budgets=[4]")


def plan_of(grid: GridConfig) -> Plan:
    return find(grid, lambda _: None).plan(frozenset())


def test_units_and_cells_of_two_benchmarks_are_those_of_each_alone(tmp_path: Path) -> None:
    grid = two(tmp_path)
    both, alone = plan_of(grid), [plan_of(part) for part in grid.parts]
    assert len(both.problems) == 3 + 2
    ids = [{unit.id for unit in plan.units} for plan in (both, *alone)]
    assert ids[0] == ids[1] | ids[2]
    assert not ids[1] & ids[2]
    assert {*both.cells} == {*alone[0].cells, *alone[1].cells}
    assert {cell.benchmark for cell in both.cells} == {"zoo", "sums"}
    assert str(both.naive) == str(alone[0].naive + alone[1].naive)


def test_each_benchmark_limits_its_own_searches(tmp_path: Path) -> None:
    plan = plan_of(two(tmp_path))
    searched = {unit.problem_id for unit in plan.units if unit.tree}
    of = {problem.id: problem.benchmark for problem in plan.problems}
    assert sorted(of[problem] for problem in searched) == ["sums", "zoo", "zoo", "zoo"]
