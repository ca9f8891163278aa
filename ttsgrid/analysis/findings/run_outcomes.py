"""What running the solutions came to, on benchmarks whose answers are run: passes and failures.

A pass@1 says how many solutions are right; this says what the others did: a failed
assertion, an exception, a limit that was hit, an attempt to leave the sandbox.
"""

from __future__ import annotations

import polars as pl

from ttsgrid.core.records import UNDECIDED
from ttsgrid.store import StorePath, scan

RUN_OUTCOME_SCHEMA = {
    "benchmark": pl.String,
    "policy": pl.String,
    "outcome": pl.String,
    "num_solutions": pl.UInt32,
}
NOT_RUN = "not run"  # without code, or cut off


def run_outcomes(store: StorePath, models: pl.DataFrame) -> pl.DataFrame:
    """Count what running came to: `RUN_OUTCOME_SCHEMA`; empty where nothing was run.

    Args:
        store: folder or URI.
        models: `StoreFrames.models`, for the policies' labels.
    """
    ran = pl.col("outcome").is_not_null() & (pl.col("outcome") != UNDECIDED)
    solutions = scan(store, "solutions")
    of_code = solutions.filter(ran).select("benchmark").unique().collect()["benchmark"]
    if of_code.is_empty():
        return pl.DataFrame(schema=RUN_OUTCOME_SCHEMA)
    labels = models.select(policy_id="model_id", label="label")
    return (
        solutions.filter(pl.col("benchmark").is_in(of_code.to_list()))
        .select("unit_id", "sample", "benchmark", "policy_id", "outcome")
        .unique(["unit_id", "sample"])  # two runs may have committed one unit
        .join(labels.lazy(), on="policy_id")
        .group_by("benchmark", policy="label", outcome=pl.col("outcome").fill_null(NOT_RUN))
        .agg(num_solutions=pl.len())
        .sort("benchmark", "policy", "outcome")
        .collect()
        .select(RUN_OUTCOME_SCHEMA.keys())
    )
