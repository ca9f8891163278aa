"""What reading advice and the analysis load: they run on laptops and where answers are served."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SHOWING = {"matplotlib", "rich", "jinja2", "vl_convert", "IPython"}
STATISTICS = {"scipy", "sklearn", "statsmodels", "pandas"}
RUNNING = {"ray", "torch", "vllm", "transformers", "tokenizers", "hydra", "omegaconf"}
READING = {"polars", "pyarrow", "sympy", "math_verify"}


def _loaded(statement: str) -> set[str]:
    program = f"import sys; {statement}; print(*{{name.split('.')[0] for name in sys.modules}})"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return set(ran.stdout.split())


@pytest.mark.parametrize("door", ["ttsgrid.frontier", "ttsgrid.analysis.advice.recommend"])
def test_whoever_reads_recommendations_loads_no_data_frames(door: str) -> None:
    loaded = _loaded(f"from {door} import recommend, predict_pass_rate")
    assert not loaded & (SHOWING | STATISTICS | RUNNING | READING)


def test_the_analysis_loads_nothing_that_shows_or_runs() -> None:
    loaded = _loaded("from ttsgrid.analysis import Frontier, analyse")
    assert "polars" in loaded
    assert not loaded & (SHOWING | STATISTICS | RUNNING | {"sympy", "math_verify"})


def test_planning_a_grid_loads_no_data_frames_and_nothing_that_runs(tmp_path: Path) -> None:
    loaded = _loaded(
        f"sys.argv = ['sweep', 'plan_only=true', 'store={tmp_path / 'none'}'];"
        "from ttsgrid.cli.sweep import main; main()"
    )
    assert "hydra" in loaded
    runs = {"ray", "torch", "vllm", "transformers", "tokenizers"}
    assert not loaded & {"polars", "sympy", "math_verify", "matplotlib", *STATISTICS, *runs}


def test_an_unknown_name_of_the_analysis_is_said() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", "from ttsgrid.analysis import nothing"],
        capture_output=True,
        text=True,
    )
    assert "cannot import name 'nothing'" in ran.stderr
