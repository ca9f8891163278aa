"""The frontier on a terminal: two tables of a benchmark, and what they stand on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from rich.box import SIMPLE_HEAD
from rich.table import Table

from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.cells.outcomes import BEST_OF_N, COT, MAJORITY, PASS_AT_K
from ttsgrid.analysis.findings.selection import best_per_strategy

_ORDER = (COT, MAJORITY, BEST_OF_N)
_NAMES = {
    COT: "CoT",
    MAJORITY: "majority",
    BEST_OF_N: "best-of-N",
    PASS_AT_K: "pass@N",
    "dvts": "DVTS",
}
_VOTES = {"max": "max", "weighted": "vote"}  # as arXiv 2502.06703 names them: PRM-Min-Vote
Row = Mapping[str, Any]


def accuracy_table(cells: Cells, benchmark: str) -> Table:
    """Accuracy by policy, strategy and N, each with the best PRM, aggregation and vote."""
    best = best_per_strategy(cells).filter(benchmark=benchmark)
    budgets = best["n"].unique().sort().to_list()
    num_problems = max(best["num_problems"])
    table = Table(
        title=f"{benchmark}: accuracy in % on {num_problems} problems [95 % interval]",
        caption="best PRM, aggregation and vote of each, chosen on the same problems; "
        f"pass@N: any of N correct, a bound{_on_fewer(min(best['num_problems']), num_problems)}",
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    table.add_column("policy")
    table.add_column("strategy")
    for n in budgets:
        table.add_column(f"N = {n}", justify="right")
    for policy in _by_size(cells, best):
        found = best.filter(policy=policy)
        for strategy in _ordered(found["strategy"].unique().to_list()):
            by_n = {r["n"]: r for r in found.filter(strategy=strategy).iter_rows(named=True)}
            entries = [_entry(by_n[n], num_problems) if n in by_n else "" for n in budgets]
            table.add_row(policy, _NAMES.get(strategy, strategy), *entries)
        table.add_section()
    return table


def best_table(cells: Cells, best: pl.DataFrame, curve: pl.DataFrame, benchmark: str) -> Table:
    """The best strategy of each (policy, PRM, N) by difficulty, and what choosing gains.

    Args:
        cells: for the policies' sizes.
        best: from `ttsgrid.analysis.findings.selection.best_strategies`.
        curve: from `ttsgrid.analysis.findings.selection.compute_optimal`.
        benchmark: whose rows to show.
    """
    mine = best.filter(benchmark=benchmark)
    held_out = {_group(row): row for row in curve.iter_rows(named=True)}
    table = Table(
        title=f"{benchmark}: best strategy by difficulty, and its accuracy in %",
        caption="easy: the policy's own pass@1 is 50 % or more; medium: 10 % or more. "
        "min-vote: answers weighted by the lowest step score; min-max: the best of those scores.\n"
        "Best: chosen on these very problems, those that all candidates ran on. Optimal: the best "
        "of each bin, chosen on other problems than it is scored on (in brackets: on the same), "
        "but with bins from the gold answers.",
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    for heading in ("policy", "PRM", "N", *(b.value for b in Bin), "optimal"):
        table.add_column(heading, justify="right" if heading == "N" else "left")
    for policy in _by_size(cells, mine):
        rows = mine.filter(policy=policy)
        for _, group in rows.group_by("prm", "n", maintain_order=True):
            by_bin = {row["bin"]: row for row in group.iter_rows(named=True)}
            first = group.row(0, named=True)
            entries = [_choice(by_bin[b.value]) if b.value in by_bin else "-" for b in Bin]
            curve_entry = _curve_entry(held_out.get(_group(first)))
            table.add_row(policy, first["prm"] or "-", str(first["n"]), *entries, curve_entry)
        table.add_section()
    return table


def footnote(cells: Cells) -> str:
    """How exact the numbers are, in a sentence."""
    overall = cells.frame.filter(bin=Bin.ALL.value)["standard_error_mc"].to_numpy()
    return (
        "Budgets below a pool's size are estimated from the whole pool; the Monte Carlo "
        f"error of an accuracy is at most {100 * overall.max():.2f} points."
    )


def _on_fewer(fewest: int, num_problems: int) -> str:
    if fewest == num_problems:
        return ""
    return f"; /{fewest}: on {fewest} problems only, so not to be compared with the rest"


def _by_size(cells: Cells, rows: pl.DataFrame) -> list[str]:
    found = rows["policy"].unique().to_list()
    return sorted(found, key=lambda policy: (cells.sizes.get(policy) or 0, policy))


def _ordered(strategies: Sequence[str]) -> list[str]:
    """Known strategies in their order, then searches, then the bound."""
    rank = {name: i for i, name in enumerate(_ORDER)} | {PASS_AT_K: len(_ORDER) + 1}
    return sorted(strategies, key=lambda name: (rank.get(name, len(_ORDER)), name))


def _entry(row: Row, num_problems: int) -> str:
    """An accuracy with its interval, and its number of problems where that is not all."""
    low, high = 100 * row["low"], 100 * row["high"]
    on_fewer = "" if row["num_problems"] == num_problems else f" /{row['num_problems']}"
    return rf"{100 * row['accuracy']:.1f} [dim]\[{low:.0f},{high:.0f}]{on_fewer}[/dim]"


def _choice(row: Row) -> str:
    one = row["n"] == 1 and row["strategy"] == MAJORITY
    name = "one sample" if one else _NAMES.get(row["strategy"], row["strategy"])
    if row["vote"] is not None:
        how = f"{row['aggregation']}-{_VOTES[row['vote']]}" if row["aggregation"] else "majority"
        name = how if row["strategy"] == BEST_OF_N else f"{name} {how}"
    return f"{100 * row['accuracy']:.1f} {name}"


def _curve_entry(row: Row | None) -> str:
    if row is None:
        return "-"
    return f"{100 * row['accuracy']:.1f} ({100 * row['accuracy_in_sample']:.1f})"


def _group(row: Row) -> tuple[object, ...]:
    return row["benchmark"], row["policy"], row["prm"], row["n"]
