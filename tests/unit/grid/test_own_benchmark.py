"""A benchmark by one YAML file: composed, its file found, its settings passed on."""

from __future__ import annotations

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from tests.extending.page import make_checkpoint, write_examples
from ttsgrid.benchmarks import load_benchmark
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.shipped import CONF
from ttsgrid.grid.compose import to_grid
from ttsgrid.grid.config import GridConfig
from ttsgrid.grid.own_code import check_own_code


def grid_of(folder: Path, name: str, **benchmark: object) -> GridConfig:
    own = folder / "my_conf"
    config = {
        "benchmark": {
            **OmegaConf.to_container(OmegaConf.load(own / "benchmark" / f"{name}.yaml")),  # type: ignore[dict-item]
            **benchmark,
        },
        "policies": [{"name": "p", "model": str(folder / "checkpoints/policy"), "format": "qwen"}],
        "strategies": ["cot"],
        "budgets": [1],
        "store": str(folder / "store"),
    }
    return to_grid(OmegaConf.create(config), [CONF, own])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_examples(tmp_path)
    make_checkpoint(tmp_path, "policy")
    return tmp_path


def test_three_lines_are_a_benchmark_and_its_file_lies_beside_them(folder: Path) -> None:
    problems = load_benchmark(grid_of(folder, "mine").benchmark)
    assert [p.answer for p in problems] == ["2", r"\frac{3}{2}"]


def test_a_file_in_the_working_directory_goes_before_one_beside_the_yaml(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / "problems.jsonl").write_text('{"question": "2 + 2?", "answer": 4}\n')
    assert [p.answer for p in load_benchmark(grid_of(folder, "mine").benchmark)] == ["4"]


def test_named_fields_forms_and_instruction_reach_problems_grader_and_prompt(folder: Path) -> None:
    benchmark = grid_of(folder, "chem").benchmark
    problems = load_benchmark(benchmark)
    assert [(p.answer, p.subject) for p in problems] == [("2", "atoms"), ("2", "orbitals")]
    assert benchmark.options == {"answer_forms": ("hashes", "boxed")}
    assert benchmark.instruction is not None
    assert "#### 42" in benchmark.instruction


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"grader": "nowhere_at_all:Grader"}, "benchmark.grader: nowhere_at_all:Grader: there is"),
        ({"step_labels": "json:loads"}, "benchmark.step_labels: json:loads lacks 'label_steps'"),
        ({"answer_forms": ["boxd"]}, "benchmark.answer_forms: no form 'boxd'"),
    ],
)
def test_what_is_wrong_with_own_code_is_said_before_anything_starts(
    folder: Path, settings: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        check_own_code(grid_of(folder, "mine", **settings))
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"feilds": {}}, "unknown setting benchmark.feilds; known: "),
        ({"fields": {"questoin": "q"}}, "unknown setting benchmark.fields.questoin"),
        ({"grader": None}, "benchmark.grader"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(
    folder: Path, settings: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        grid_of(folder, "mine", **settings)
    assert complaint in str(caught.value)
