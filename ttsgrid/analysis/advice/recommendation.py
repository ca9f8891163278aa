"""Which strategy to use: for a policy and PRM, at this predicted difficulty and budget.

A rule is made for each (policy, PRM, budget, predicted bin). Its candidates are all cells
that the budget affords, N at most the budget. The strategy named is the best on all
problems of the bin; its expected accuracy is what that way of choosing keeps on problems
it was not chosen with (`ttsgrid.analysis.statistics.crossfit`), with an interval over
problems. Bins with fewer than `MIN_TO_CHOOSE` problems take the strategy that is best for all.
Difficulty is the predicted one (`ttsgrid.analysis.advice.prediction`), so nothing here needs a
gold answer when it is used.

Telling bins apart is advised only where it pays: where choosing by predicted difficulty beats
one strategy for all problems, both scored on problems that had no say, by more than the paired
interval, adjusted for looking at every policy, PRM and budget (Bonferroni: of 27 tries at 95 %
one or so pays by luck). Else one strategy serves all, and `Recommendation.splits` says by how
much it didn't.

`ttsgrid.analysis.advice.recommendation_file` writes them, `...advice.recommend` reads them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ttsgrid.analysis.advice.optimism import predictions_by_key, usable_labels
from ttsgrid.analysis.advice.prediction import Prediction
from ttsgrid.analysis.advice.probe_costs import Cost, cell_cost, probe_cost
from ttsgrid.analysis.advice.rules import Rule, Split
from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.cells.common import common_ground
from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.findings.contests import candidates
from ttsgrid.analysis.statistics.crossfit import chosen_held_out
from ttsgrid.analysis.statistics.intervals import LEVEL, difference_intervals, mean_intervals
from ttsgrid.analysis.statistics.thresholds import MIN_PROBLEMS, MIN_TO_CHOOSE
from ttsgrid.core.voting import Bools, Floats, Ints

BINS = (Bin.ALL, Bin.EASY, Bin.MEDIUM, Bin.HARD)
Key = tuple[str, str, str | None]
"""(benchmark, policy, PRM)."""


@dataclass(frozen=True)
class Recommendation:
    """The rules of one policy with one PRM (or with none), and how difficulty is predicted.

    Attributes:
        prediction: None where there are too few problems for one.
        splits: whether difficulty pays, at each budget that affords the probe.
        rules: for each budget one for all problems, and one per bin where that pays.
    """

    benchmark: str
    policy: str
    prm: str | None
    num_problems: int
    prediction: Prediction | None
    splits: tuple[Split, ...]
    rules: tuple[Rule, ...]


def recommendations(cells: Cells, found: Iterable[Prediction]) -> list[Recommendation]:
    """Return a recommendation for each (benchmark, policy, PRM) with at least two problems.

    Every policy has one without a PRM too.
    """
    by_key = predictions_by_key(found)
    contests = {key: _Contest.over(cells, group) for key, group in _groups(cells)}
    tried = Counter[str]()
    for key, contest in contests.items():
        tried[key[0]] += len(contest.divisible(by_key.get(key)))
    made = [
        contest.recommendation(key, by_key.get(key), tried[key[0]])
        for key, contest in contests.items()
        if contest.num_problems >= 2
    ]
    return sorted(made, key=lambda one: (one.benchmark, one.policy, one.prm or ""))


def _groups(cells: Cells) -> Iterator[tuple[Key, pl.DataFrame]]:
    """Candidates by (benchmark, policy, PRM), and those that need no PRM under PRM None."""
    overall = candidates(cells).filter(bin=Bin.ALL.value)
    who = ["benchmark", "policy", "prm"]
    yield from _keyed(overall.group_by(who, maintain_order=True))
    with_prms = overall.filter(pl.col("prm").is_not_null(), pl.col("cell_prm").is_null())
    plain = with_prms.with_columns(prm=pl.lit(None, pl.String))
    yield from _keyed(
        plain.unique("outcome", maintain_order=True).group_by(who, maintain_order=True)
    )


def _keyed(
    groups: Iterable[tuple[tuple[object, ...], pl.DataFrame]],
) -> Iterator[tuple[Key, pl.DataFrame]]:
    for (benchmark, policy, prm), group in groups:
        yield (str(benchmark), str(policy), None if prm is None else str(prm)), group


@dataclass(frozen=True)
class _Contest:
    """The candidates of one (policy, PRM) on the problems that they share.

    Attributes:
        cells: all cells.
        rows: the candidates that share enough, cheapest first.
        problems: the problems shared, shape (num_problems,).
        values: accuracies there, shape (C, P).
    """

    cells: Cells
    rows: Sequence[dict[str, Any]]
    problems: Bools
    values: Floats

    @classmethod
    def over(cls, cells: Cells, group: pl.DataFrame) -> _Contest:
        outcomes = group["outcome"].to_numpy()
        accuracies = cells.accuracies(outcomes)
        ground = common_ground(accuracies)
        rows = group[ground.cells.tolist()].to_dicts()
        values = accuracies[ground.cells][:, ground.problems]
        return cls(cells, rows, ground.problems, values)

    @property
    def num_problems(self) -> int:
        return int(self.problems.sum())

    def recommendation(
        self, key: Key, prediction: Prediction | None, num_tried: int
    ) -> Recommendation:
        """Return the rules; `num_tried` splits were looked at on the benchmark."""
        splits = tuple(self.splits(prediction, num_tried))
        paying = {split.budget for split in splits if split.pays}
        rules = tuple(self.rules(prediction, paying))
        return Recommendation(*key, self.num_problems, prediction, splits, rules)

    def divisible(self, prediction: Prediction | None) -> list[int]:
        """Return the budgets that afford a probe, at which difficulty can be told."""
        return [
            budget
            for budget in self._budgets()
            if not (self._labels(prediction, budget) == Bin.ALL).all()
        ]

    def splits(self, prediction: Prediction | None, num_tried: int) -> Iterator[Split]:
        """Yield what choosing by difficulty adds at each budget that affords a probe."""
        for budget in self.divisible(prediction):
            by_bin = self._kept(budget, self._labels(prediction, budget))
            for_all = self._kept_for_all[budget]
            alone = difference_intervals(by_bin, for_all)
            adjusted = difference_intervals(by_bin, for_all, 1 - (1 - LEVEL) / num_tried)
            yield Split(
                budget,
                float((by_bin - for_all).mean()),
                float(alone.low),
                float(alone.high),
                float(adjusted.low),
                float(adjusted.high),
                pays=bool(adjusted.low > 0) and self.num_problems >= MIN_PROBLEMS,
            )

    def rules(self, prediction: Prediction | None, divided: Set[int]) -> Iterator[Rule]:
        """Yield the rules of each budget: for all problems, and per bin at `divided` budgets."""
        for budget in self._budgets():
            everywhere = np.full(self.num_problems, Bin.ALL, dtype=object)
            yield from self._rules(budget, everywhere, self._kept_for_all[budget])
            if prediction is not None and budget in divided:
                labels = self._labels(prediction, budget)
                kept = self._kept(budget, labels)
                yield from self._rules(budget, labels, kept, prediction.probe_size)

    def _budgets(self) -> list[int]:
        return sorted({row["n"] for row in self.rows})

    def _affordable(self, budget: int) -> Ints:
        return np.flatnonzero([row["n"] <= budget for row in self.rows])

    def _labels(self, prediction: Prediction | None, budget: int) -> NDArray[np.object_]:
        return usable_labels(prediction, budget, len(self.problems))[self.problems]

    @cached_property
    def _kept_for_all(self) -> dict[int, Floats]:
        """What one strategy for all problems, chosen without each, keeps at each budget."""
        everywhere = np.full(self.num_problems, Bin.ALL, dtype=object)
        return {
            budget: chosen_held_out(self.values[self._affordable(budget)], everywhere)
            for budget in self._budgets()
        }

    def _kept(self, budget: int, labels: NDArray[np.object_]) -> Floats:
        """Each problem's accuracy under a strategy chosen without it, in its bin or over all."""
        choosable = _choosable(labels)
        kept, own = self._kept_for_all[budget], choosable != Bin.ALL
        if not own.any():
            return kept
        return np.where(
            own, chosen_held_out(self.values[self._affordable(budget)], choosable), kept
        )

    def _rules(
        self, budget: int, labels: NDArray[np.object_], kept: Floats, probe_size: int = 0
    ) -> Iterator[Rule]:
        """Rules of one budget for the bins that its problems are labelled with."""
        affordable = self._affordable(budget)
        values = self.values[affordable]
        overall = int(values.mean(axis=1).argmax())
        for name in BINS:
            members = labels == name
            if not members.any() or (name is Bin.ALL and (labels != Bin.ALL).any()):
                continue
            best = overall
            if members.sum() >= MIN_TO_CHOOSE:
                best = int(values[:, members].mean(axis=1).argmax())
            yield self._rule(budget, name, int(affordable[best]), members, kept, probe_size)

    def _rule(
        self,
        budget: int,
        name: Bin,
        chosen: int,
        members: Bools,
        kept: Floats,
        probe_size: int,
    ) -> Rule:
        row, inside = self.rows[chosen], kept[members]
        interval, cost = mean_intervals(inside), self._cost(row, members, probe_size)
        return Rule(
            budget=budget,
            bin=name.value,
            strategy=row["strategy"],
            n=row["n"],
            aggregation=row["aggregation"],
            vote=row["vote"],
            uses_prm=row["cell_prm"] is not None,
            accuracy=float(inside.mean()),
            low=float(interval.low),
            high=float(interval.high),
            tokens=cost.tokens,
            flops=cost.flops,
            num_problems=len(inside),
            sure=len(inside) >= MIN_PROBLEMS,
            is_partial=self.is_partial(row),
            num_unscored=self.cells.outcomes[row["outcome"]].num_unscored(self._present(members)),
        )

    def is_partial(self, row: dict[str, Any]) -> bool:
        """Whether the candidates share fewer problems than the benchmark was run on."""
        ran = self.cells.ran.get(row["benchmark"], self.problems)
        return bool((ran & ~self.problems).any())

    def _present(self, members: Bools) -> Bools:
        """Members among the problems shared, as problems of the store."""
        present = np.zeros(len(self.problems), bool)
        present[np.flatnonzero(self.problems)[members]] = True
        return present

    def _cost(self, row: dict[str, Any], members: Bools, probe_size: int) -> Cost:
        present = self._present(members)
        cost = cell_cost(self.cells, self.cells.outcomes[row["outcome"]], present)
        if not probe_size:
            return cost
        return cost + probe_cost(self.cells, row, row["prm"], probe_size, present)


def _choosable(labels: NDArray[np.object_]) -> NDArray[np.object_]:
    """Labels with `Bin.ALL` for bins too small to choose in: all problems choose for them."""
    small = [name for name in BINS if (labels == name).sum() < MIN_TO_CHOOSE]
    return np.where(np.isin(labels, small), Bin.ALL, labels)
