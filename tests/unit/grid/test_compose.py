"""A composed config becomes a grid, or an error that names the setting and the choices."""

from __future__ import annotations

from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from ttsgrid.core.errors import ConfigError
from ttsgrid.grid.budgets import budgets_of, left_out
from ttsgrid.grid.compose import to_grid
from ttsgrid.grid.config import GridConfig, ModelConfig, SamplingConfig
from ttsgrid.grid.definitions import group_names
from ttsgrid.models import prompt_format
from ttsgrid.models.prms import prm_format
from ttsgrid.models.prms.qwen_prm import QwenPrmFormat

CONF = Path(__file__).resolve().parents[3] / "conf"


def grid_of(*overrides: str, search_path: tuple[Path, ...] = (CONF,)) -> GridConfig:
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        return to_grid(compose("config", overrides=list(overrides)), search_path)


POOLED = "strategies=[cot,majority,best_of_n]"  # which a hosted policy can have too


def names(models: tuple[ModelConfig, ...]) -> list[str]:
    return [model.name for model in models]


def test_the_shipped_defaults_are_a_valid_grid() -> None:
    grid = grid_of()
    assert names(grid.policies) == ["zoo-s", "zoo-m", "zoo-l"]
    assert names(grid.prms) == ["zoo-prm", "zoo-shepherd"]
    kinds = [strategy.kind for strategy in grid.strategies]
    assert kinds == ["cot", "majority", "best_of_n", "beam", "dvts"]
    assert grid.budgets == (1, 4, 16, 64)
    assert grid.benchmark.num_problems == 100
    assert grid.engine.kind == "vllm"
    assert grid.store == "results/zoo"


@pytest.mark.parametrize("file", sorted(CONF.glob("policy/*.yaml")), ids=lambda file: file.stem)
def test_every_shipped_policy_composes(file: Path) -> None:
    assert names(grid_of(f"policies=[{file.stem}]", POOLED).policies) == [file.stem]


def test_searches_of_the_default_grid_are_refused_for_a_policy_that_continues_nothing() -> None:
    with pytest.raises(ConfigError, match=r"policies\.gpt-4o\.endpoint\.api=chat: .*beam, dvts"):
        grid_of("policies=[zoo-s,gpt-4o]")


@pytest.mark.parametrize("file", sorted(CONF.glob("prm/*.yaml")), ids=lambda file: file.stem)
def test_every_shipped_prm_composes(file: Path) -> None:
    assert names(grid_of(f"prms=[{file.stem}]").prms) == [file.stem]


@pytest.mark.parametrize("group", ["benchmark", "engine", "cluster"])
def test_every_shipped_choice_of_a_group_composes(group: str) -> None:
    choices = sorted(file.stem for file in (CONF / group).glob("*.yaml"))
    grids = {choice: grid_of(f"{group}={choice}") for choice in choices}
    assert len({repr(getattr(grid, group)) for grid in grids.values()}) == len(choices)


def test_budgets_are_sorted_and_counted_once() -> None:
    assert grid_of("budgets=[16,4,16,1]").budgets == (1, 4, 16)


def budgets_in(grid: GridConfig) -> dict[str, tuple[int, ...]]:
    return {strategy.name: budgets_of(grid, strategy) for strategy in grid.strategies}


def test_without_budgets_given_each_strategy_has_those_of_its_file_or_the_grids() -> None:
    expected = {"cot": (1,), "majority": (1, 4, 16, 64), "best_of_n": (1, 4, 16, 64)}
    expected |= {"beam": (4, 16), "dvts": (4, 16)}
    assert budgets_in(grid_of()) == budgets_in(grid_of("budgets=null")) == expected


def test_budgets_given_set_every_strategy_that_is_given_none_beside_them() -> None:
    mine = "{name: mine, kind: beam, budgets: [16]}"
    grid = grid_of("budgets=[8]", f"strategies=[cot,majority,beam,dvts,rebase,{mine}]")
    eight = dict.fromkeys(("majority", "beam", "dvts", "rebase"), (8,))
    assert budgets_in(grid) == {"cot": (1,), **eight, "mine": (16,)}
    assert left_out(grid) == []


