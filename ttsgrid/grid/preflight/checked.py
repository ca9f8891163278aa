"""A grid's models, checked in a process of its own, since their tokenizers bring torch.

They read as well without it, and transformers imports in a quarter of the time. So torch is
left out at first; where something is wrong then, the check with torch says what.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from ttsgrid.core.apart import run_apart
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.long_lived import long_lived
from ttsgrid.core.records import Problem
from ttsgrid.grid.config import GridConfig
from ttsgrid.grid.resolve import ResolvedModel


@dataclass(frozen=True)
class Checked:
    """What the checks of a grid's models come to.

    Attributes:
        notes: what is worth knowing, one sentence each.
        wrong: what would fail, in a sentence; None where nothing would.
    """

    notes: tuple[str, ...]
    wrong: str | None

    def require_right(self) -> None:
        """Refuse to go on with what is wrong.

        Raises:
            ConfigError: something is.
        """
        if self.wrong is not None:
            raise ConfigError(self.wrong)


def check_apart(
    grid: GridConfig, problems: Sequence[Problem], models: Sequence[ResolvedModel]
) -> Checked:
    """Check as `check_models` does, and hold nothing of what it takes."""
    checked = run_apart(_check_without_torch, os.getpid(), grid, problems, models)
    # Code of a user's own may need torch: an engine's, a head's, a tokenizer's from the hub.
    return checked if checked.wrong is None else run_apart(_check, grid, problems, models)


def _check_without_torch(
    driver: int, grid: GridConfig, problems: Sequence[Problem], models: Sequence[ResolvedModel]
) -> Checked:
    if os.getpid() != driver:  # else it runs in the driver, which may come to need torch
        # None is how the import system is told that there is no such module.
        sys.modules["torch"] = None  # type: ignore[assignment]
        os.environ["TRANSFORMERS_NO_ADVISORY_WARNINGS"] = "1"  # of torch not being found
    return _check(grid, problems, models)


def _check(
    grid: GridConfig, problems: Sequence[Problem], models: Sequence[ResolvedModel]
) -> Checked:
    with long_lived():
        from ttsgrid.grid.preflight.report import check_models  # noqa: PLC0415 - takes seconds

    report = check_models(grid, problems, models)
    try:
        report.require_right()
    except ConfigError as error:
        return Checked(report.notes, str(error))
    return Checked(report.notes, None)
