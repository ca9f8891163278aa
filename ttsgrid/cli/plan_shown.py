"""A plan on a terminal: the answer first, in a screen or two, whatever the size of the grid.

What all of it comes to, a row for each model, what may go wrong, what is assumed. Models that
share a warning or an assumption share its sentence. `plan.all=true` shows the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ttsgrid.cli.found import Found
from ttsgrid.cli.plan_cost import costs_shown, without_column
from ttsgrid.cli.plan_replicas import show_replicas
from ttsgrid.core.tally import Tally, counted
from ttsgrid.grid.budgets import left_out
from ttsgrid.grid.config import GridConfig
from ttsgrid.grid.plan import Plan
from ttsgrid.grid.planned_units import Amount
from ttsgrid.grid.preflight.placement import placements
from ttsgrid.grid.served import served_elsewhere
from ttsgrid.views.terminal.render import as_compact, print_table

ROOMY_COLUMNS = 72  # of a terminal; a narrower one has no room for all figures of a model


def show_plan(
    grid: GridConfig, plan: Plan, found: Found, faults: Mapping[str, str], console: Console
) -> None:
    """Print what a plan would run, what that costs, what may go wrong and what is assumed.

    Args:
        grid: the validated grid.
        plan: of that grid.
        found: its problems and models.
        faults: what of the store can't be read.
        console: to print to.
    """
    costs = costs_shown(grid, plan, found.models)
    _say((_counts(plan, of_all=False), " ".join(costs.totals)), console)
    if (table := costs.table) is not None:
        if console.width < ROOMY_COLUMNS:
            table = without_column(table, "solutions")
        print_table(console, as_compact(table, console.width, gap=1))
        if table.explanation:
            console.print(Text(table.explanation, style="dim"), highlight=False)
    _say(unreadable(faults), console)
    _say((f"Warning: {sentence}" for sentence in found.warnings()), console)
    _say((*left_out(grid), *served_elsewhere(grid)), console)
    _say(placements(grid, found.parts[0].models), console)
    _say(show_replicas(grid, plan, found.models), console)
    # Two paragraphs: a line each would make a third screen of them.
    _say((" ".join(found.sentences(briefly=not grid.plan.all)),), console)
    more = () if grid.plan.all else ("More: plan.all=true",)
    _say((" ".join((*costs.assumed, *more)),), console)
    if grid.plan.all:
        console.print(_units_table(plan))
        _say((_shared(plan),), console)


def _shared(plan: Plan) -> str:
    return f"A run for each policy, PRM, strategy and N would generate {plan.naive}."


def show_units(plan: Plan, console: Console) -> None:
    """Print what a grid needs and what the store already holds."""
    console.print(_units_table(plan))
    _say((f"{_counts(plan, of_all=True)} {_shared(plan)}",), console)


def warnings(grid: GridConfig, found: Found) -> Iterator[str]:
    """Yield what a grid leaves out, runs elsewhere or may lose, a sentence each."""
    yield from left_out(grid)
    yield from served_elsewhere(grid)
    yield from found.warnings()


def unreadable(faults: Mapping[str, str]) -> Iterator[str]:
    """Yield what of a store can't be read."""
    yield from (f"{fault}: its commit's units are planned again" for fault in faults.values())


def _say(sentences: Iterable[str], console: Console) -> None:
    for sentence in filter(None, sentences):
        console.print(sentence, highlight=False)


def _units_table(plan: Plan) -> Table:
    table = Table(title="Plan", title_justify="left")
    for heading in ("units", "model", "in all", "held", "to run", "to generate"):
        table.add_column(heading, justify="left" if heading in ("units", "model") else "right")
    missing = plan.missing.by_model()
    for (kind, model), amount in plan.units.by_model().items():
        left = missing.get((kind, model), Amount())
        in_all, to_run = amount.num_units, left.num_units
        counts = (f"{n:,}" for n in (in_all, in_all - to_run, to_run))
        table.add_row(kind, model, *counts, str(left.tally) if left.tally != Tally() else "")
    return table


def _counts(plan: Plan, *, of_all: bool) -> str:
    in_all, to_run = len(plan.units), len(plan.missing)
    of = f", of {plan.planned} in the plan" if of_all or to_run < in_all else ""
    return (
        f"{counted(len(plan.cells), 'cell')} over {counted(len(plan.problems), 'problem')}. "
        f"To generate: {plan.to_generate}{of}, in {counted(to_run, 'unit')} to run; the store "
        f"holds {f'{in_all - to_run:,}' if to_run < in_all else 'none'}."
    )
