"""Each problem's measured difficulty for each policy, as a table.

The oracle's labels: pass@1 over the pool, its absolute bin, and its quantile among the
problems of the benchmark that the policy was sampled on. What can be said without gold
answers is in `ttsgrid.analysis.advice.prediction`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl

from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.cells.difficulty import absolute_bins, quantile_bins
from ttsgrid.analysis.cells.outcomes import Outcome
from ttsgrid.core.strategies import PASS_AT_K

DIFFICULTY_SCHEMA: dict[str, type[pl.DataType]] = {
    "benchmark": pl.String,
    "policy": pl.String,
    "problem_id": pl.String,
    "pass_rate": pl.Float64,
    "bin": pl.String,
    "quantile": pl.Int64,
}


def measured_difficulty(cells: Cells, problem_ids: Sequence[str]) -> pl.DataFrame:
    """Return one row per (policy, problem), columns `DIFFICULTY_SCHEMA`.

    Args:
        cells: with pass@1 of each policy.
        problem_ids: of the store's problems, in its order.
    """
    rows = (
        row
        for outcome in cells.outcomes
        if outcome.key.strategy == PASS_AT_K.name and outcome.key.n == 1
        for row in _rows(outcome, problem_ids)
    )
    return pl.DataFrame(list(rows), schema=DIFFICULTY_SCHEMA)


def _rows(outcome: Outcome, problem_ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    sampled = np.flatnonzero(~np.isnan(outcome.accuracy))
    rates = outcome.accuracy[sampled]
    labels = zip(absolute_bins(rates), quantile_bins(rates), strict=True)
    for problem, rate, (name, quantile) in zip(sampled, rates, labels, strict=True):
        yield {
            "benchmark": outcome.key.benchmark,
            "policy": outcome.key.policy,
            "problem_id": problem_ids[problem],
            "pass_rate": float(rate),
            "bin": name.value,
            "quantile": int(quantile),
        }
