"""What a person types is checked before Hydra: a wrong argument is one clear sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from ttsgrid.core.errors import ConfigError
from ttsgrid.grid.arguments import checked_arguments
from ttsgrid.grid.compose import to_grid
from ttsgrid.grid.config import GridConfig

ROOT = Path(__file__).resolve().parents[3]
CONF = ROOT / "conf"


def refusal(*arguments: str) -> str:
    with pytest.raises(ConfigError) as caught:
        checked_arguments(arguments, CONF)
    return str(caught.value)


def grid_of(*arguments: str) -> GridConfig:
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        return to_grid(compose("config", overrides=checked_arguments(arguments, CONF)), [CONF])


def sweep(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ttsgrid.cli.sweep", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("argument", "parts"),
    [
        ("benchmrk=zoo", ["unknown setting benchmrk", "Did you mean benchmark?"]),
        ("engine=xyz", ["engine: 'xyz' is not one of: cpu, gpu"]),
        ("engine=[cpu]", ["engine:", "is not one of: cpu, gpu"]),
        ("+benchmark=zo", ["is not one of:", "Did you mean zoo?"]),
        ("engine.max_num_seq=3", ["engine.max_num_seq;", "Did you mean max_num_seqs?"]),
        ("+engine.foo=1", ["unknown setting engine.foo", "known: cpus, enforce_eager"]),
        ("++sampling.temp=1", ["unknown setting sampling.temp;", "temperature"]),
        ("policy=zoo-s", ["unknown setting policy", "policies=[...]"]),
        ("policies.zoo-s.replicas=2", ["policies=[{base: zoo-s, replicas: ...}]"]),
        ("seed.0=2", ["seed has no settings of its own"]),
        ("policies=zoo-s,zoo-l", ["policies=[zoo-s,zoo-l]"]),
        ("budgets=[1,", ["budgets=[1,:", "quotes"]),
        ("plan_only", ["plan_only: a setting is name=value"]),
        ("~budget", ["unknown setting budget;", "Did you mean budgets?"]),
        ("--policies=[zoo-s]", ["unknown option --policies=[zoo-s]", "--help"]),
        ("--multirun", ["give lists"]),
        ("--config-dir=/no/such/folder", ["/no/such/folder is no folder"]),
    ],
)
def test_a_wrong_argument_is_refused_with_what_there_is(argument: str, parts: list[str]) -> None:
    said = refusal(argument)
    assert all(part in said for part in parts), said
    assert "\n" not in said


def test_a_known_setting_that_the_chosen_file_does_not_hold_can_be_set() -> None:
    assert "start_timeout_s" not in (CONF / "engine" / "cpu.yaml").read_text()
    assert grid_of("engine.start_timeout_s=7").engine.start_timeout_s == 7.0
    fake = grid_of("engine.kind=fake", "engine.fake.delay_s=0.5").engine.fake
    assert fake == {"delay_s": 0.5}


EXPERIMENT = """
policies: [zoo-s]
prms: [zoo-prm]
strategies: [majority]
budgets: [4]
seed: 7
benchmark: {num_problems: 3}
"""


@pytest.mark.parametrize("first_line", ["", "# @package _global_"])
def test_an_experiments_file_wins_over_the_defaults_and_arguments_over_the_file(
    tmp_path: Path, first_line: str
) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "tiny.yaml").write_text(first_line + EXPERIMENT)
    (tmp_path / "experiment" / "hard.yaml").write_text(
        f"{first_line}\ndefaults: [{{override /engine: gpu}}]\nbudgets: [8]\n"
    )
    folder = ("--config-dir", str(tmp_path))
    said = sweep(*folder, "experiment=tiny", "plan_only=true", f"store={tmp_path / 'none'}").stdout
    assert "1 cell over 3 problems. To generate: 12 solutions," in said
    settings = sweep(*folder, "experiment=tiny", "budgets=[16]", "--cfg", "job").stdout
    assert "seed: 7" in settings
    assert "budgets:\n- 16" in settings
    assert "num_problems: 3" in settings
    assert "max_num_seqs: 512" in sweep(*folder, "experiment=hard", "--cfg", "job").stdout


def test_groups_lists_deletions_and_hydras_own_arguments_reach_hydra() -> None:
    grid = grid_of("engine=gpu", "policies=[zoo-l]", "~cluster.max_attempts", "budgets=[2, 1]")
    assert grid.engine.max_num_seqs == 512
    assert [policy.name for policy in grid.policies] == ["zoo-l"]
    assert grid.budgets == (1, 2)
    kept = ["--cfg", "job", "hydra.verbose=true", "--config-dir", str(CONF)]
    assert checked_arguments(kept, CONF) == kept


def test_a_folder_of_ones_own_adds_choices(tmp_path: Path) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "mine.yaml").write_text("kind: vllm\n")
    checked_arguments([f"--config-dir={tmp_path}", "engine=mine"], CONF)
    assert "cpu, gpu, mine" in refusal(f"--config-dir={tmp_path}", "engine=other")


@pytest.mark.parametrize("argument", ["engine=xyz", "engine.cpus=many", "benchmark.name=[zoo]"])
def test_the_command_ends_with_one_line_and_no_stack_trace(argument: str) -> None:
    ended = sweep(argument)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("ttsgrid: ")
    assert ended.stderr.count("\n") == 1


def test_a_prm_without_the_head_that_its_format_reads_is_refused_before_any_engine_starts() -> None:
    prm = "{name: sky, model: 'zoo:zoo-prm', format: skywork}"
    ended = sweep(f"prms=[{prm}]")
    assert ended.returncode == 2
    assert "prms.sky.format reads a value head" in ended.stderr
    assert "a Qwen2ForProcessRewardModel without one" in ended.stderr


def test_help_names_every_choice_and_fits_a_terminal() -> None:
    said = sweep("--help").stdout
    groups = ("policy", "prm", "strategy", "benchmark", "engine", "cluster", "experiment")
    names = {file.stem for group in groups for file in (CONF / group).glob("*.yaml")}
    assert names
    assert names <= set(said.replace(",", " ").split())
    assert "budgets" in said
    assert "plan_only=true" in said
    assert max(map(len, said.splitlines())) <= 100


def test_settings_may_stand_before_and_after_an_option(tmp_path: Path) -> None:
    given = ["plan_only=true", "--config-dir", str(tmp_path), "seed=7"]
    passed_on = checked_arguments(given, CONF)
    assert passed_on == ["--config-dir", str(tmp_path), "++plan_only=true", "++seed=7"]
