"""What a sweep shows when it is done: the frontier of its store, printed and written."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from ttsgrid.analysis.frontier import analyse
from ttsgrid.grid.budgets import budgets_of
from ttsgrid.grid.config import GridConfig
from ttsgrid.views.files.export import write_frontier
from ttsgrid.views.terminal.frontier import print_frontier


def frontier_folder(store: str) -> Path:
    """Return where the report goes: inside a local store, beside the work for a remote one."""
    if "://" not in store:
        return Path(store) / "frontier"
    return Path("results") / store.rstrip("/").rsplit("/", 1)[-1] / "frontier"


def report(grid: GridConfig, console: Console) -> None:
    """Compute the frontier from the store alone, print it and say where it is."""
    pools = [strategy for strategy in grid.strategies if not strategy.entry.is_greedy]
    budgets = sorted({n for strategy in pools for n in budgets_of(grid, strategy)})
    frontier = analyse(grid.store, budgets=budgets or None)
    folder = frontier_folder(grid.store)
    write_frontier(frontier, folder)
    print_frontier(frontier, console)
    console.print(f"\nResults: {grid.store}  Picture and tables: {folder}", highlight=False)
    console.print(
        f"Next: look at {folder / 'frontier.png'}, run `python -m ttsgrid.frontier "
        f"{grid.store}` again at any time, or grow the grid, e.g. "
        "`python -m ttsgrid.sweep budgets=[1,4,16,64,256]`: it runs only what is missing.",
        highlight=False,
    )
