"""Accuracy by policy, strategy and N; and the best strategy by difficulty."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.findings.selection import best_per_strategy
from ttsgrid.analysis.frontier import Frontier
from ttsgrid.core.strategies import PASS_AT_K, display_name
from ttsgrid.views.tables.entries import NOTHING, accuracy_entry
from ttsgrid.views.tables.table import Entry, Table
from ttsgrid.views.words.cells import short_name, votings_explained
from ttsgrid.views.words.coverage import coverage
from ttsgrid.views.words.numbers import Row, in_order
from ttsgrid.views.words.order import by_size

_BINS = {
    Bin.ALL: "all problems",
    Bin.EASY: "easy",
    Bin.MEDIUM: "medium",
    Bin.HARD: "hard",
}


def accuracy_table(cells: Cells, benchmark: str) -> Table:
    """Accuracy by policy, strategy and N, each with its best PRM, aggregation and vote."""
    best = best_per_strategy(cells).filter(benchmark=benchmark)
    budgets, most = best["n"].unique().sort().to_list(), int(best["num_problems"].to_numpy().max())
    rows = tuple(
        (Entry(policy), Entry(display_name(strategy)), *_by_budget(of_strategy, budgets))
        for policy in by_size(cells, best["policy"].to_list())
        for strategy, of_strategy in _by_strategy(best.filter(policy=policy))
    )
    return Table(
        "Accuracy by policy, strategy and N",
        f"In %, with the 95 % interval, on {most} problems. Each entry shows its strategy with the "
        "best PRM, aggregation and vote, chosen on the same problems, which flatters it. "
        f"In the rows '{PASS_AT_K.display}' a problem counts when at least one sample is right: "
        "not a strategy, but a bound on votes over N samples, which searches may exceed.",
        ("policy", "strategy", *(f"N = {n}" for n in budgets)),
        2,
        rows,
    )


def _by_strategy(rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    for strategy in in_order(rows["strategy"].to_list()):
        yield strategy, rows.filter(strategy=strategy)


def _by_budget(rows: pl.DataFrame, budgets: Sequence[int]) -> Iterator[Entry]:
    """Entries of one policy and strategy; those that lack problems or scores say so."""
    at = {row["n"]: row for row in rows.iter_rows(named=True)}
    for n in budgets:
        yield accuracy_entry(at[n], coverage(at[n])) if n in at else NOTHING


def best_table(frontier: Frontier, benchmark: str) -> Table:
    """The best strategy of each (policy, PRM, N), over all problems and by difficulty."""
    best = frontier.best.filter(benchmark=benchmark)
    groups = best.group_by("policy", "prm", "n", maintain_order=True)
    by_bin = {key: {row["bin"]: row for row in g.iter_rows(named=True)} for key, g in groups}
    order = by_size(frontier.cells, best["policy"].to_list())
    keys = sorted(by_bin, key=lambda key: (order.index(str(key[0])), str(key[1] or ""), key[2]))
    return Table(
        "The best strategy by difficulty",
        "Accuracy in %, with the strategy and the 95 % interval. Difficulty is each policy's own "
        "pass@1: easy from 50 %, medium from 10 %, hard below. "
        f"{votings_explained()} Chosen and "
        "reported on the same problems: a hint at what to try, not a forecast.",
        ("policy", "PRM", "N", *_BINS.values()),
        3,
        tuple(
            (
                Entry(str(policy)),
                Entry(str(prm or "–")),
                Entry(str(n)),
                *(_choice(by_bin[policy, prm, n].get(name.value)) for name in _BINS),
            )
            for policy, prm, n in keys
        ),
    )


def _choice(row: Row | None) -> Entry:
    if row is None:
        return NOTHING
    return accuracy_entry(row, ", ".join(filter(None, (short_name(row), coverage(row)))))
