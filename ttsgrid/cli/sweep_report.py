"""What a sweep shows when it is done: the frontier of its store, printed and written."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from ttsgrid.analysis.frontier import analyse
from ttsgrid.core.tally import counted
from ttsgrid.grid.budgets import report_budgets
from ttsgrid.grid.config import GridConfig
from ttsgrid.store import generated
from ttsgrid.views.files.export import write_frontier
from ttsgrid.views.terminal.frontier import print_frontier


def frontier_folder(store: str) -> Path:
    """Return where the report goes: inside a local store, beside the work for a remote one."""
    if "://" not in store:
        return Path(store) / "frontier"
    return Path("results") / store.rstrip("/").rsplit("/", 1)[-1] / "frontier"


def report(grid: GridConfig, console: Console) -> None:
    """Compute the frontier from the store alone, print it and say where it is."""
    # CoT alone has no N; None then stands for what the store's pools allow.
    frontier = analyse(grid.store, budgets=report_budgets(grid) or None)
    folder = frontier_folder(grid.store)
    write_frontier(frontier, folder)
    print_frontier(frontier, console)
    console.print(
        f"\nThe store holds {generated(grid.store)}: {counted(frontier.num_cells, 'cell')}.\n"
        f"Results: {grid.store}  Picture and tables: {folder}\n"
        f"Next: look at {folder / 'frontier.png'}, run `python -m ttsgrid.frontier "
        f"{grid.store}` again at any time, or grow the grid: the same command with "
        "'strategies=[majority,best_of_n]' 'budgets=[1,4,16,64,256]' makes the pools larger "
        "(without the first, searches run at these N too) and runs only what is missing.",
        highlight=False,
    )
