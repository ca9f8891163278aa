"""Cells and rules of all policies in one contest, on each axis of cost.

A contest holds what competes on a benchmark (`ttsgrid.analysis.frames.competing`): every
policy, PRM, strategy and N, and the rules that were replayed, on the problems that all of them
share. Cheapest first on an axis; what has no known cost there takes no part.

Within a budget one is chosen out of sample, as everywhere: `accuracy` is what that way of
choosing keeps on problems that had no say (`ttsgrid.analysis.statistics.crossfit`), with its
interval over problems; the one that is named is the best on all of them. Which of them the
budget affords is decided by mean costs, over all problems.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.cells.common import common_ground
from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.cells.outcomes import Outcome
from ttsgrid.analysis.frames.competing import competes
from ttsgrid.analysis.replay.outcomes import Replayed
from ttsgrid.analysis.replay.waits import Waits
from ttsgrid.analysis.serving.costs import AXES, LATENCY_SECONDS, LATENCY_TOKENS, ServingMeter
from ttsgrid.analysis.serving.path_tables import Paths
from ttsgrid.analysis.statistics.crossfit import chosen_held_out
from ttsgrid.analysis.statistics.intervals import mean_intervals
from ttsgrid.analysis.statistics.thresholds import MIN_PROBLEMS
from ttsgrid.core.cell import CellKey
from ttsgrid.core.voting import Floats

CLOSE = 0.01  # a point below the most accurate is as good, for what is said of axes
MOST_STEPS = 12  # budgets that a table of one axis shows


@dataclass(frozen=True)
class Candidate:
    """A cell or a rule.

    Attributes:
        key: names it; of a rule the strategy is its label, and the PRM is the one that it reads.
        is_rule: whether it is replayed.
        accuracy: by problem of the contest, shape (P,).
        costs: axis to mean cost per problem; None where unknown.
        smaller: the smaller policy of a rule of two.
        usual: a rule with the parameter that serves most problems, where it is chosen.
    """

    key: CellKey
    is_rule: bool
    accuracy: Floats
    costs: Mapping[str, float | None]
    smaller: str | None = None
    usual: str | None = None

    @property
    def mean(self) -> float:
        """Accuracy over all problems of the contest."""
        return float(self.accuracy.mean())


@dataclass(frozen=True)
class Pick:
    """What to use within a budget.

    Attributes:
        axis: what the budget counts.
        budget: per problem.
        best: the candidate.
        accuracy: expected, chosen out of sample, with its 95 % interval `low` to `high`.
        num_affordable: candidates that the budget affords.
        sure: whether there are problems enough for the interval to mean what it says.
    """

    axis: str
    budget: float
    best: Candidate
    accuracy: float
    low: float
    high: float
    num_affordable: int
    sure: bool


@dataclass(frozen=True)
class Contest:
    """What competes on one benchmark."""

    benchmark: str
    candidates: Sequence[Candidate]

    def of_policy(self, policy: str) -> Contest:
        """Return the contest of one policy alone."""
        own = [one for one in self.candidates if one.key.policy == policy]
        return Contest(self.benchmark, own)

    @property
    def policies(self) -> list[str]:
        """Policies that take part, in their order."""
        return list(dict.fromkeys(one.key.policy for one in self.candidates))

    def by_cost(self, axis: str) -> list[tuple[float, Candidate]]:
        """Return candidates with a known cost on an axis, with it, cheapest first."""
        known = [(one.costs[axis], one) for one in self.candidates]
        priced = [(cost, one) for cost, one in known if cost is not None]
        return sorted(priced, key=lambda pair: pair[0])

    def within(self, axis: str, budget: float) -> Pick | None:
        """Return what to use within a budget; None where it affords nothing."""
        able = [one for cost, one in self.by_cost(axis) if cost <= budget]
        if not able:
            return None
        values = np.stack([one.accuracy for one in able])
        kept = values[0]
        if len(able) > 1 and values.shape[1] > 1:
            kept = chosen_held_out(values, np.full(values.shape[1], Bin.ALL, dtype=object))
        best = int(values.mean(axis=1).argmax())
        # What is kept is averaged over many choices and varies less between problems than any of
        # them: of equal candidates whose verdicts are independent only 65 % of its own intervals
        # held the truth. So the interval is as wide as that of the candidate that is named.
        interval = mean_intervals(values[best] - values[best].mean() + kept.mean())
        return Pick(
            axis=axis,
            budget=budget,
            best=able[best],
            accuracy=float(kept.mean()),
            low=float(interval.low),
            high=float(interval.high),
            num_affordable=len(able),
            sure=values.shape[1] >= MIN_PROBLEMS,
        )

    def frontier(self, axis: str) -> list[Pick]:
        """Return what to use at each budget at which a more accurate candidate comes in reach."""
        steps, best = dict[float, None](), -1.0
        for cost, one in self.by_cost(axis):
            if one.mean > best:
                best = one.mean
                steps[cost] = None
        budgets = list(steps)
        if len(budgets) > MOST_STEPS:
            places = np.linspace(0, len(budgets) - 1, MOST_STEPS).round().astype(int)
            budgets = [budgets[place] for place in places]
        picks = (self.within(axis, budget) for budget in budgets)
        return [pick for pick in picks if pick is not None]

    def for_less(self, pick: Pick) -> Pick | None:
        """Return the first pick of a smaller budget of which no less is expected.

        The more a budget affords, the more is chosen from, and what looks best among many keeps
        less of it: a larger budget may promise less.
        """
        cheaper = (one for one in self.frontier(pick.axis) if one.budget < pick.budget)
        others = (one for one in cheaper if one.best is not pick.best)
        return next((one for one in others if one.accuracy >= pick.accuracy), None)

    def cheapest_of_the_best(self, axis: str) -> Candidate | None:
        """Return the cheapest candidate within `CLOSE` of the most accurate one."""
        priced = self.by_cost(axis)
        most = max((one.mean for one in self.candidates), default=0.0)
        return next((one for _, one in priced if one.mean >= most - CLOSE), None)


def contests(
    cells: Cells, meter: ServingMeter, replayed: Iterable[Replayed] = ()
) -> Iterator[Contest]:
    """Yield the contest of each benchmark.

    Args:
        cells: every cell.
        meter: what they cost.
        replayed: rules, to compete with the cells.
    """
    rules = list(replayed)
    overall = cells.frame.filter(competes(), bin=Bin.ALL.value)
    for (benchmark,), group in overall.group_by("benchmark", maintain_order=True):
        of_rules = [one for one in rules if one.outcome.key.benchmark == benchmark]
        yield _contest(str(benchmark), cells, meter, group, of_rules)


def _contest(
    benchmark: str,
    cells: Cells,
    meter: ServingMeter,
    group: pl.DataFrame,
    rules: Sequence[Replayed],
) -> Contest:
    outcomes = [cells.outcomes[row] for row in group["outcome"].to_list()]
    columns = [meter.columns(outcome) for outcome in outcomes]
    outcomes += [one.outcome for one in rules]
    columns += [_costs_of_rule(one, meter) for one in rules]
    ground = common_ground(np.stack([outcome.accuracy for outcome in outcomes]))

    def candidate(row: int) -> Candidate:
        outcome, place = outcomes[row], row - len(group)
        costs = {axis: _mean(columns[row][axis][ground.problems]) for axis in AXES}
        cell = Candidate(outcome.key, place >= 0, outcome.accuracy[ground.problems], costs)
        return cell if place < 0 else _named(cell, rules[place])

    return Contest(benchmark, [candidate(row) for row in ground.cells.tolist()])


def _named(cell: Candidate, one: Replayed) -> Candidate:
    """Say what a rule asks and which parameter it mostly takes: without, nobody can follow it."""
    usual = one.usual if one.rule.is_chosen else None
    if one.also is None:
        return replace(cell, usual=usual)
    its = one.also.key
    return replace(cell, key=cell.key._replace(prm=its.prm), smaller=its.policy, usual=usual)


def _costs_of_rule(one: Replayed, meter: ServingMeter) -> dict[str, Floats]:
    """Return what all its policies cost together, by problem; NaN where unknown."""
    each = [
        meter.columns_on(outcome, _paths(outcome, waits))
        for outcome, waits in zip(one.spent_by, one.waits, strict=True)
    ]
    costs = {axis: np.asarray(np.sum([c[axis] for c in each], axis=0)) for axis in AXES}
    costs[LATENCY_TOKENS] = one.latency_tokens
    if one.rule.rule.side_by_side:
        # Which policy is waited for depends on the order; means don't say how long it takes.
        costs[LATENCY_SECONDS] = np.full_like(one.latency_tokens, np.nan)
    return costs


def _paths(outcome: Outcome, waits: Waits) -> Paths:
    return Paths(
        tokens=waits.path_tokens,
        turns=waits.turns,
        prm_calls=float(outcome.key.prm is not None) * waits.turns,
        generated=outcome.spent.policy_generated,
        context_reads=waits.context_reads,
        question=waits.question,
    )


def _mean(values: Floats) -> float | None:
    mean = float(values.mean())
    return None if np.isnan(mean) else mean
