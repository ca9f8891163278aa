"""Small with test-time scaling against large with one solution, as a table."""

from __future__ import annotations

from ttsgrid.analysis.findings.comparisons import surest_of_each_pair
from ttsgrid.analysis.frontier import Frontier
from ttsgrid.core.strategies import strategy_of
from ttsgrid.views.tables.table import Entry, Table
from ttsgrid.views.tables.verdicts import verdict
from ttsgrid.views.words.cells import describe
from ttsgrid.views.words.coverage import num_problems_run, stands_on
from ttsgrid.views.words.numbers import (
    Row,
    percent,
    points,
    points_span,
    times,
)
from ttsgrid.views.words.order import by_size


def comparison_table(frontier: Frontier, benchmark: str) -> Table:
    """Each smaller policy's strongest TTS against each larger policy's one solution."""
    compared = frontier.comparisons.filter(benchmark=benchmark)
    pairs = surest_of_each_pair(compared)
    num_run = num_problems_run(frontier.cells, benchmark)
    number = int(compared["num_compared"].to_numpy().max(initial=0))
    return Table(
        "Small with test-time scaling against large with one solution",
        "One row per pair of policies, with the smaller one's cell whose win is surest. "
        "The difference, in points, is paired by problem. Adjusted: an interval that still holds "
        f"for the best of all {number} comparisons made; only it decides the verdict. Smaller and "
        "larger: the accuracies, in %. "
        "FLOPs ratio: the smaller policy's, PRM and prompts included, over the larger one's.",
        (
            "smaller policy",
            "larger policy",
            "verdict",
            "difference",
            "adjusted",
            "smaller",
            "larger",
            "FLOPs ratio",
        ),
        3,
        tuple(
            _comparison(row, num_run)
            for policy in by_size(frontier.cells, pairs["policy"].to_list())
            for row in pairs.filter(policy=policy).sort("size_ratio").iter_rows(named=True)
        ),
    )


def _comparison(row: Row, num_run: int) -> tuple[Entry, ...]:
    once = strategy_of(row["large_strategy"]).at(1)
    return (
        Entry(
            row["policy"], detail=", ".join(filter(None, (describe(row), stands_on(row, num_run))))
        ),
        Entry(row["large"], detail=f"{once}, {times(row['size_ratio'])} the size"),
        verdict(row),
        Entry(points(row["difference"]), detail=points_span(row["low"], row["high"])),
        Entry(points_span(row["low_adjusted"], row["high_adjusted"])),
        Entry(percent(row["accuracy"])),
        Entry(percent(row["accuracy_large"])),
        Entry(times(row["flops_ratio"])),
    )
