"""Rules as a table: each beside a cell at the same N, paired by problem.

A saving is worth its name only beside what it loses, so each row has the difference in
accuracy with its interval, and the shares of the tokens and FLOPs that the vote takes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from ttsgrid.analysis.cells.cells import Cells, mean_error
from ttsgrid.analysis.cells.common import on_common_ground
from ttsgrid.analysis.cells.costs import Meter, known
from ttsgrid.analysis.cells.outcomes import Outcome
from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.analysis.replay.lacking import lacking_sentences
from ttsgrid.analysis.replay.outcomes import Replayed, replayed_outcomes
from ttsgrid.analysis.replay.rules import RuleAt
from ttsgrid.analysis.replay.study_rule import study_rule_rows
from ttsgrid.analysis.statistics.intervals import difference_intervals, mean_intervals
from ttsgrid.core.strategies import strategy_of

RULE_SCHEMA: dict[str, type[pl.DataType]] = {
    "benchmark": pl.String,
    "policy": pl.String,
    "smaller": pl.String,
    "prm": pl.String,
    "rule": pl.String,
    "chosen": pl.String,
    "chosen_share": pl.Float64,
    "n": pl.Int64,
    "num_problems": pl.Int64,
    "accuracy": pl.Float64,
    "accuracy_low": pl.Float64,
    "accuracy_high": pl.Float64,
    "standard_error_mc": pl.Float64,
    "fixed": pl.String,
    "accuracy_fixed": pl.Float64,
    "difference": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "num_samples": pl.Float64,
    "num_scored": pl.Float64,
    "generated_tokens": pl.Float64,
    "generated_share": pl.Float64,
    "latency_tokens": pl.Float64,
    "latency_share": pl.Float64,
    "flops": pl.Float64,
    "flops_share": pl.Float64,
}


def no_rules() -> pl.DataFrame:
    """Return the table of a store on which no rule was replayed."""
    return pl.DataFrame(schema=RULE_SCHEMA)


@dataclass(frozen=True)
class RuleTable:
    """What rules do on a store, and which of them it can't answer.

    Attributes:
        frame: columns `RULE_SCHEMA` (`replayed_rules`).
        lacking: a sentence for each rule that lacks something.
    """

    frame: pl.DataFrame
    lacking: tuple[str, ...] = ()


def rule_table(
    frames: StoreFrames,
    cells: Cells,
    rules: Sequence[RuleAt],
    budgets: Sequence[int] | None = None,
    thinking: Collection[str] = (),
) -> RuleTable:
    """Return what rules do on a store.

    Args:
        frames: the store.
        cells: its cells.
        rules: which.
        budgets: the most samples that a rule may draw of a policy (`replayed_outcomes`).
        thinking: names of the policies that think long in one chain.
    """
    of_cells = [rule for rule in rules if rule.rule.needs.cells]
    whole = on_common_ground(cells) if of_cells else cells
    rows = [row for rule in of_cells for row in study_rule_rows(whole, thinking, rule.label)]
    rows += [_row(one, cells.meter) for one in replayed_outcomes(frames, rules, budgets)]
    # Smaller policies first, as everywhere; one of unknown size last.
    rows.sort(key=lambda row: (row["benchmark"], cells.meter.sizes.get(row["policy"]) or math.inf))
    frame = pl.DataFrame(rows, schema=RULE_SCHEMA)
    return RuleTable(frame, tuple(lacking_sentences(frames, rules, frame)))


def replayed_rules(
    frames: StoreFrames,
    meter: Meter,
    rules: Sequence[RuleAt],
    budgets: Sequence[int] | None = None,
) -> pl.DataFrame:
    """Replay rules on a store's pools; those that look at cells are left out.

    Args:
        frames: the store.
        meter: what tokens cost.
        rules: which.
        budgets: the most samples that a rule may draw (`replayed_outcomes`).

    Returns:
        One row per (policy, smaller policy, PRM, N, rule), columns `RULE_SCHEMA`; the smaller
        policy and the PRM are null for rules that need none. `difference` is the rule's
        accuracy less that of the cell `fixed` at N (`accuracy_fixed`), with its paired 95 %
        interval (`low`, `high`); `num_samples`, `num_scored`, `generated_tokens` and `flops`
        are means per problem, of both policies where there are two; `latency_tokens` are those
        on the critical path; shares are of that cell's. Null where a price, a size or a length
        is unknown. `chosen` is the parameter that serves most problems (`chosen_share`), null
        where it was given.
    """
    rows = [_row(one, meter) for one in replayed_outcomes(frames, rules, budgets)]
    rows.sort(key=lambda row: (row["benchmark"], meter.sizes.get(row["policy"]) or math.inf))
    return pl.DataFrame(rows, schema=RULE_SCHEMA)


def _row(replay: Replayed, meter: Meter) -> dict[str, Any]:
    outcome, fixed, key = replay.outcome, replay.fixed, replay.outcome.key
    present = ~np.isnan(outcome.accuracy)
    values, votes = outcome.accuracy[present], fixed.accuracy[present]
    own, paired = mean_intervals(values), difference_intervals(values, votes)
    generated = _total(replay, lambda one: float(one.spent.policy_generated[present].mean()))
    flops = _total(replay, lambda one: meter.mean_flops(one, present))
    latency = float(replay.latency_tokens[present].mean())
    also = None if replay.also is None else replay.also.key
    return {
        "benchmark": key.benchmark,
        "policy": key.policy,
        "smaller": None if also is None else also.policy,
        "prm": key.prm if also is None else also.prm,
        "rule": replay.rule.label,
        "chosen": replay.usual if replay.rule.is_chosen else None,
        "chosen_share": replay.share if replay.rule.is_chosen else None,
        "n": key.n,
        "num_problems": len(values),
        "accuracy": float(values.mean()),
        "accuracy_low": float(own.low),
        "accuracy_high": float(own.high),
        "standard_error_mc": mean_error(outcome.standard_error[present]),
        "fixed": strategy_of(fixed.key.strategy).at(fixed.key.n),
        "accuracy_fixed": float(votes.mean()),
        "difference": float((values - votes).mean()),
        "low": float(paired.low),
        "high": float(paired.high),
        "num_samples": float(replay.num_samples[present].mean()),
        "num_scored": float(replay.num_scored[present].mean()),
        "generated_tokens": generated,
        "generated_share": _share(generated, float(fixed.spent.policy_generated[present].mean())),
        "latency_tokens": known(latency),
        "latency_share": _share(latency, float(replay.fixed_latency[present].mean())),
        "flops": known(flops),
        "flops_share": _share(flops, meter.mean_flops(fixed, present)),
    }


def _total(replay: Replayed, cost: Callable[[Outcome], float]) -> float:
    return sum(cost(outcome) for outcome in replay.spent_by)


def _share(part: float, whole: float) -> float | None:
    return known(part / whole) if whole else None
