"""The name of a cell: one reported point of a grid, over all problems of a benchmark.

The plan names the cells that its units will serve, the analysis those that a store's units
do serve, by one rule: a bound is drawn and is no cell, since nobody can have it.
"""

from __future__ import annotations

from typing import NamedTuple

from ttsgrid.core.voting import AGGREGATIONS, Vote, scored_votes


class CellKey(NamedTuple):
    """What names a cell; None where the strategy has no such choice."""

    benchmark: str
    policy: str
    prm: str | None
    strategy: str
    n: int
    aggregation: str | None = None
    vote: str | None = None


def scored_keys(
    key: CellKey,
    aggregations: tuple[str, ...] | None = None,
    votes: tuple[Vote, ...] | None = None,
) -> list[CellKey]:
    """Return the cells that a PRM makes of one: each vote with each aggregation."""
    return [
        key._replace(aggregation=aggregation, vote=vote.name)
        for vote in votes or scored_votes()
        for aggregation in aggregations or AGGREGATIONS.names
    ]
