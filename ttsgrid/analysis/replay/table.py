"""Rules as a table: each beside the vote over all N samples, paired by problem.

A saving is worth its name only beside what it loses, so each row has the difference in
accuracy with its interval, and the shares of the tokens and FLOPs that the vote takes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from ttsgrid.analysis.cells.cells import mean_error
from ttsgrid.analysis.cells.costs import Meter, known
from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.analysis.replay.outcomes import Replayed, replayed_outcomes
from ttsgrid.analysis.replay.rules import RuleAt
from ttsgrid.analysis.statistics.intervals import difference_intervals, mean_intervals

RULE_SCHEMA: dict[str, type[pl.DataType]] = {
    "benchmark": pl.String,
    "policy": pl.String,
    "rule": pl.String,
    "chosen": pl.String,
    "chosen_share": pl.Float64,
    "n": pl.Int64,
    "num_problems": pl.Int64,
    "accuracy": pl.Float64,
    "accuracy_low": pl.Float64,
    "accuracy_high": pl.Float64,
    "standard_error_mc": pl.Float64,
    "accuracy_fixed": pl.Float64,
    "difference": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "num_samples": pl.Float64,
    "generated_tokens": pl.Float64,
    "generated_share": pl.Float64,
    "flops": pl.Float64,
    "flops_share": pl.Float64,
}


def no_rules() -> pl.DataFrame:
    """Return the table of a store on which no rule was replayed."""
    return pl.DataFrame(schema=RULE_SCHEMA)


def replayed_rules(
    frames: StoreFrames,
    meter: Meter,
    rules: Sequence[RuleAt],
    budgets: Sequence[int] | None = None,
) -> pl.DataFrame:
    """Replay rules on a store's pools.

    Args:
        frames: the store.
        meter: what tokens cost.
        rules: which.
        budgets: the most samples that a rule may draw (`replayed_outcomes`).

    Returns:
        One row per (policy, N, rule), columns `RULE_SCHEMA`. `difference` is the rule's accuracy
        less that of the majority vote over N (`accuracy_fixed`), with its paired 95 % interval
        (`low`, `high`); `num_samples`, `generated_tokens` and `flops` are means per problem,
        shares are of that vote's. Null where a price or a size is unknown. `chosen` is the
        parameter that serves most problems (`chosen_share`), null where it was given.
    """
    rows = [_row(one, meter) for one in replayed_outcomes(frames, rules, budgets)]
    # Smaller policies first, as everywhere; one of unknown size last.
    rows.sort(key=lambda row: (row["benchmark"], meter.sizes.get(row["policy"]) or math.inf))
    return pl.DataFrame(rows, schema=RULE_SCHEMA)


def _row(replay: Replayed, meter: Meter) -> dict[str, Any]:
    outcome, fixed, key = replay.outcome, replay.fixed, replay.outcome.key
    present = ~np.isnan(outcome.accuracy)
    values, votes = outcome.accuracy[present], fixed.accuracy[present]
    own, paired = mean_intervals(values), difference_intervals(values, votes)
    generated = float(outcome.spent.policy_generated[present].mean())
    flops = meter.mean_flops(outcome, present)
    return {
        "benchmark": key.benchmark,
        "policy": key.policy,
        "rule": replay.rule.label,
        "chosen": replay.usual if replay.rule.is_chosen else None,
        "chosen_share": replay.share if replay.rule.is_chosen else None,
        "n": key.n,
        "num_problems": len(values),
        "accuracy": float(values.mean()),
        "accuracy_low": float(own.low),
        "accuracy_high": float(own.high),
        "standard_error_mc": mean_error(outcome.standard_error[present]),
        "accuracy_fixed": float(votes.mean()),
        "difference": float((values - votes).mean()),
        "low": float(paired.low),
        "high": float(paired.high),
        "num_samples": float(replay.num_samples[present].mean()),
        "generated_tokens": generated,
        "generated_share": _share(generated, float(fixed.spent.policy_generated[present].mean())),
        "flops": known(flops),
        "flops_share": _share(flops, meter.mean_flops(fixed, present)),
    }


def _share(part: float, whole: float) -> float | None:
    return known(part / whole) if whole else None
