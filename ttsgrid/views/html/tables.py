"""The report's tables of one benchmark, from the frontier's frames.

They say what the terminal's tables say, with every interval: accuracy by policy,
strategy and N; small against large; the best strategy by difficulty; and, from
`ttsgrid.views.html.advice`, what can be kept of that and how to use it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.cells.outcomes import COT
from ttsgrid.analysis.findings.selection import best_per_strategy, describe
from ttsgrid.analysis.frontier import Frontier
from ttsgrid.analysis.statistics.thresholds import MIN_PROBLEMS
from ttsgrid.views.html.advice import kept_table, prediction_table, recommendation_table
from ttsgrid.views.html.pictures import by_size
from ttsgrid.views.html.searching import rival_table
from ttsgrid.views.html.view import Entry, Table
from ttsgrid.views.html.words import (
    Row,
    accuracy_entry,
    in_order,
    percent,
    points,
    points_span,
    short_name,
    strategy_name,
    times,
)

_NOTHING = Entry("–")
_BINS = {
    Bin.ALL: "all problems",
    Bin.EASY: "easy",
    Bin.MEDIUM: "medium",
    Bin.HARD: "hard",
}


def benchmark_tables(frontier: Frontier, benchmark: str) -> tuple[Table, ...]:
    """Return every table of one benchmark that has rows."""
    tables = (
        accuracy_table(frontier.cells, benchmark),
        comparison_table(frontier, benchmark),
        rival_table(frontier, benchmark),
        best_table(frontier, benchmark),
        kept_table(frontier, benchmark),
        recommendation_table(frontier, benchmark),
        prediction_table(frontier, benchmark),
    )
    return tuple(table for table in tables if table.rows)


def accuracy_table(cells: Cells, benchmark: str) -> Table:
    """Accuracy by policy, strategy and N, each with its best PRM, aggregation and vote."""
    best = best_per_strategy(cells).filter(benchmark=benchmark)
    budgets, most = best["n"].unique().sort().to_list(), int(best["num_problems"].to_numpy().max())
    rows = tuple(
        (Entry(policy), Entry(strategy_name(strategy)), *_by_budget(found, budgets, most))
        for policy in by_size(cells, best["policy"].to_list())
        for strategy, found in _by_strategy(best.filter(policy=policy))
    )
    return Table(
        "Accuracy by policy, strategy and N",
        f"In %, with the 95 % interval, on {most} problems. Each entry has the best PRM, "
        "aggregation and vote of its strategy, chosen on the same problems, which flatters it a "
        "little. "
        "pass@N counts a problem when any of N solutions is right: no strategy, but a bound.",
        ("policy", "strategy", *(f"N = {n}" for n in budgets)),
        2,
        rows,
    )


def _by_strategy(rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    for strategy in in_order(rows["strategy"].to_list()):
        yield strategy, rows.filter(strategy=strategy)


def _by_budget(rows: pl.DataFrame, budgets: Sequence[int], most: int) -> Iterator[Entry]:
    """Entries of one policy and strategy; those that ran on fewer than `most` problems say so."""
    at = {row["n"]: row for row in rows.iter_rows(named=True)}
    for n in budgets:
        fewer = n in at and at[n]["num_problems"] < most
        detail = f"on {at[n]['num_problems']} problems" if fewer else ""
        yield accuracy_entry(at[n], detail) if n in at else _NOTHING


def best_table(frontier: Frontier, benchmark: str) -> Table:
    """The best strategy of each (policy, PRM, N), over all problems and by difficulty."""
    best = frontier.best.filter(benchmark=benchmark)
    groups = best.group_by("policy", "prm", "n", maintain_order=True)
    found = {key: {row["bin"]: row for row in g.iter_rows(named=True)} for key, g in groups}
    order = by_size(frontier.cells, best["policy"].to_list())
    keys = sorted(found, key=lambda key: (order.index(str(key[0])), str(key[1] or ""), key[2]))
    return Table(
        "The best strategy by difficulty",
        "Accuracy in %, with the strategy and the 95 % interval. Difficulty is each policy's own "
        "pass@1: easy from 50 %, medium from 10 %, hard below. In brackets: how step scores become "
        "a solution's score (their lowest, last, average or product), and whose answer wins: max, "
        "that of the best score; weighted, the answer with the largest sum of scores. Chosen and "
        "reported on the same problems: a hint at what to try, not what to expect.",
        ("policy", "PRM", "N", *_BINS.values()),
        3,
        tuple(
            (
                Entry(str(policy)),
                Entry(str(prm or "–")),
                Entry(str(n)),
                *(_choice(found[policy, prm, n].get(name.value)) for name in _BINS),
            )
            for policy, prm, n in keys
        ),
    )


def _choice(row: Row | None) -> Entry:
    if row is None:
        return _NOTHING
    return accuracy_entry(row, short_name(row))


def comparison_table(frontier: Frontier, benchmark: str) -> Table:
    """Each smaller policy's strongest TTS against each larger policy's one solution."""
    compared = frontier.comparisons.filter(benchmark=benchmark)
    enough = pl.col("num_problems") >= MIN_PROBLEMS
    strongest = compared.sort(enough, "low_adjusted", "difference", descending=True)
    pairs = strongest.unique(["policy", "large"], keep="first", maintain_order=True)
    number = int(compared["num_compared"].to_numpy().max(initial=0))
    return Table(
        "Small with test-time scaling against large with one solution",
        "One row a pair of policies: of all the smaller one's cells the one whose win is surest. "
        "The difference, in points, is paired by problem. Adjusted: an interval that still holds "
        f"for the best of all {number} comparisons made; only it decides the verdict. "
        "FLOPs: the smaller policy's, with its PRM and prompts, over the larger one's.",
        (
            "smaller policy",
            "larger policy",
            "verdict",
            "difference",
            "adjusted",
            "smaller",
            "larger",
            "FLOPs",
        ),
        3,
        tuple(
            _comparison(row)
            for policy in by_size(frontier.cells, pairs["policy"].to_list())
            for row in pairs.filter(policy=policy).sort("size_ratio").iter_rows(named=True)
        ),
    )


def _comparison(row: Row) -> tuple[Entry, ...]:
    once = "CoT" if row["large_strategy"] == COT else "one sample"
    return (
        Entry(row["policy"], detail=describe(row)),
        Entry(row["large"], detail=f"{once}, {times(row['size_ratio'])} the size"),
        _verdict(row),
        Entry(points(row["difference"]), detail=points_span(row["low"], row["high"])),
        Entry(points_span(row["low_adjusted"], row["high_adjusted"])),
        Entry(percent(row["accuracy"])),
        Entry(percent(row["accuracy_large"])),
        Entry(times(row["flops_ratio"])),
    )


def _verdict(row: Row) -> Entry:
    if row["num_problems"] < MIN_PROBLEMS:
        return Entry(f"{row['num_problems']} problems: too few")
    if row["low_adjusted"] > 0:
        return Entry("small wins", tone="good")
    if row["high_adjusted"] < 0:
        return Entry("large wins", tone="bad")
    return Entry("can't tell")
