"""Does search beat best-of-N? `ttsgrid.analysis.findings.search_comparisons` as a table.

Only the adjusted intervals decide: they hold together for all searches of a benchmark,
so the surest of many wins may be named.
"""

from __future__ import annotations

from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.frontier import Frontier
from ttsgrid.analysis.statistics.thresholds import MIN_PROBLEMS
from ttsgrid.core.strategies import BEST_OF_N, display_name
from ttsgrid.views.tables.table import Entry, Table
from ttsgrid.views.words.coverage import unscored
from ttsgrid.views.words.numbers import (
    Row,
    percent,
    points,
    points_span,
    times,
)
from ttsgrid.views.words.order import by_size

BINS = {Bin.ALL: "over all problems", Bin.HARD: "over hard problems"}
_GROUP = ["prm", "strategy", "n"]


def search_comparison_table(frontier: Frontier, benchmark: str) -> Table:
    """Every search against best-of-N, over all problems and over hard ones."""
    search_comparisons = frontier.search_comparisons.filter(benchmark=benchmark)
    return Table(
        "Search against best-of-N",
        "At the same N and with the same PRM, each with the aggregation and vote that are best "
        "for it on other problems. The difference, in points, is paired by problem. Adjusted: an "
        "interval that holds for all rows together; only it decides the verdict. Half of a "
        "policy's samples say how hard a problem is; best-of-N picks from the other half. "
        "FLOPs ratio: the search's over those of best-of-N.",
        (
            "policy",
            "strategy",
            "problems",
            "verdict",
            "difference",
            "adjusted",
            "search",
            BEST_OF_N.display,
            "FLOPs ratio",
        ),
        4,
        tuple(
            _row(row)
            for name in BINS
            for policy in by_size(frontier.cells, search_comparisons["policy"].to_list())
            for row in search_comparisons.filter(policy=policy, bin=name.value)
            .sort(_GROUP)
            .iter_rows(named=True)
        ),
    )


def _name(row: Row) -> str:
    return display_name(row["strategy"])


def _row(row: Row) -> tuple[Entry, ...]:
    return (
        Entry(row["policy"]),
        Entry(_name(row), f"N = {row['n']}", f"PRM {row['prm']}"),
        Entry(
            f"{row['bin']}, {row['num_problems']}",
            detail=unscored(row["num_unscored"]) if row["num_unscored"] else "",
        ),
        _verdict(row),
        Entry(points(row["difference"]), detail=points_span(row["low"], row["high"])),
        Entry(points_span(row["low_adjusted"], row["high_adjusted"])),
        Entry(percent(row["accuracy"])),
        Entry(percent(row["accuracy_best_of_n"])),
        Entry(times(row["flops_ratio"])),
    )


def _verdict(row: Row) -> Entry:
    if row["num_problems"] < MIN_PROBLEMS:
        return Entry("too few")
    if row["low_adjusted"] > 0:
        return Entry("search wins", tone="good")
    if row["high_adjusted"] < 0:
        return Entry("best-of-N wins", tone="bad")
    return Entry("can't tell")
