"""A grid's models, checked in a process of its own, since their tokenizers bring torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ttsgrid.core.apart import run_apart
from ttsgrid.core.errors import ConfigError
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
    return run_apart(_check, grid, problems, models)


def _check(
    grid: GridConfig, problems: Sequence[Problem], models: Sequence[ResolvedModel]
) -> Checked:
    from ttsgrid.grid.preflight.report import check_models  # noqa: PLC0415 - with torch

    report = check_models(grid, problems, models)
    try:
        report.require_right()
    except ConfigError as error:
        return Checked(report.notes, str(error))
    return Checked(report.notes, None)
