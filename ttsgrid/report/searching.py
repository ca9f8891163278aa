"""Does search beat best-of-N? At the same N, PRM, aggregation and vote, on the same problems.

Every pair of a search cell and its best-of-N twin is compared, paired by problem. Of a
(policy, PRM, N, search) the surest pair is shown, with an interval that holds for all
pairs of its policy together (`ttsgrid.frontier.simultaneous_intervals`).

On hard problems one thing flatters search: a problem is called hard after the very
samples that best-of-N picks from, and what was unlucky in them is not unlucky in a
search. The rows over all problems are free of it, and the table says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from ttsgrid.frontier import Bin, Frontier, simultaneous_intervals
from ttsgrid.frontier.cells import Cells
from ttsgrid.frontier.outcomes import BEST_OF_N
from ttsgrid.frontier.selection import describe
from ttsgrid.frontier.sentences import MIN_PROBLEMS
from ttsgrid.report.pictures import by_size
from ttsgrid.report.view import Entry, Table
from ttsgrid.report.words import Row, listed, percent, points, points_span, strategy_name, times

_TWIN = ["policy", "prm", "n", "aggregation", "vote"]
BINS = (Bin.ALL, Bin.HARD)


@dataclass(frozen=True)
class Duel:
    """A search against its best-of-N twin.

    Attributes:
        search: the search's cell, as in `Cells.frame`.
        bin: on which problems.
        accuracy, twin_accuracy: of both, on the problems compared.
        low, high: adjusted bounds of the difference.
        flops_ratio: the search's over its twin's; None where unknown.
    """

    search: Row
    bin: Bin
    num_problems: int
    accuracy: float
    twin_accuracy: float
    low: float
    high: float
    flops_ratio: float | None

    @property
    def verdict(self) -> str:
        """What the adjusted interval allows to say."""
        if self.num_problems < MIN_PROBLEMS:
            return f"{self.num_problems} problems: too few"
        if self.low > 0:
            return "search wins"
        return "best-of-N wins" if self.high < 0 else "can't tell"


def duels(frontier: Frontier, benchmark: str) -> list[Duel]:
    """Return the surest pair of each (bin, policy, PRM, N, search); none without searches.

    All are on the problems that the benchmark's cells share.
    """
    cells = frontier.shared
    frame = cells.frame.filter(benchmark=benchmark, bin=Bin.ALL.value)
    twins = frame.filter(strategy=BEST_OF_N).select(
        *_TWIN, twin_outcome="outcome", twin_flops="flops"
    )
    searches = frame.filter(pl.col("prm").is_not_null(), pl.col("strategy") != BEST_OF_N)
    pairs = searches.join(twins, on=_TWIN)
    return [
        duel
        for name in BINS
        for policy in by_size(cells, pairs["policy"].to_list())
        for duel in _surest(list(_compared(cells, benchmark, pairs.filter(policy=policy), name)))
    ]


def duel_table(found: list[Duel]) -> Table:
    """The duels as a table."""
    return Table(
        "Search against best-of-N",
        "At the same N, with the same PRM, aggregation and vote; of each search the pair whose "
        "win is surest. The difference, in points, is paired by problem; its interval holds for "
        "all pairs of the policy together, and decides the verdict. Hard problems are called so "
        "after the samples that best-of-N picks from, which flatters search there.",
        (
            "policy",
            "PRM",
            "search",
            "problems",
            "verdict",
            "difference",
            "search",
            "best-of-N",
            "FLOPs",
        ),
        5,
        tuple(_row(duel) for duel in found),
    )


def duel_sentence(found: list[Duel]) -> Iterator[str]:
    """Say where search wins for certain, at most one sentence."""
    if not found:
        return
    wins = [duel for duel in found if duel.verdict == "search wins"]
    if not wins:
        yield (
            "Nowhere does a search beat best-of-N with the same N, PRM, aggregation and vote for "
            "certain."
        )
        return
    parts = []
    for name, where in (
        (Bin.ALL, "over all problems"),
        (Bin.HARD, "on hard problems (which flatter it a little)"),
    ):
        best = _best_by_policy([duel for duel in wins if duel.bin is name])
        if best:
            parts.append(f"{where} {listed([_won(duel) for duel in best])}")
    yield (
        "With the same N, PRM, aggregation and vote, search beats best-of-N for certain "
        f"{'; '.join(parts)} (95 %, adjusted for all that were compared for the policy). "
        "Best-of-N with another aggregation may still do better."
    )


def _compared(cells: Cells, benchmark: str, pairs: pl.DataFrame, name: Bin) -> Iterator[Duel]:
    """The pairs of one policy on one bin."""
    if pairs.is_empty():
        return
    search, twin = cells.accuracies(pairs["outcome"]), cells.accuracies(pairs["twin_outcome"])
    present = ~np.isnan(search - twin).any(axis=0)
    if name is not Bin.ALL:
        bins = cells.bins.get((benchmark, pairs["policy"].item(0)))
        present &= bins == name if bins is not None else False
    if not present.any():
        return
    search, twin = search[:, present], twin[:, present]
    bounds = simultaneous_intervals(search - twin)
    for i, row in enumerate(pairs.iter_rows(named=True)):
        known = row["flops"] is not None and row["twin_flops"] is not None
        yield Duel(
            search=row,
            bin=name,
            num_problems=int(present.sum()),
            accuracy=float(search[i].mean()),
            twin_accuracy=float(twin[i].mean()),
            low=float(bounds.low[i]),
            high=float(bounds.high[i]),
            flops_ratio=row["flops"] / row["twin_flops"] if known else None,
        )


def _surest(found: list[Duel]) -> list[Duel]:
    best: dict[tuple[str, str, int], Duel] = {}
    for duel in sorted(found, key=lambda duel: -duel.low):
        best.setdefault((duel.search["prm"], duel.search["strategy"], duel.search["n"]), duel)
    return [best[key] for key in sorted(best)]


def _best_by_policy(found: list[Duel]) -> list[Duel]:
    best: dict[str, Duel] = {}
    for duel in found:
        policy = duel.search["policy"]
        if policy not in best or duel.low > best[policy].low:
            best[policy] = duel
    return list(best.values())


def _won(duel: Duel) -> str:
    gain = points(duel.accuracy - duel.twin_accuracy)
    return (
        f"for {duel.search['policy']} with {describe(duel.search)}: {gain} points "
        f"({points_span(duel.low, duel.high)})"
    )


def _row(duel: Duel) -> tuple[Entry, ...]:
    tone = {"search wins": "good", "best-of-N wins": "bad"}.get(duel.verdict, "")
    where = "all" if duel.bin is Bin.ALL else duel.bin.value
    return (
        Entry(duel.search["policy"]),
        Entry(duel.search["prm"]),
        Entry(strategy_name(duel.search["strategy"]), f"N = {duel.search['n']}", _how(duel.search)),
        Entry(f"{where}, {duel.num_problems}"),
        Entry(duel.verdict, tone=tone),
        Entry(points(duel.accuracy - duel.twin_accuracy), detail=points_span(duel.low, duel.high)),
        Entry(percent(duel.accuracy)),
        Entry(percent(duel.twin_accuracy)),
        Entry(times(duel.flops_ratio)),
    )


def _how(row: Row) -> str:
    return ", ".join(part for part in (row["aggregation"], row["vote"]) if part)
