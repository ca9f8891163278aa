"""What to use at each budget, one table per axis of cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ttsgrid.analysis.serving.contest import Contest, Pick
from ttsgrid.analysis.serving.costs import AXES
from ttsgrid.views.tables.table import Entry, Interval, Table
from ttsgrid.views.words.numbers import percent, quantity, span
from ttsgrid.views.words.serving import NAMES, name_of


def axis_table(contest: Contest, axis: str) -> Table:
    """Return what to use at each budget on one axis, with what it costs on all."""
    return Table(
        f"What to use at each budget in {NAMES[axis]}",
        "Per problem, of all policies, PRMs, strategies, N and replayed rules together. Accuracy: "
        "what choosing within the budget keeps on other problems, with its 95 % interval. Costs: "
        "means per problem, run alone; a dash where one is unknown. Latency: of the critical path.",
        ("use", "accuracy", *(NAMES[one] for one in AXES)),
        1,
        tuple(_row(pick) for pick in contest.frontier(axis)),
    )


def axis_tables(contests: Iterable[Contest], benchmark: str) -> Iterator[Table]:
    """Yield the table of each axis on which a benchmark's costs are known."""
    for contest in contests:
        if contest.benchmark == benchmark:
            tables = (axis_table(contest, axis) for axis in AXES)
            yield from (table for table in tables if table.rows)


def _row(pick: Pick) -> tuple[Entry, ...]:
    return (
        Entry(name_of(pick.best)),
        Entry(
            percent(pick.accuracy),
            span(pick.low, pick.high),
            interval=Interval(pick.low, pick.accuracy, pick.high),
        ),
        *(Entry(quantity(pick.best.costs[axis])) for axis in AXES),
    )
