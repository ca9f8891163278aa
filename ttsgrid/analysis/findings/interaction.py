"""Does what search adds depend on the policy? A difference of differences, with its interval.

arXiv 2502.06703 finds that the best strategy depends on the policy. Two accuracies of one
policy can't show that, nor can one interval that holds zero beside one that doesn't. So
what a search adds over best-of-N for one policy
(`ttsgrid.analysis.findings.search_comparisons`: same PRM, same N) is set against what it adds
for another, on the problems that all four ran on, paired by problem. Policies of different
benchmarks share no problems and are not compared.

All intervals marked `adjusted` hold together for a benchmark.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl

from ttsgrid.analysis.cells.costs import Meter
from ttsgrid.analysis.findings.search_comparisons import SearchComparison
from ttsgrid.analysis.statistics.intervals import (
    LEVEL,
    difference_intervals,
    simultaneous_intervals,
)
from ttsgrid.core.voting import Bools, Floats

INTERACTION_SCHEMA: dict[str, type[pl.DataType]] = {
    "benchmark": pl.String,
    "policy": pl.String,
    "other": pl.String,
    "prm": pl.String,
    "strategy": pl.String,
    "n": pl.Int64,
    "num_problems": pl.Int64,
    "num_unscored": pl.Int64,
    "added": pl.Float64,
    "added_other": pl.Float64,
    "difference": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "low_adjusted": pl.Float64,
    "high_adjusted": pl.Float64,
}
_SHARED = ("benchmark", "prm", "strategy", "n")


@dataclass(frozen=True)
class _Pair:
    """The same search against best-of-N for two policies, on the problems they share.

    Attributes:
        first, second: the smaller policy's and the larger one's.
        problems: positions of those problems, ascending.
    """

    first: SearchComparison
    second: SearchComparison
    problems: tuple[int, ...]

    def sides(self) -> tuple[Floats, Floats]:
        """Two accuracies in [0, 1] per problem whose difference is half that of the gains.

        Intervals on a difference know that accuracies lie between 0 and 1; the difference
        of two differences lies between -2 and 2, half of it is one of two means.
        """
        (search, best_of_n), (other, other_best) = self._on_shared(), self._on_shared(second=True)
        return (search + other_best) / 2, (best_of_n + other) / 2

    def gains(self) -> tuple[float, float]:
        """What the search adds for each policy."""
        pairs = self._on_shared(), self._on_shared(second=True)
        first, second = (float((search - best_of_n).mean()) for search, best_of_n in pairs)
        return first, second

    def num_unscored(self) -> int:
        """Samples and answers without a score behind all four accuracies."""
        return sum(
            int(compared.unscored[self._inside(compared)].sum())
            for compared in (self.first, self.second)
        )

    def _on_shared(self, *, second: bool = False) -> tuple[Floats, Floats]:
        compared = self.second if second else self.first
        inside = self._inside(compared)
        return compared.first[inside], compared.second[inside]

    def _inside(self, compared: SearchComparison) -> Bools:
        return np.isin(np.flatnonzero(compared.problems), self.problems)


def search_gain_by_policy(
    search_comparisons: Iterable[SearchComparison], meter: Meter
) -> pl.DataFrame:
    """Set what searches add over best-of-N for one policy against the same for another.

    Args:
        search_comparisons: of every policy, from `find_search_comparisons`.
        meter: has the policies' sizes.

    Returns:
        One row per (two policies, PRM, search, N), columns `INTERACTION_SCHEMA`: `added` is
        the search less best-of-N for `policy`, the smaller one, `added_other` the same for
        `other`, `difference` the first less the second with its 95 % interval and the
        adjusted one. Empty where no search was run with two policies.
    """
    by_benchmark: dict[str, list[_Pair]] = defaultdict(list)
    for pair in _pairs(search_comparisons, meter):
        by_benchmark[pair.first.names["benchmark"]].append(pair)
    rows = [row for pairs in by_benchmark.values() for row in _rows(pairs)]
    return pl.DataFrame(rows, schema=INTERACTION_SCHEMA)


def _pairs(search_comparisons: Iterable[SearchComparison], meter: Meter) -> Iterator[_Pair]:
    alike: dict[tuple[Any, ...], list[SearchComparison]] = defaultdict(list)
    for compared in search_comparisons:
        alike[tuple(compared.names[name] for name in _SHARED)].append(compared)
    for group in alike.values():
        ordered = sorted(group, key=lambda compared: _size(meter, compared.names["policy"]))
        for first, second in combinations(ordered, 2):
            shared = np.flatnonzero(first.problems & second.problems)
            if shared.size:
                yield _Pair(first, second, tuple(shared.tolist()))


def _size(meter: Meter, policy: str) -> tuple[float, str]:
    return meter.sizes.get(policy) or float("inf"), policy


def _rows(pairs: Sequence[_Pair]) -> Iterator[dict[str, Any]]:
    """The rows of one benchmark; pairs on the same problems share resamples."""
    alike: dict[tuple[int, ...], list[_Pair]] = defaultdict(list)
    for pair in pairs:
        alike[pair.problems].append(pair)
    level = 1 - (1 - LEVEL) / len(alike)  # Bonferroni between sets of problems
    for members in alike.values():
        sides = [pair.sides() for pair in members]
        first, second = (np.stack(values) for values in zip(*sides, strict=True))
        alone = difference_intervals(first, second)
        together = simultaneous_intervals(first - second, level)
        for i, pair in enumerate(members):
            added, added_other = pair.gains()
            yield {
                **{name: pair.first.names[name] for name in _SHARED},
                "policy": pair.first.names["policy"],
                "other": pair.second.names["policy"],
                "num_problems": len(pair.problems),
                "num_unscored": pair.num_unscored(),
                "added": added,
                "added_other": added_other,
                "difference": added - added_other,
                "low": 2 * float(alone.low[i]),
                "high": 2 * float(alone.high[i]),
                "low_adjusted": 2 * float(together.low[i]),
                "high_adjusted": 2 * float(together.high[i]),
            }
