"""A change of a named config is enough to say, and a list of samplings or seeds is an axis."""

from __future__ import annotations

from pathlib import Path

import pytest

from ttsgrid.cli.composition import composed
from ttsgrid.cli.found import find
from ttsgrid.core.errors import ConfigError
from ttsgrid.grid.arguments import checked_arguments
from ttsgrid.grid.budgets import budgets_of
from ttsgrid.grid.compose import to_grid
from ttsgrid.grid.config import GridConfig
from ttsgrid.grid.plan import Plan

CONF = Path(__file__).resolve().parents[3] / "conf"
SMALL = ("benchmark.num_problems=2", "policies=[zoo-s]", "prms=[zoo-prm]")


def grid_of(*arguments: str) -> GridConfig:
    plain = composed(checked_arguments(arguments, CONF), CONF)
    return to_grid(plain.config, plain.folders)


def refusal(*arguments: str) -> str:
    with pytest.raises(ConfigError) as caught:
        grid_of(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def plan_of(*arguments: str) -> Plan:
    return find(grid_of(*arguments), lambda _: None).plan(frozenset())


def test_an_item_with_a_base_is_the_named_config_but_for_what_it_says() -> None:
    plain, changed = grid_of(
        "policies=[zoo-m,{base: zoo-s, sampling: {temperature: 1.0}}]"
    ).policies
    assert (changed.name, changed.model) == ("zoo-s", "zoo:zoo-s")
    assert changed.sampling.temperature == 1.0
    assert changed.sampling.max_tokens == 160  # the rest of its sampling stays
    assert plain.sampling.temperature == 0.7
    (replicated,) = grid_of("policies=[{base: qwen2.5-7b, replicas: 4}]").policies
    assert (replicated.name, replicated.replicas, replicated.num_gpus) == ("qwen2.5-7b", 4, 1)
    (prm,) = grid_of("prms=[{base: zoo-prm, name: twice, replicas: 2}]").prms
    assert (prm.name, prm.model, prm.replicas) == ("twice", "zoo:zoo-prm", 2)


def test_a_changed_strategy_has_the_budgets_that_it_says_or_those_of_the_grid() -> None:
    grid = grid_of("strategies=[beam,{base: beam, name: wide, budgets: [8], beam_width: 8}]")
    assert [budgets_of(grid, one) for one in grid.strategies] == [(4, 16), (8,)]
    assert [one.beam_width for one in grid.strategies] == [4, 8]
    grid = grid_of("budgets=[8,16]", "strategies=[{base: beam, beam_width: 8}]")
    assert budgets_of(grid, grid.strategies[0]) == (8, 16)


def test_a_benchmark_and_a_file_of_ones_own_may_have_a_base(tmp_path: Path) -> None:
    grid = grid_of("benchmark=[aime24,{base: math500, num_problems: 20}]")
    assert [(one.name, one.num_problems) for one in grid.benchmarks] == [
        ("aime24", None),
        ("math500", 20),
    ]
    folder = tmp_path / "policy"
    folder.mkdir()
    (folder / "hot.yaml").write_text("base: zoo-s\nsampling: {temperature: 1.2}\n")
    (hot,) = grid_of(f"--config-dir={tmp_path}", "policies=[hot]").policies
    assert (hot.name, hot.model) == ("hot", "zoo:zoo-s")
    assert (hot.sampling.temperature, hot.sampling.max_tokens) == (1.2, 160)
    (folder / "a.yaml").write_text("base: b")
    (folder / "b.yaml").write_text("base: a")
    said = refusal(f"--config-dir={tmp_path}", "policies=[a]")
    assert "bases go in a circle: a -> b -> a" in said


def test_a_wrong_base_is_refused_with_the_nearest_name() -> None:
    assert "Did you mean zoo-s?" in refusal("policies=[{base: zoos, replicas: 2}]")


def test_one_policy_in_two_samplings_is_one_model_and_two_of_a_name_need_names() -> None:
    grid = grid_of(*SMALL[:1], "policies=[zoo-s,{base: zoo-s, sampling: {temperature: 1.0}}]")
    assert {model.identity.name for model in find(grid, lambda _: None).models} == {
        "zoo-s",
        "zoo-prm",
        "zoo-shepherd",
    }
    said = refusal("policies=[zoo-s,{base: zoo-s, dtype: float16}]")
    assert "policies names zoo-s twice" in said
    assert "{base: zoo-s, name: ..." in said
    grid_of("policies=[zoo-s,{base: zoo-s, name: half, dtype: float16}]")  # the remedy
    assert "twice with the same sampling" in refusal("policies=[zoo-s,{base: zoo-s}]")


def test_lists_of_samplings_and_seeds_are_axes() -> None:
    one = plan_of(*SMALL, "budgets=[4]")
    both = plan_of(*SMALL, "budgets=[4]", "sampling.temperature=[0.5,1.0]", "seed=[0,1,2]")
    pools = {unit.sampling for unit in both.units if not unit.sampling.greedy}
    assert {(s.temperature, s.seed) for s in pools} == {
        (temperature, seed) for temperature in (0.5, 1.0) for seed in (0, 1, 2)
    }
    # Six pools and searches; a greedy solution knows no temperature, so of those there are three.
    num_greedy = 2
    num_others = one.planned.num_solutions - num_greedy
    assert both.planned.num_solutions == 6 * num_others + 3 * num_greedy
    assert both.planned.num_trees == 6 * one.planned.num_trees
    assert len({unit.id for unit in both.units}) == len(both.units)


def test_each_sampling_has_cells_of_its_own_named_as_the_analysis_names_them() -> None:
    cells = plan_of(*SMALL, "budgets=[4]", "sampling.temperature=[0.5,1.0]").cells
    assert {cell.policy for cell in cells} == {
        "zoo-s",  # its greedy solution
        "zoo-s (temperature=0.5)",
        "zoo-s (temperature=1)",
    }


def test_an_engine_has_room_for_the_longest_of_several_samplings() -> None:
    grid = grid_of(*SMALL, "sampling.max_tokens=[100,300,200]")
    policy = next(m for m in find(grid, lambda _: None).models if m.role == "policy")
    assert policy.config.sampling.max_tokens == 300


@pytest.mark.parametrize("argument", ["sampling.temperature=0.5,1.0", "seed=0,1", "budgets=4,8"])
def test_what_is_advised_for_several_values_is_taken(argument: str) -> None:
    advised = refusal(argument).rpartition("are a list: ")[2]
    assert advised == argument.replace("=", "=[") + "]"
    grid_of(advised)


@pytest.mark.parametrize(
    "argument", ["engine=cpu,gpu", "plan_only=true,false", "engine.cpus=1,2", "experiment=a,b"]
)
def test_no_list_is_advised_where_none_is_taken(argument: str) -> None:
    said = refusal(argument)
    assert said.endswith("takes one value")
    assert "[" not in said


def test_a_range_is_written_out() -> None:
    assert refusal("seed=range(0,3)").endswith("write the values as a list: seed=[A,B]")
    assert refusal("seed=[]") == "seed=[] leaves nothing to run; give at least one"
    assert "sampling.top_p=[] leaves nothing" in refusal("sampling.top_p=[]")


@pytest.mark.parametrize(
    "path", ["a=b", "~/a b", "it's (1)", "a,b", "ä#1", "back\\slash\\", 'say "x"', "$HOME"]
)
def test_a_path_means_what_was_typed(path: str, tmp_path: Path) -> None:
    grid = grid_of(f"store={path}", f"benchmark.path={path}")
    assert (grid.store, grid.benchmark.path) == (path, path)
    folder = tmp_path / path.removeprefix("~/")
    (folder / "engine").mkdir(parents=True)
    (folder / "engine" / "mine.yaml").write_text("kind: vllm\ncpus: 3\n")
    assert grid_of(f"--config-dir={folder}", "engine=mine").engine.cpus == 3


def test_a_path_inside_a_list_means_what_was_typed() -> None:
    model = "{name: mine, model: /data/a=b (2)~, format: qwen, parameters: 1e9}"
    (policy,) = grid_of(f"policies=[{model}]").policies
    assert (policy.model, policy.parameters) == ("/data/a=b (2)~", 1e9)


@pytest.mark.parametrize("file", sorted(CONF.glob("experiment/*.yaml")), ids=lambda f: f.stem)
def test_every_shipped_experiment_composes(file: Path) -> None:
    grid = grid_of(f"experiment={file.stem}")
    assert grid.store == f"results/{file.stem}"


def test_the_papers_experiment_is_the_studys_grid_and_arguments_go_over_it() -> None:
    grid = grid_of("experiment=paper", "budgets=[4,512]")
    assert [one.name for one in grid.benchmarks] == ["math500", "aime24"]
    assert (len(grid.policies), len(grid.prms)) == (12, 7)
    assert grid.engine.max_num_seqs == 512
    assert grid.budgets == (4, 512)


def test_an_experiments_file_that_is_no_yaml_is_named(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "bad.yaml").write_text("policies: [zoo-s\nbudgets: 4")
    said = refusal(f"--config-dir={tmp_path}", "experiment=bad")
    assert "bad.yaml" in said
