"""Where the files of an analysis go, without taking the place of one with other settings."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ttsgrid.analysis.frontier import Frontier
from ttsgrid.views.files.made_with import keep_earlier, note_settings


@dataclass(frozen=True)
class Shelf:
    """A folder for files, and the settings that they are made with."""

    folder: Path
    settings: dict[str, Any]

    def clear(self) -> str | None:
        """Make room; return a sentence where an analysis with other settings was kept."""
        return keep_earlier(self.folder, self.settings)

    def note(self, paths: Iterable[Path]) -> None:
        """Say beside files what they were made with."""
        note_settings(self.folder, self.settings, paths)


def shelf(
    frontier: Frontier,
    folder: Path,
    *,
    rules: Sequence[str] | None,
    price_per_gpu_hour: float | None = None,
    plugins: Sequence[str] = (),
) -> Shelf:
    """Return where the files of a frontier go.

    Args:
        frontier: its budgets count as they were found: a sweep names its own, a command none.
        folder: for the files.
        rules: as they were named; None for the usual ones.
        price_per_gpu_hour: None where money was not asked for.
        plugins: modules of one's own.
    """
    given = {
        "budgets": sorted(frontier.cells.frame["n"].unique().to_list()),
        "rules": None if rules is None else list(rules),
        "price_per_gpu_hour": price_per_gpu_hour,
        "plugins": sorted(plugins) or None,
    }
    return Shelf(folder, {name: value for name, value in given.items() if value is not None})


def shelf_of(frontier: Frontier, folder: Path, options: argparse.Namespace) -> Shelf:
    """Return the same for a command line of `frontier`."""
    return shelf(
        frontier,
        folder,
        rules=None if options.rules is None else options.rules.split(","),
        price_per_gpu_hour=options.price_per_gpu_hour,
        plugins=options.plugin,
    )
