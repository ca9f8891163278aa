"""Two stores, cell by cell on the problems that both hold: which one is better, and where.

What makes a problem hard is in both, so that differences are paired by problem. Of hundreds of
cells some differ by luck: beside each interval of its own stands an adjusted one, and all
adjusted intervals of a benchmark hold together at 95 %, as in
`ttsgrid.analysis.findings.comparisons`. Cells are matched by their names; where the stores have
none in common, the most accurate one of each is all there is to compare.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import polars as pl

from ttsgrid.analysis.cells.outcomes import Outcome, pool_outcomes
from ttsgrid.analysis.cells.tree_outcomes import search_outcomes
from ttsgrid.analysis.frames.equivalence import store_equivalence
from ttsgrid.analysis.frames.load import load
from ttsgrid.analysis.statistics.intervals import LEVEL
from ttsgrid.analysis.statistics.paired import paired_numbers
from ttsgrid.core.cell import CellKey
from ttsgrid.core.strategies import strategy_of
from ttsgrid.core.voting import Floats
from ttsgrid.store import StorePath

DIFFERENCES_SCHEMA: dict[str, type[pl.DataType]] = {
    **dict.fromkeys(("benchmark", "policy", "prm", "strategy"), pl.String),
    "n": pl.Int64,
    **dict.fromkeys(("aggregation", "vote"), pl.String),
    "num_problems": pl.Int64,
    **dict.fromkeys(("first", "second", "difference", "low", "high"), pl.Float64),
    **dict.fromkeys(("low_adjusted", "high_adjusted"), pl.Float64),
}


@dataclass(frozen=True)
class Judged:
    """A store's cells, problem by problem.

    Attributes:
        outcomes: of cells that can be used without gold answers.
        problem_ids: what the outcomes' arrays are in the order of.
    """

    outcomes: Mapping[CellKey, Outcome]
    problem_ids: Sequence[str]

    def accuracy(self, key: CellKey, problem_ids: Sequence[str]) -> Floats:
        """Return a cell's accuracy on some problems, NaN where it wasn't run."""
        place = {problem_id: i for i, problem_id in enumerate(self.problem_ids)}
        return self.outcomes[key].accuracy[[place[one] for one in problem_ids]]


@dataclass(frozen=True)
class BestOfEach:
    """The most accurate cell of each store on a benchmark's shared problems.

    Attributes:
        numbers: as a row of the differences has them.
    """

    benchmark: str
    first: CellKey
    second: CellKey
    numbers: Mapping[str, float]


def judged(store: StorePath, budgets: Sequence[int] | None = None) -> Judged:
    """Read a store's cells; `budgets` are their N, as `analyse` takes them.

    Raises:
        StoreError: it holds no solutions.
    """
    frames = load(store, store_equivalence(store))
    found = chain(pool_outcomes(frames, budgets), search_outcomes(frames, budgets))
    usable = {one.key: one for one in found if not strategy_of(one.key.strategy).is_bound}
    return Judged(usable, frames.problems["problem_id"].to_list())


def differences(first: Judged, second: Judged) -> pl.DataFrame:
    """Return every cell that both stores have: second less first, paired by problem.

    Returns:
        One row per cell that ran on a problem of both, columns `DIFFERENCES_SCHEMA`.
    """
    shared = [one for one in first.problem_ids if one in set(second.problem_ids)]
    alike: dict[tuple[str, bytes], list[tuple[CellKey, Floats, Floats]]] = defaultdict(list)
    for key in first.outcomes.keys() & second.outcomes.keys() if shared else ():
        pair = first.accuracy(key, shared), second.accuracy(key, shared)
        present = ~np.isnan(pair[0] - pair[1])
        if present.any():
            # Only cells on the same problems can be adjusted by how they vary together.
            alike[key.benchmark, present.tobytes()].append(
                (key, pair[0][present], pair[1][present])
            )
    groups: dict[str, int] = defaultdict(int)
    for benchmark, _ in alike:
        groups[benchmark] += 1
    rows = [
        row
        for (benchmark, _), cells in sorted(alike.items())
        for row in _rows(cells, 1 - (1 - LEVEL) / groups[benchmark])
    ]
    frame = pl.DataFrame(rows, schema=DIFFERENCES_SCHEMA)
    return frame.sort("benchmark", "policy", "prm", "strategy", "n", "aggregation", "vote")


def best_of_each(first: Judged, second: Judged) -> list[BestOfEach]:
    """Return, for each benchmark, the most accurate cells on the problems that all of both ran."""
    shared = [one for one in first.problem_ids if one in set(second.problem_ids)]
    benchmarks = {k.benchmark for k in first.outcomes} & {k.benchmark for k in second.outcomes}
    found: list[BestOfEach] = []
    for benchmark in sorted(benchmarks) if shared else ():
        keys = [_best(store, benchmark, shared) for store in (first, second)]
        pair = first.accuracy(keys[0], shared), second.accuracy(keys[1], shared)
        present = ~np.isnan(pair[0] - pair[1])
        if present.any():
            cell = (keys[0], pair[0][present], pair[1][present])
            found.append(BestOfEach(benchmark, keys[0], keys[1], _rows([cell], LEVEL)[0]))
    return found


def _best(store: Judged, benchmark: str, problem_ids: Sequence[str]) -> CellKey:
    """Return the most accurate cell; of those on most of the problems, since few may be easy."""

    def rank(key: CellKey) -> tuple[int, float, int]:
        accuracy = store.accuracy(key, problem_ids)
        ran = accuracy[~np.isnan(accuracy)]
        return len(ran), float(ran.mean()) if len(ran) else 0.0, -key.n

    keys = [key for key in store.outcomes if key.benchmark == benchmark]
    return max(sorted(keys, key=str), key=rank)


def _rows(cells: Sequence[tuple[CellKey, Floats, Floats]], level: float) -> list[dict[str, Any]]:
    ordered = sorted(cells, key=lambda cell: str(cell[0]))
    first = np.stack([accuracy for _, accuracy, _ in ordered])
    second = np.stack([accuracy for _, _, accuracy in ordered])
    compared = paired_numbers(second, first, level, ("second", "first"))
    return [
        {**key._asdict(), "num_problems": first.shape[1], **numbers}
        for (key, *_), numbers in zip(ordered, compared, strict=True)
    ]
