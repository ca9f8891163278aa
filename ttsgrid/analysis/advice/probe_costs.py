"""What predicting difficulty costs beside the strategy that it chooses.

A vote over at least as many samples as the probe has uses the probe's samples again, and a
vote with the PRM its scores too. Anything else (CoT, a search, a smaller vote) comes on top
of the probe. The probe's cost is its share of a vote's over the same pool.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.cells.outcomes import Outcome
from ttsgrid.core.strategies import strategy_of
from ttsgrid.core.voting import Bools


@dataclass(frozen=True)
class Cost:
    """Means a problem; `flops` is None where a size is unknown."""

    tokens: float
    flops: float | None

    def __add__(self, other: Cost) -> Cost:
        known = self.flops is not None and other.flops is not None
        flops = (self.flops or 0.0) + (other.flops or 0.0) if known else None
        return Cost(self.tokens + other.tokens, flops)


NOTHING = Cost(0.0, 0.0)


def cell_cost(cells: Cells, outcome: Outcome, problems: Bools) -> Cost:
    """Return what a cell costs on some problems: policy's tokens generated, PRM's read."""
    means = cells.meter.means(outcome, problems)
    tokens = (means["policy_generated_tokens"] or 0.0) + (means["prm_tokens"] or 0.0)
    return Cost(tokens, means["flops"])


def probe_cost(
    cells: Cells,
    row: Mapping[str, Any],
    rivals: Sequence[Mapping[str, Any]],
    probe_size: int,
    problems: Bools,
) -> Cost:
    """Return what the probe costs beside a chosen cell.

    Args:
        cells: all cells.
        row: the chosen candidate.
        rivals: all candidates of the policy and PRM, for the price of a sample.
        probe_size: samples.
        problems: the problems to average over, shape (num_problems,).

    Returns:
        With unknown FLOPs where no vote is large enough to tell a sample's price.
    """
    votes = [r for r in rivals if strategy_of(r["strategy"]).is_pooled and r["n"] >= probe_size]
    if not votes:  # only other budgets were asked for
        return Cost(0.0, None)
    # A vote with the PRM pays for all that a probe needs; without one there is no PRM.
    priced = sorted(votes, key=lambda r: (r["cell_prm"] is None, r["n"]))[0]
    share = probe_size / priced["n"]
    means = cells.meter.means(cells.outcomes[priced["outcome"]], problems)
    prm = Cost(share * (means["prm_tokens"] or 0.0), _scaled(means["flops_prm"], share))
    chosen = strategy_of(row["strategy"])
    if chosen.is_pooled and row["n"] >= probe_size:
        return NOTHING if chosen.needs_prm else prm
    generated = share * (means["policy_generated_tokens"] or 0.0)
    return prm + Cost(generated, _scaled(means["flops_policy"], share))


def _scaled(flops: float | None, share: float) -> float | None:
    return None if flops is None else share * flops
