"""Solutions whose answers no grader could compare with the gold answer in its limits.

They count as wrong, which is a decision and no verdict; so how many there are is said.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from ttsgrid.core.records import UNDECIDED
from ttsgrid.store import StorePath, scan


@dataclass(frozen=True)
class Undecided:
    """Solutions of one policy to one benchmark that stayed undecided."""

    benchmark: str
    policy: str
    num_undecided: int


def undecided(store: StorePath, models: pl.DataFrame) -> tuple[Undecided, ...]:
    """Count the solutions that stayed undecided, where there are any.

    Args:
        store: folder or URI.
        models: `StoreFrames.models`, for the policies' labels.
    """
    labels = models.filter(role="policy").select(policy_id="model_id", policy="label")
    counted = (
        scan(store, "solutions")
        .filter(pl.col("outcome") == UNDECIDED)
        .select("unit_id", "sample", "benchmark", "policy_id")
        .unique(["unit_id", "sample"])  # two runs may have committed one unit
        .join(labels.lazy(), on="policy_id")
        .group_by("benchmark", "policy")
        .len()
        .sort("benchmark", "policy")
        .collect()
    )
    return tuple(Undecided(*row) for row in counted.iter_rows())
