"""Where the files of an analysis go, without taking the place of one with other settings."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ttsgrid.analysis.frontier import Frontier
from ttsgrid.store import StorePath, scan
from ttsgrid.views.files.made_with import MadeWith, keep_earlier, note_settings


@dataclass(frozen=True)
class Shelf:
    """A folder for files, and what they are made with."""

    folder: Path
    made: MadeWith

    def clear(self) -> str | None:
        """Make room; return a sentence on what was kept aside, or is refreshed."""
        return keep_earlier(self.folder, self.made)

    def note(self, paths: Iterable[Path]) -> str | None:
        """Say beside files what they were made with; return a sentence on those that are older."""
        return note_settings(self.folder, self.made, paths)


def shelf(
    store: StorePath,
    frontier: Frontier,
    folder: Path,
    *,
    of_grid: bool = False,
    budgets: Sequence[int] | None = None,
    rules: Sequence[str] | None = None,
    price_per_gpu_hour: float | None = None,
    plugins: Sequence[str] = (),
) -> Shelf:
    """Return where the files of a frontier go.

    Args:
        store: what is analysed.
        frontier: what came of it.
        folder: for the files.
        of_grid: whether a grid named the N of its cells.
        budgets: the N that were chosen for this analysis; None where they weren't.
        rules: as they were named; None for the usual ones.
        price_per_gpu_hour: None where money was not asked for.
        plugins: modules of one's own.
    """
    given = {
        "budgets": budgets and sorted(budgets),
        "rules": None if rules is None else list(rules),
        "price_per_gpu_hour": price_per_gpu_hour,
        "plugins": sorted(plugins) or None,
    }
    settings = {name: value for name, value in given.items() if value is not None}
    done = scan(store, "units").filter(status="done").select(pl.len()).collect().item()
    found = sorted(frontier.cells.frame["n"].unique().to_list())
    return Shelf(folder, MadeWith(settings, int(done), found, not of_grid and budgets is None))


def shelf_of(frontier: Frontier, folder: Path, options: argparse.Namespace) -> Shelf:
    """Return the same for a command line of `frontier`."""
    return shelf(
        options.store,
        frontier,
        folder,
        budgets=options.budgets,
        rules=None if options.rules is None else options.rules.split(","),
        price_per_gpu_hour=options.price_per_gpu_hour,
        plugins=options.plugin,
    )
