"""What choosing in hindsight promises, against what a user can keep.

The study chooses the best strategy of each difficulty bin on the very problems that it
then reports on, and takes the bins from the gold answers of the same samples. Two things
flatter it, and this table takes them apart:

* *choice*: the best of many looks better than it is where it was chosen. Cross-fitting
  (`ttsgrid.analysis.statistics.crossfit`) takes that away.
* *labels*: a problem whose samples happened to be right is called easy, and there the
  strategies that profit from it win. Cross-fitting keeps that; predicted difficulty
  (`ttsgrid.analysis.advice.prediction`), which reads no gold answer, takes it away too.

`accuracy` is without both: what is had by predicting difficulty from a probe and using
the strategy that is best on other problems predicted alike. Budgets smaller than the probe
can't afford the prediction: one strategy then serves all problems. Beside it stands
`accuracy_one_for_all`, one strategy for all problems at every budget, chosen on other
problems too: whether difficulty is worth knowing is the difference, `gain`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ttsgrid.analysis.advice.prediction import Prediction
from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.findings.contests import Choice, choices
from ttsgrid.analysis.findings.selection import num_unscored
from ttsgrid.analysis.statistics.crossfit import chosen_held_out
from ttsgrid.analysis.statistics.intervals import difference_intervals, mean_intervals

OPTIMISM_SCHEMA: dict[str, type[pl.DataType]] = {
    "benchmark": pl.String,
    "policy": pl.String,
    "prm": pl.String,
    "n": pl.Int64,
    "num_candidates": pl.Int64,
    "num_problems": pl.Int64,
    "num_unscored": pl.Int64,
    "by_difficulty": pl.Boolean,
    "accuracy_in_sample": pl.Float64,
    "accuracy_oracle_bins": pl.Float64,
    "accuracy": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "accuracy_one_for_all": pl.Float64,
    "gain": pl.Float64,
    "gain_low": pl.Float64,
    "gain_high": pl.Float64,
    "optimism": pl.Float64,
    "optimism_low": pl.Float64,
    "optimism_high": pl.Float64,
    "optimism_of_choice": pl.Float64,
    "optimism_of_labels": pl.Float64,
}
Who = tuple[str, str, str | None]


def optimism(cells: Cells, found: Iterable[Prediction]) -> pl.DataFrame:
    """Return what is promised and what is kept, one row per (policy, PRM, N); `OPTIMISM_SCHEMA`.

    Args:
        cells: every cell.
        found: predicted difficulty; where there is none one strategy serves all problems.

    Returns:
        `accuracy_in_sample` is chosen and labelled in hindsight, `accuracy_oracle_bins` only
        labelled so, `accuracy` neither; `optimism` is the first minus the last, with a paired
        95 % interval, and the sum of `optimism_of_choice` and `optimism_of_labels`. `gain` is
        `accuracy` less `accuracy_one_for_all`, with a paired 95 % interval.
    """
    by_key = predictions_by_key(found)
    rows = [_row(cells, choice, by_key) for choice in choices(cells)]
    return pl.DataFrame(rows, schema=OPTIMISM_SCHEMA)


def predictions_by_key(found: Iterable[Prediction]) -> dict[Who, Prediction]:
    """Return predictions by (benchmark, policy, PRM)."""
    return {(one.probes.benchmark, one.probes.policy, one.probes.prm): one for one in found}


def usable_labels(
    prediction: Prediction | None, budget: int, num_problems: int
) -> NDArray[np.object_]:
    """Return the difficulty that a budget may choose by, `Bin.ALL` where there is none.

    Args:
        prediction: of the policy and PRM, where there is one.
        budget: N; smaller than the probe, it can't pay for a prediction.
        num_problems: of the store.
    """
    labels = np.full(num_problems, Bin.ALL, dtype=object)
    if prediction is None or budget < prediction.probe_size:
        return labels
    bins = prediction.bins(num_problems)
    known = np.array([name is not None for name in bins])
    labels[known] = bins[known]
    return labels


def _row(cells: Cells, choice: Choice, by_key: Mapping[Who, Prediction]) -> dict[str, Any]:
    key = choice.key
    prediction = by_key.get((key["benchmark"], key["policy"], key["prm"]))
    labels = usable_labels(prediction, key["n"], len(choice.problems))[choice.problems]
    values = cells.accuracies(choice.rows)[:, choice.problems]
    kept = chosen_held_out(values, labels)
    alike = chosen_held_out(values, np.full(len(labels), Bin.ALL, dtype=object))
    interval, gap = mean_intervals(kept), difference_intervals(choice.in_sample, kept)
    gain = difference_intervals(kept, alike)
    promised, by_oracle = float(choice.in_sample.mean()), float(choice.accuracy.mean())
    return {
        **key,
        "num_candidates": len(choice.rows),
        "num_problems": len(kept),
        "num_unscored": num_unscored(cells, choice),
        "by_difficulty": bool((labels != Bin.ALL).any()),
        "accuracy_in_sample": promised,
        "accuracy_oracle_bins": by_oracle,
        "accuracy": float(kept.mean()),
        "low": float(interval.low),
        "high": float(interval.high),
        "accuracy_one_for_all": float(alike.mean()),
        "gain": float((kept - alike).mean()),
        "gain_low": float(gain.low),
        "gain_high": float(gain.high),
        "optimism": promised - float(kept.mean()),
        "optimism_low": float(gap.low),
        "optimism_high": float(gap.high),
        "optimism_of_choice": promised - by_oracle,
        "optimism_of_labels": by_oracle - float(kept.mean()),
    }
