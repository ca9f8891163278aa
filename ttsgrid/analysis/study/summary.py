"""What every table of the study starts from: three accuracies of each policy.

CoT (one sample where there is none), majority voting and compute-optimal TTS, on the
problems that all cells of a benchmark share. The largest N is often neither the best nor
the cheapest, so N is chosen too: TTS is the cell, over (N, strategy, aggregation, vote),
that is best on other problems than it is scored on (cross-fitted), one for all problems
of the benchmark; majority voting's N is chosen likewise. Nothing in that needs gold
answers to use it. Beside it stand the two ways of the study: a cell per difficulty, with
difficulty read off the gold answers (which flatters), and its fixed rule
(`ttsgrid.analysis.findings.fixed_rule`).

A policy with several PRMs has one row for each, and one more in which the PRM was chosen
as well: picking the better row on the same problems would flatter it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.findings.contests import (
    ANY_PRM,
    Choice,
    Contest,
    choose,
    contests_over_budgets,
    most_chosen,
    restricted,
    undivided,
)
from ttsgrid.analysis.findings.fixed_rule import choose_by_rule, thinking_policies
from ttsgrid.analysis.findings.selection import curve_point
from ttsgrid.analysis.frames.labels import configured_name
from ttsgrid.analysis.frontier import Frontier
from ttsgrid.analysis.judging.ability import Ability
from ttsgrid.analysis.statistics.intervals import Intervals, difference_intervals
from ttsgrid.core.strategies import COT, MAJORITY, ONE_SAMPLE, PASS_AT_K
from ttsgrid.store import StorePath

COT_NAME, TTS = COT.at(1), "TTS"
Row = dict[str, Any]


@dataclass(frozen=True)
class CurvePoint:
    """A choice and its row of the compute-optimal curve.

    Attributes:
        choice: problem by problem.
        row: where N was chosen, `n` and `strategy` are the pair that serves most problems
            and `share` is the share of problems that it serves.
    """

    choice: Choice
    row: Row


@dataclass(frozen=True)
class Optimal:
    """Compute-optimal TTS of one (benchmark, policy, PRM).

    Attributes:
        tts: the best cell for all problems.
        curve: the same at each N above 1, by N.
        majority: majority voting; None where it was not run.
        by_difficulty: one cell per difficulty, as the gold answers have it.
        by_rule: the study's fixed rule; None where it names what was not run.
    """

    tts: CurvePoint
    curve: tuple[Row, ...]
    majority: CurvePoint | None
    by_difficulty: CurvePoint
    by_rule: CurvePoint | None

    @property
    def point(self) -> Row:
        """The row of the compute-optimal choice."""
        return self.tts.row


@dataclass(frozen=True)
class Study:
    """A store, seen as the study sees its own.

    Attributes:
        cells: all cells, on common ground.
        optimal: compute-optimal TTS, smaller policies first.
        frontier: what else the store says.
        long_cot: names of the policies that think long in one chain.
        abilities: how well PRMs find first wrong steps, by name; what isn't known is absent.
    """

    cells: Cells
    optimal: tuple[Optimal, ...]
    frontier: Frontier
    long_cot: frozenset[str]
    abilities: Mapping[str, Ability] = field(default_factory=dict)

    def overall(self, strategy: str) -> pl.DataFrame:
        """Return the rows of one strategy over all problems, smaller policies first."""
        rows = self.cells.frame.filter(strategy=strategy, bin=Bin.ALL.value)
        size = pl.col("policy").replace_strict(dict(self.cells.sizes), default=None)
        ordered = rows.with_columns(size=size.cast(pl.Int64)).sort(
            "benchmark", "size", "policy", "n", nulls_last=True
        )
        return ordered.drop("size")

    def once(self) -> list[tuple[str, Row]]:
        """Return each policy's CoT, or its one sample where it has none, with its name."""
        cot = [(COT_NAME, row) for row in self.overall(COT.name).iter_rows(named=True)]
        asked = {(row["benchmark"], row["policy"]) for _, row in cot}
        sampled = self.overall(PASS_AT_K.name).filter(n=1).iter_rows(named=True)
        alone = [row for row in sampled if (row["benchmark"], row["policy"]) not in asked]
        return cot + [(ONE_SAMPLE, row) for row in alone]

    def cot(self, benchmark: str, policy: str) -> Row | None:
        """Return the CoT row of a policy; None where it was not run."""
        rows = self.overall(COT.name).filter(benchmark=benchmark, policy=policy)
        return None if rows.is_empty() else rows.row(0, named=True)

    def majority(self, benchmark: str, policy: str) -> list[Row]:
        """Return the majority-voting rows of a policy by N."""
        rows = self.overall(MAJORITY.name).filter(benchmark=benchmark, policy=policy)
        return rows.sort("n").to_dicts()

    def gain_interval(self, optimal: Optimal, cot: Row) -> Intervals:
        """Return the interval of compute-optimal less CoT, paired by problem."""
        choice = optimal.tts.choice
        before = self.cells.outcomes[cot["outcome"]].accuracy[choice.problems]
        return difference_intervals(choice.accuracy, before)


def make_study(
    store: StorePath,
    frontier: Frontier,
    long_cot: Collection[str] | None = None,
    abilities: Mapping[str, Ability] | None = None,
) -> Study:
    """Return what the study's tables and figures are made from.

    Args:
        store: folder or URI.
        frontier: of that store.
        long_cot: names of the policies that think long in one chain; None for those
            with the prompt format of R1-distilled models.
        abilities: of the PRMs, by name (`ttsgrid.analysis.judging.ability`).
    """
    cells = frontier.shared
    named = frozenset(thinking_policies(store) if long_cot is None else long_cot)
    contests = sorted(contests_over_budgets(cells), key=lambda contest: _by_size(cells, contest))
    optimal = tuple(_optimal(cells, contest, named) for contest in contests)
    return Study(cells, optimal, frontier, named, abilities or {})


def _optimal(cells: Cells, contest: Contest, long_cot: Collection[str]) -> Optimal:
    whole = undivided(contest)
    keys = [cells.outcomes[row].key for row in contest.rows]
    budgets = np.array([key.n for key in keys])
    voted = np.array([key.strategy == MAJORITY.name and key.n > 1 for key in keys])
    thinks_long = configured_name(contest.key["policy"]) in long_cot
    rule = choose_by_rule(cells, contest, thinks_long)
    return Optimal(
        tts=_on_curve(cells, choose(whole)),
        # One solution alone is no test-time scaling, so the curve begins above it.
        curve=tuple(
            _on_curve(cells, choose(restricted(whole, budgets == n))).row
            for n in np.unique(budgets[budgets > 1]).tolist()
        ),
        majority=_on_curve(cells, choose(restricted(whole, voted))) if voted.any() else None,
        by_difficulty=_on_curve(cells, choose(contest)),
        by_rule=None if rule is None else _on_curve(cells, rule),
    )


def _on_curve(cells: Cells, choice: Choice) -> CurvePoint:
    favourite = most_chosen(cells, choice)
    chosen = {"n": favourite.n, "strategy": favourite.strategy, "share": favourite.share}
    return CurvePoint(choice, curve_point(cells, choice) | chosen)


def _by_size(cells: Cells, contest: Contest) -> tuple[object, ...]:
    key = contest.key
    size, prm = cells.sizes.get(key["policy"]), key["prm"]
    return key["benchmark"], size is None, size or 0, key["policy"], prm == ANY_PRM, prm or ""
