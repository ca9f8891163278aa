"""The points that every picture of a frontier draws, and what their horizontal axis counts.

One point per policy, strategy and N, with its best PRM, aggregation and vote.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.findings.selection import best_per_strategy
from ttsgrid.analysis.frames.competing import competes

FLOPS, WITHOUT_PRM, TOKENS = "flops", "flops_policy", "policy_generated_tokens"
BUDGET = "n"
COSTS: Mapping[str, str] = {
    FLOPS: "FLOPs per problem, PRM counted",
    WITHOUT_PRM: "FLOPs per problem, PRM not counted",
    TOKENS: "generated tokens per problem",
    BUDGET: "N, as their cost is unknown",
}


def frontier_points(cells: Cells) -> pl.DataFrame:
    """Return the points of a store; give cells on common ground, for a picture compares."""
    return best_per_strategy(cells).filter(competes())


def cost_of(points: pl.DataFrame) -> str:
    """Return the column that costs are read from.

    Tokens where a model's size is unknown, N where an import states no tokens either.
    """
    return next((cost for cost in (FLOPS, TOKENS) if not points[cost].is_null().any()), BUDGET)


def fewest(stations: pl.DataFrame, most: int) -> pl.DataFrame:
    """Return at most so many points of a frontier: its two ends, and where it rises most."""
    if len(stations) <= most:
        return stations
    ends = pl.int_range(pl.len()).is_in([0, len(stations) - 1])
    rise = pl.when(ends).then(2.0).otherwise(pl.col("accuracy").diff())
    return stations.with_columns(rise=rise).top_k(most, by="rise").drop("rise").sort("accuracy")
