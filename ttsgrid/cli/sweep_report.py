"""What a sweep shows when it is done: the frontier of its store, printed and written."""

from __future__ import annotations

from functools import partial
from math import ceil
from pathlib import Path

from rich.console import Console

from ttsgrid.analysis.frontier import Frontier, analyse
from ttsgrid.cli.frontier_settings import shelf
from ttsgrid.cli.rules_option import rules_of_report, without_usual_lacks
from ttsgrid.core.spent import Part, Spent
from ttsgrid.core.tally import counted
from ttsgrid.grid.budgets import report_budgets
from ttsgrid.grid.config import GridConfig
from ttsgrid.store import generated
from ttsgrid.views.files.export import write_frontier
from ttsgrid.views.terminal.frontier import print_frontier
from ttsgrid.views.tracking.points import tracked_points
from ttsgrid.views.tracking.trackers import NO_TRACKERS, Trackers
from ttsgrid.views.words.spent import where_it_went


def frontier_folder(store: str) -> Path:
    """Return where the report goes: inside a local store, beside the work for a remote one."""
    if "://" not in store:
        return Path(store) / "frontier"
    return Path("results") / store.rstrip("/").rsplit("/", 1)[-1] / "frontier"


def report(
    grid: GridConfig,
    console: Console,
    trackers: Trackers = NO_TRACKERS,
    spent: Spent | None = None,
) -> None:
    """Compute the frontier from the store alone, print it, say where it is and tell trackers.

    Of a run that this ends, say first where its time went.
    """
    folder = frontier_folder(grid.store)
    with (spent or Spent()).on(Part.ANALYSE):
        # CoT alone has no N; None then stands for what the store's pools allow.
        rules = rules_of_report(grid.rules, "rules")
        budgets = report_budgets(grid) or None
        frontier = analyse(grid.store, budgets=budgets, rules=rules)
        frontier = without_usual_lacks(frontier, grid.rules)
        files = shelf(
            grid.store,
            frontier,
            folder,
            of_grid=budgets is not None,
            rules=grid.rules,
            plugins=grid.plugins,
        )
        told = [files.clear(), files.note(write_frontier(frontier, folder))]
    trackers.frontier(lambda: tracked_points(frontier), _files_of(folder))
    if spent is not None:  # above the answer: one screen is to hold that and what follows
        console.print(where_it_went(spent), highlight=False)
    after = (*filter(None, told), *_where_it_is(grid, frontier, folder))
    print_frontier(
        frontier,
        console,
        every_rule=grid.rules is not None,
        lines_after=sum(map(partial(_num_lines, console.width), after)),
    )
    for line in after:
        console.print(line, highlight=False, soft_wrap=True)


def _where_it_is(grid: GridConfig, frontier: Frontier, folder: Path) -> tuple[str, ...]:
    return (
        f"The store holds {generated(grid.store)}: {counted(frontier.num_cells, 'cell')}.",
        f"Results: {grid.store}  Picture and tables: {folder}",
        f"All tables: ttsgrid frontier {grid.store} --all  Page: ttsgrid report {grid.store}",
    )


def _num_lines(width: int, line: str) -> int:
    """How many lines of a terminal one takes that isn't wrapped at words."""
    return ceil(len(line) / width)


def _files_of(folder: Path) -> list[Path]:
    """The pictures and tables of a frontier that people read."""
    return [file for file in sorted(folder.iterdir()) if file.suffix in (".png", ".csv", ".yaml")]
