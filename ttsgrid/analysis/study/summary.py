"""What every table of the study starts from: three accuracies of each policy.

CoT (one sample where there is none), majority voting and compute-optimal TTS, on the
problems that all cells of a benchmark share, each at the largest N that the policy and
PRM have. Compute-optimal is the cross-fitted accuracy: strategies chosen on other
problems than they are scored on. How hard a problem is, the gold answers say, as in
the study; `ttsgrid.analysis.advice.optimism` has what is left without them. A policy with two
PRMs has two compute-optimal rows: picking the better one on the same problems would
flatter it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.findings.selection import Choice, choices, curve_point
from ttsgrid.analysis.frontier import Frontier
from ttsgrid.analysis.statistics.bootstrap import Intervals, difference_intervals
from ttsgrid.core.strategies import COT, MAJORITY, PASS_AT_K
from ttsgrid.models import prompt_format
from ttsgrid.store import StorePath, scan

LONG_COT_FORMAT = "r1"
COT_NAME, ONE_SAMPLE = "CoT", "one sample"
Row = dict[str, Any]


@dataclass(frozen=True)
class Optimal:
    """Compute-optimal TTS of one (benchmark, policy, PRM) at its largest N.

    Attributes:
        choice: problem by problem.
        curve: rows of the compute-optimal curve up to that N, by N.
    """

    choice: Choice
    curve: tuple[Row, ...]

    @property
    def point(self) -> Row:
        """Its row of the compute-optimal curve."""
        return self.curve[-1]


@dataclass(frozen=True)
class Study:
    """A store as the study looks at it.

    Attributes:
        cells: all cells, on common ground.
        optimal: compute-optimal TTS, smaller policies first.
        rivals: searches against best-of-N (`ttsgrid.analysis.findings.rivals`).
        long_cot: names of the policies that think long in one chain.
    """

    cells: Cells
    optimal: tuple[Optimal, ...]
    rivals: pl.DataFrame
    long_cot: frozenset[str]

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
        problems = optimal.choice.problems
        before = self.cells.outcomes[cot["outcome"]].accuracy[problems]
        return difference_intervals(optimal.choice.accuracy, before)


def make_study(
    store: StorePath, frontier: Frontier, long_cot: Collection[str] | None = None
) -> Study:
    """Look at a store as the study does.

    Args:
        store: folder or URI.
        frontier: of that store.
        long_cot: names of the policies that think long in one chain; None for those
            with the prompt format of R1-distilled models.
    """
    cells = frontier.shared
    optimal = sorted(_largest(cells), key=lambda found: _by_size(cells, found))
    named = _of_format(store) if long_cot is None else long_cot
    return Study(cells, tuple(optimal), frontier.rivals, frozenset(named))


def _largest(cells: Cells) -> Iterator[Optimal]:
    """The choices of each (benchmark, policy, PRM), where there is an N above 1."""
    found: dict[tuple[str, str, str | None], list[Choice]] = defaultdict(list)
    for choice in choices(cells):  # by N within each
        key = choice.key
        found[key["benchmark"], key["policy"], key["prm"]].append(choice)
    for by_n in found.values():
        if by_n[-1].key["n"] > 1:  # one solution alone is no test-time scaling
            yield Optimal(by_n[-1], tuple(curve_point(cells, choice) for choice in by_n))


def _by_size(cells: Cells, optimal: Optimal) -> tuple[object, ...]:
    key = optimal.choice.key
    size = cells.sizes.get(key["policy"])
    return key["benchmark"], size is None, size or 0, key["policy"], key["prm"] or ""


def _of_format(store: StorePath) -> list[str]:
    wanted = prompt_format(LONG_COT_FORMAT).as_json()
    models = scan(store, "models").filter(role="policy", format=wanted)
    return models.select("name").unique().collect()["name"].to_list()
