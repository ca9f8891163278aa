"""Does a search beat best-of-N, with the same policy, PRM and N? Overall and by difficulty.

Two things would flatter one side of such a comparison; both are kept out:

* choosing: each side stands with the aggregation and vote that are best for it, chosen
  on other problems than it is scored on (`ttsgrid.analysis.statistics.crossfit`);
* labels: a problem called hard after the samples that best-of-N picks from is hard partly
  because those samples were unlucky, which does not hurt the search. So the even samples
  of a pool say how hard a problem is, and best-of-N picks from the odd ones. It costs
  half the pool: best-of-N at N needs a pool of 2 N.

Differences are paired by problem, on those that both ran on. All intervals marked
`adjusted` hold together for a benchmark, as in `ttsgrid.analysis.findings.comparisons`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from ttsgrid.analysis.cells.cells import Labels
from ttsgrid.analysis.cells.costs import Meter, known
from ttsgrid.analysis.cells.difficulty import Bin, absolute_bins
from ttsgrid.analysis.cells.outcomes import Outcome, pool_outcomes
from ttsgrid.analysis.cells.tree_outcomes import search_outcomes
from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.analysis.statistics.crossfit import chosen_held_out
from ttsgrid.analysis.statistics.intervals import (
    LEVEL,
    difference_intervals,
    simultaneous_intervals,
)
from ttsgrid.core.strategies import BEST_OF_N, PASS_AT_K
from ttsgrid.core.voting import Bools, Floats

MIN_CHOOSING = 2  # problems that choosing on one half and scoring on the other needs
SEARCH_COMPARISON_SCHEMA: dict[str, type[pl.DataType]] = {
    "benchmark": pl.String,
    "policy": pl.String,
    "prm": pl.String,
    "n": pl.Int64,
    "strategy": pl.String,
    "bin": pl.String,
    "num_problems": pl.Int64,
    "num_unscored": pl.Int64,
    "accuracy": pl.Float64,
    "accuracy_best_of_n": pl.Float64,
    "difference": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "low_adjusted": pl.Float64,
    "high_adjusted": pl.Float64,
    "flops_ratio": pl.Float64,
}
Group = tuple[str, str, str | None, int]
"""Benchmark, policy, PRM and N: what both sides share."""


@dataclass(frozen=True)
class SearchComparison:
    """A search and best-of-N on the problems that both ran on.

    Attributes:
        names: of the row.
        problems: shape (num_problems,).
        first, second: accuracy of the search and of best-of-N there, shape (P,).
        labels: difficulty there, shape (P,).
        flops: of the search and of best-of-N there, shape (2, P).
        unscored: samples and answers without a score, of both sides there, shape (P,).
    """

    names: Mapping[str, Any]
    problems: Bools
    first: Floats
    second: Floats
    labels: Labels
    flops: Floats
    unscored: Floats


def against_best_of_n(search_comparisons: Iterable[SearchComparison]) -> pl.DataFrame:
    """Set every search against best-of-N; no rows where a store has none.

    Returns:
        One row per (search, N, bin), columns `SEARCH_COMPARISON_SCHEMA`: both accuracies, the
        paired `difference` with its 95 % interval and the adjusted one, and `flops_ratio`
        (search over best-of-N, PRM included).
    """
    by_benchmark: dict[str, list[SearchComparison]] = defaultdict(list)
    for compared in search_comparisons:
        by_benchmark[compared.names["benchmark"]].append(compared)
    rows = [row for comparisons in by_benchmark.values() for row in _rows(comparisons)]
    return pl.DataFrame(rows, schema=SEARCH_COMPARISON_SCHEMA)


def find_search_comparisons(frames: StoreFrames, meter: Meter) -> Iterator[SearchComparison]:
    """Yield every search with the best-of-N that it is set against, by policy, PRM and N."""
    if frames.searches.is_empty():
        return
    searches = _grouped(search_outcomes(frames))
    budgets = sorted({group[-1] for group, _strategy in searches})
    # By parity: both sides have samples of every block, however the pool grew.
    judging, picking = _samples_of(frames, 0), _samples_of(frames, 1)
    labels = {
        outcome.key[:2]: absolute_bins(outcome.accuracy)
        for outcome in pool_outcomes(judging, [1])
        if outcome.key.strategy == PASS_AT_K.name
    }
    pools = _grouped(o for o in pool_outcomes(picking, budgets) if o.key.strategy == BEST_OF_N.name)
    for (group, strategy), of_search in searches.items():
        of_best_of_n = pools.get((group, BEST_OF_N.name))
        if of_best_of_n is not None and group[:2] in labels:
            yield from _compared(
                group, strategy, [of_search, of_best_of_n], labels[group[:2]], meter
            )


def _samples_of(frames: StoreFrames, parity: int) -> StoreFrames:
    """The even or the odd samples of every pool."""
    half = pl.col("sample") % 2 == parity
    pools = frames.series.filter(~pl.col("greedy"))
    return replace(
        frames,
        series=pools,
        solutions=frames.solutions.filter(half),
        scores=frames.scores.filter(half),
    )


def _grouped(outcomes: Iterator[Outcome]) -> dict[tuple[Group, str], list[Outcome]]:
    """The cells of each strategy: one per aggregation and vote."""
    cells: dict[tuple[Group, str], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        benchmark, policy, prm, strategy, n, *_ = outcome.key
        cells[(benchmark, policy, prm, n), strategy].append(outcome)
    return cells


def _compared(
    group: Group, strategy: str, sides: Sequence[list[Outcome]], labels: Labels, meter: Meter
) -> Iterator[SearchComparison]:
    values = [np.stack([outcome.accuracy for outcome in side]) for side in sides]
    ran = ~np.isnan(np.concatenate(values)).any(axis=0)
    problems = ran & np.array([label is not None for label in labels])
    if problems.sum() < MIN_CHOOSING:
        return
    first, second = (chosen_held_out(v[:, problems], labels[problems]) for v in values)
    # All cells of a side cost the same: they differ in how answers are voted on.
    flops = [meter.columns(side[0])["flops"][problems] for side in sides]
    names = dict(zip(("benchmark", "policy", "prm", "n"), group, strict=True))
    yield SearchComparison(
        names=names | {"strategy": strategy},
        problems=problems,
        first=first,
        second=second,
        labels=labels[problems],
        flops=np.stack(flops),
        unscored=sum((_unscored(side)[problems] for side in sides), np.zeros(int(problems.sum()))),
    )


def _unscored(side: Sequence[Outcome]) -> Floats:
    """Samples or answers without a score per problem: as many for every vote that needs one."""
    counted = [outcome.unscored for outcome in side if outcome.unscored.size]
    return np.nan_to_num(counted[0]) if counted else np.zeros(len(side[0].accuracy))


def _rows(search_comparisons: Sequence[SearchComparison]) -> Iterator[dict[str, Any]]:
    """The rows of one benchmark; comparisons on the same problems share deviates."""
    alike: dict[tuple[str, bytes], list[tuple[SearchComparison, Bools]]] = defaultdict(list)
    for compared in search_comparisons:
        for name in Bin:
            inside = (
                np.ones(len(compared.first), bool) if name is Bin.ALL else compared.labels == name
            )
            if inside.any():
                where = np.flatnonzero(compared.problems)[inside].tobytes()
                alike[name.value, where].append((compared, inside))
    level = 1 - (1 - LEVEL) / max(1, len(alike))  # Bonferroni between sets of problems
    for (bin_name, _), members in alike.items():
        first = np.stack([compared.first[inside] for compared, inside in members])
        second = np.stack([compared.second[inside] for compared, inside in members])
        alone = difference_intervals(first, second)
        together = simultaneous_intervals(first - second, level)
        for i, (compared, inside) in enumerate(members):
            spent = compared.flops[:, inside].mean(axis=1)
            yield {
                **compared.names,
                "bin": bin_name,
                "num_problems": int(inside.sum()),
                "num_unscored": int(compared.unscored[inside].sum()),
                "accuracy": float(first[i].mean()),
                "accuracy_best_of_n": float(second[i].mean()),
                "difference": float((first - second)[i].mean()),
                "low": float(alone.low[i]),
                "high": float(alone.high[i]),
                "low_adjusted": float(together.low[i]),
                "high_adjusted": float(together.high[i]),
                "flops_ratio": known(float(spent[0] / spent[1])),
            }
