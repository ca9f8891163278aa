"""How long a command takes before it does anything: CPU time of fresh processes.

A time depends on the machine and can't be asserted; which heavy modules are loaded can. The
times stand beside that of a Python that loads polars, pyarrow and numpy alone, as a ratio.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

NUM_ROUNDS = 5
DATA_FRAMES = {"polars"}
SHOWING = {"matplotlib", "jinja2", "vl_convert", "IPython"}
STATISTICS = {"scipy", "sklearn", "statsmodels", "pandas"}
RUNNING = {"ray", "torch", "vllm", "transformers", "tokenizers", "huggingface_hub"}
GRADING = {"sympy", "math_verify"}

YARDSTICK = "import polars, pyarrow, numpy"
PLANNING = (
    "import sys; sys.argv = ['sweep', 'plan_only=true', {store!r}];"
    "from ttsgrid.cli.sweep import main; main()"
)

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]


def cpu_s(program: str) -> float:
    """CPU time of a fresh Python, its own start included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert ran.returncode == 0, ran.stderr.decode()
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def loaded(program: str) -> set[str]:
    """Top-level packages that a program loads."""
    told = f"{program}\nprint('loaded', *{{name.split('.')[0] for name in sys.modules}})"
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys\n{told}"], capture_output=True, text=True, check=True
    )
    return set(ran.stdout.rpartition("loaded")[2].split())


@pytest.mark.parametrize(
    ("what", "program", "never"),
    [
        ("plan_only=true", PLANNING, DATA_FRAMES | SHOWING | STATISTICS | RUNNING | GRADING),
        (
            "from ttsgrid.analysis import analyse",
            "from ttsgrid.analysis import analyse",
            SHOWING | STATISTICS | RUNNING | GRADING | {"rich", "hydra"},
        ),
        (
            "from ttsgrid.frontier import recommend",
            "from ttsgrid.frontier import recommend",
            DATA_FRAMES | SHOWING | STATISTICS | RUNNING | GRADING | {"pyarrow", "rich", "hydra"},
        ),
    ],
)
def test_a_command_loads_only_what_it_needs(
    what: str, program: str, never: set[str], tmp_path: Path
) -> None:
    program = program.format(store=f"store={tmp_path / 'none'}")
    assert not loaded(program) & never
    rounds = [(cpu_s(program), cpu_s(YARDSTICK)) for _ in range(NUM_ROUNDS)]  # in turn
    mine, yardstick = (median(times) for times in zip(*rounds, strict=True))
    print(
        f"\n{what}: {mine:.2f} s of CPU time, {mine / yardstick:.2f} of `{YARDSTICK}` "
        f"({yardstick:.2f} s); median of {NUM_ROUNDS} rounds in turn, {os.cpu_count()} CPUs."
    )
