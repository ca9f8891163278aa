"""The frontier as rows for a tracker: the best cell of each policy, strategy and N."""

from __future__ import annotations

from collections.abc import Sequence

from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.findings.selection import best_per_strategy
from ttsgrid.analysis.frontier import Frontier
from ttsgrid.core.tracking import Point

_COLUMNS = (
    *("benchmark", "policy", "prm", "strategy", "n", "aggregation", "vote", "num_problems"),
    *("accuracy", "low", "high", "policy_generated_tokens", "flops"),
)


def tracked_points(frontier: Frontier) -> Sequence[Point]:
    """Return the points of a frontier, over all problems of each benchmark."""
    best = best_per_strategy(frontier.cells).filter(bin=Bin.ALL.value)
    return best.select(_COLUMNS).to_dicts()