def test_budgets_that_a_search_cannot_have_are_left_out_of_it_and_named() -> None:
    grid = grid_of("budgets=[2,6,8]", "strategies=[majority,beam,dvts,step_best_of_m]")
    expected = {"majority": (2, 6, 8), "beam": (8,), "dvts": (8,), "step_best_of_m": (2, 6, 8)}
    assert budgets_in(grid) == expected
    assert [sentence.partition(":")[0] for sentence in left_out(grid)] == [
        "beam is left out at N = 2, 6",
        "dvts is left out at N = 2, 6",
    ]
    with pytest.raises(ConfigError, match=r"beam can have none of budgets=\[6\].*beam_width M=4"):
        budgets_in(grid_of("budgets=[6]", "strategies=[beam]"))


def test_a_beam_width_of_zero_is_named_and_not_the_budget_that_follows_from_it() -> None:
    with pytest.raises(ConfigError, match="beam_width=0 must be at least 1"):
        grid_of("strategies=[{name: s, kind: beam, beam_width: 0}]")


@pytest.mark.parametrize(
    ("strategy", "setting", "taken"),
    [
        ("{name: s, kind: majority, beam_width: 8}", "beam_width", "majority takes budgets"),
        ("{name: s, kind: best_of_n, preset: paper}", "preset", "best_of_n takes budgets"),
        ("{name: s, kind: cot, budgets: [4]}", "budgets", "cot takes no settings"),
        ("{name: s, kind: beam, score_temperature: 1}", "score_temperature", "beam_width"),
        ("{name: s, kind: rebase, beam_width: 8}", "beam_width", "score_temperature"),
        ("{name: s, kind: rebase, preset: paper}", "preset", "rebase takes budgets"),
        ("{name: s, kind: step_best_of_m, beam_width: 8}", "beam_width", "max_steps"),
    ],
)
def test_a_setting_that_does_nothing_for_its_strategy_is_refused(
    strategy: str, setting: str, taken: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        grid_of(f"strategies=[{strategy}]")
    assert f"strategies.s.{setting} does nothing" in str(caught.value)
    assert taken in str(caught.value)


@pytest.mark.parametrize("file", sorted(CONF.glob("strategy/*.yaml")), ids=lambda file: file.stem)
def test_every_shipped_strategy_composes(file: Path) -> None:
    (strategy,) = grid_of(f"strategies=[{file.stem}]").strategies
    assert strategy.name == file.stem


def test_a_sampling_override_reaches_every_policy_and_null_keeps_its_own() -> None:
    grid = grid_of("sampling.temperature=1")
    assert {policy.sampling.temperature for policy in grid.policies} == {1.0}
    assert {policy.sampling.max_tokens for policy in grid.policies} == {160}


def test_no_sampling_at_all_keeps_each_policys_own() -> None:
    inline = "policies=[zoo-s,{name: mine, model: b, format: c, sampling: null}]"
    for override in ("sampling=null", "~sampling"):
        own, default = (policy.sampling for policy in grid_of(override, inline).policies)
        assert own.max_tokens == 160
        assert default == SamplingConfig()


def test_an_axis_may_hold_a_whole_definition() -> None:
    grid = grid_of("policies=[zoo-s,{name: mine, model: /models/mine, format: qwen}]")
    assert names(grid.policies) == ["zoo-s", "mine"]
    assert (grid.policies[1].model, grid.policies[1].format) == ("/models/mine", "qwen")


def test_a_folder_of_ones_own_adds_names_and_wins_over_the_shipped_ones(tmp_path: Path) -> None:
    (tmp_path / "policy").mkdir()
    for name in ("mine", "zoo-s"):
        (tmp_path / "policy" / f"{name}.yaml").write_text("model: /models/mine\nformat: qwen\n")
    grid = grid_of("policies=[mine,zoo-s,zoo-m]", search_path=(tmp_path, CONF))
    assert [policy.model for policy in grid.policies] == ["/models/mine"] * 2 + ["zoo:zoo-m"]


@pytest.mark.parametrize(
    ("override", "setting", "choices"),
    [
        ("policies=[zoo-x]", "policies", ["zoo-s", "zoo-m", "zoo-l"]),
        ("prms=[zoo-pmr]", "prms", ["zoo-prm", "zoo-shepherd"]),
        ("strategies=[best-of-n]", "strategies", ["cot", "majority", "best_of_n"]),
        ("strategies=[{name: b, kind: vote}]", "strategies: b.kind", ["cot", "majority"]),
        ("engine.kind=vlm", "engine.kind", ["vllm", "fake"]),
        ("policies=[[zoo-s]]", "policies", ["zoo-s", "zoo-m", "zoo-l"]),
        ("policies=[{name: a, model: b, format: c, dtype: int8}]", "a.dtype", ["auto", "float32"]),
    ],
)
def test_a_wrong_name_is_refused_with_the_choices(
    override: str, setting: str, choices: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        grid_of(override)
    for part in (setting, *choices):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("override", "setting", "hint"),
    [
        ("+polices=[zoo-s]", "polices", "Did you mean policies?"),
        ("+engine.max_num_seq=3", "engine.max_num_seq", "Did you mean max_num_seqs?"),
        ("+cluster.adress=auto", "cluster.adress", "Did you mean address?"),
        ("+benchmark.sed=3", "benchmark.sed", "Did you mean seed?"),
        ("+sampling.temprature=0.5", "sampling.temprature", "Did you mean temperature?"),
        ("policies=[{name: a, model: b, formt: c}]", "policies.a.formt", "Did you mean format?"),
    ],
)
def test_an_unknown_setting_is_refused_with_the_nearest_known_one(
    override: str, setting: str, hint: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        grid_of(override)
    assert f"unknown setting {setting};" in str(caught.value)
    assert hint in str(caught.value)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("budgets=[1,four]", "budgets='four' must be a whole number"),
        ("budgets=[true]", "budgets=True must be a whole number"),
        ("budgets=4", "budgets=4 must be a list"),
        ("store=null", "store=null must be text"),
        ("~store", "store=null must be text"),
        ("sampling=3", "sampling=3 must be a mapping"),
        ("+engine.fake=3", "engine.fake=3 must be a mapping"),
        ("+engine.fake={delay_s: long}", "engine.fake.delay_s='long' must be a number"),
        ("engine.cpus=inf", "engine.cpus=inf must be a finite number"),
        ("policies=[{name: a, model: b, format: c, sampling: 3}]", "policies.a.sampling=3 must"),
        ("policies=[{name: a, model: true, format: c}]", "policies.a.model=True must be text"),
        ("strategies=[{name: m, kind: majority, budgets: 4}]", "m.budgets=4 must be a list"),
        ("policies=zoo-s", "policies='zoo-s' must be a list"),
        ("seed=a", "seed='a' must be a whole number"),
        ("plan_only=1", "plan_only=1 must be true or false"),
        ("engine.max_num_seqs=2.5", "engine.max_num_seqs=2.5 must be a whole number"),
        ("sampling.temperature=hot", "sampling.temperature='hot' must be a number"),
        ("cluster.max_attempts=many", "cluster.max_attempts='many' must be a whole number"),
        ("benchmark.num_problems=all", "benchmark.num_problems='all' must be a whole number"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_by_name(override: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        grid_of(override)
    assert message in str(caught.value)


@pytest.mark.parametrize("axis", ["policies", "strategies", "budgets"])
def test_an_empty_axis_is_refused_by_name(axis: str) -> None:
    with pytest.raises(ConfigError, match=rf"{axis}=\[\] leaves nothing to run"):
        grid_of(f"{axis}=[]")


def test_no_prms_are_refused_only_where_a_strategy_needs_one() -> None:
    with pytest.raises(ConfigError, match=r"prms=\[\] but best_of_n, beam, dvts need a PRM"):
        grid_of("prms=[]")
    assert grid_of("prms=[]", "strategies=[cot,majority]").prms == ()


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("budgets=[0,4]", "must be above 0"),
        ("sampling.temperature=0", "sampling.temperature must be above 0"),
        ("sampling.temperature=2.5", "sampling.temperature=2.5 must be from 0.01 to 2"),
        ("sampling.temperature=0.001", "sampling.temperature=0.001 must be from 0.01 to 2"),
        ("sampling.top_k=1", "makes all samples of a pool equal"),
        ("sampling.top_k=0", "sampling.top_k=0 must be above 0"),
        ("sampling.max_tokens=0", "sampling.max_tokens=0 must be above 0"),
        ("sampling.top_p=1.5", "sampling.top_p=1.5 must be in"),
        ("benchmark.num_problems=0", "benchmark.num_problems=0 must be above 0"),
        ("engine.cpus=-1", "engine.cpus=-1.0 must be above 0"),
        ("+engine.gpu_memory_utilization=1.1", "engine.gpu_memory_utilization=1.1 must be in"),
        ("cluster.max_attempts=0", "cluster.max_attempts=0 must be above 0"),
        ("policies=[{name: a, model: b, format: c, max_model_len: 0}]", "a.max_model_len=0"),
        ("strategies=[{name: m, kind: majority, budgets: []}]", "m.budgets=[] leaves nothing"),
        ("strategies=[{name: m, kind: majority, budgets: [4, 4]}]", "m.budgets names 4 twice"),
        ("store=''", "store is empty"),
        ("policies=[zoo-s,zoo-s]", "policies names zoo-s twice"),
        ("policies=[{name: a, model: b}]", "policies.a.format is missing"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(override: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        grid_of(override)
    assert message in str(caught.value)


def test_a_setting_that_refers_to_nothing_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"store: Interpolation key 'benchmark\.nme' not found"):
        grid_of("store=results/${benchmark.nme}")


def test_a_definition_without_a_name_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"policies\[...\].name is missing"):
        grid_of("policies=[{model: b, format: c}]")


@pytest.mark.parametrize("text", ["[1, 2]", "a: [", "model: ${nothing}"])
def test_a_models_file_that_is_no_config_is_refused_with_its_path(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "policy").mkdir()
    file = tmp_path / "policy" / "broken.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        grid_of("policies=[broken]", search_path=(tmp_path, CONF))
    assert str(file) in str(caught.value)


def test_a_config_that_is_a_list_is_refused() -> None:
    with pytest.raises(ConfigError, match="must be a mapping"):
        to_grid(OmegaConf.create([1, 2]), [CONF])  # type: ignore[arg-type]


def test_r1_samples_as_the_study_does_and_for_cot_too() -> None:
    (inline,) = grid_of("policies=[{name: mine, model: org/r1, format: r1}]").policies
    assert inline.sampling == SamplingConfig(0.6, 0.95, 32768, greedy_cot=False)
    for name in ("r1-distill-qwen-1.5b", "r1-distill-llama-8b", "r1"):
        (shipped,) = grid_of(f"policies=[{name}]").policies
        assert shipped.sampling == inline.sampling
    (own,) = grid_of("policies=[r1-distill-qwen-7b]", "sampling.greedy_cot=true").policies
    assert own.sampling.greedy_cot


def test_each_shipped_policy_says_its_size_and_fits_its_own_context() -> None:
    for file in sorted(CONF.glob("policy/*.yaml")):
        (policy,) = grid_of(f"policies=[{file.stem}]", POOLED).policies
        if policy.model.startswith("zoo:") or not policy.continues_text:
            continue
        assert policy.parameters is not None, file
        assert policy.max_model_len is not None, file
        assert policy.sampling.max_tokens < policy.max_model_len, file
        # Sizes are in the names, rounded: 0.5B has 0.49 billion.
        assert 1e8 < policy.parameters < 7e11


def test_a_prompt_may_be_spelled_out_in_a_policys_definition() -> None:
    told = "{base: r1, system: Think., stop: ['Question:']}"
    (policy,) = grid_of(f"policies=[{{name: mine, model: a/b, format: {told}}}]").policies
    fmt = prompt_format(policy.format)
    assert (fmt.system, fmt.stop) == ("Think.", ("Question:",))
    assert policy.sampling.temperature == 0.6  # the base's usual sampling


def test_a_prms_format_may_be_spelled_out() -> None:
    told = "{base: qwen, system: Judge., mark: '<extra_0>'}"
    (prm,) = grid_of(f"prms=[{{name: mine, model: a/b, format: {told}}}]").prms
    assert prm_format(prm.format) == QwenPrmFormat(system="Judge.")
    with pytest.raises(ConfigError, match=r"unknown setting prms\.mine\.format\.sytem"):
        grid_of("prms=[{name: mine, model: a/b, format: {base: qwen, sytem: x}}]")


def test_every_shipped_prm_has_a_known_format() -> None:
    shipped = group_names("prm", [CONF])
    grid = grid_of(f"prms=[{','.join(shipped)}]")
    assert {"skywork-1.5b", "skywork-7b", "reasonflux-prm-7b"} <= set(shipped)
    assert all(prm_format(prm.format) for prm in grid.prms)
