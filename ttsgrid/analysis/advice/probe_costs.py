"""What predicting difficulty costs beside the strategy that it chooses.

A vote over at least as many samples as the probe has uses the probe's samples again, and a
vote with the PRM its scores too. Anything else (CoT, a search, a smaller vote) comes on top
of the probe, which costs what so many samples of the same pool cost run alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.cells.outcomes import Outcome
from ttsgrid.core.strategies import strategy_of
from ttsgrid.core.voting import Bools


@dataclass(frozen=True)
class Cost:
    """Means per problem; None where a price or a size is unknown."""

    tokens: float | None
    flops: float | None

    def __add__(self, other: Cost) -> Cost:
        return Cost(_sum(self.tokens, other.tokens), _sum(self.flops, other.flops))


NOTHING = Cost(0.0, 0.0)


def cell_cost(cells: Cells, outcome: Outcome, problems: Bools) -> Cost:
    """Return what a cell costs on some problems: policy's tokens generated, PRM's read."""
    means = cells.meter.means(outcome, problems)
    tokens = _sum(means["policy_generated_tokens"], means["prm_tokens"])
    return Cost(tokens, means["flops"])


def probe_cost(
    cells: Cells,
    row: Mapping[str, Any],
    prm: str | None,
    probe_size: int,
    problems: Bools,
) -> Cost:
    """Return what the probe costs beside a chosen cell.

    Args:
        cells: all cells.
        row: the chosen candidate.
        prm: the PRM whose scores the probe reads; None for a probe without one.
        probe_size: samples.
        problems: the problems to average over, shape (num_problems,).

    Returns:
        Unknown where the policy has no pool to tell a sample's price.
    """
    pool = cells.prices.get((row["benchmark"], row["policy"], prm))
    if pool is None:
        return Cost(None, None)
    chosen = strategy_of(row["strategy"])
    # A vote's own samples begin with the probe's.
    again = chosen.is_pooled and row["n"] >= probe_size
    if again and chosen.needs_prm:
        return NOTHING
    means = cells.meter.mean_costs(pool.spent(probe_size), row["policy"], prm, problems)
    scoring = Cost(means["prm_tokens"], means["flops_prm"])
    if again:
        return scoring
    return scoring + Cost(means["policy_generated_tokens"], means["flops_policy"])


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other
