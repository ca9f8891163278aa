"""The compute-optimal frontier, computed from a store alone, on any laptop.

`analyse(store)` does all of it: `load` reads the store, `pool_outcomes` estimates
every cell problem by problem, `make_cells` averages and bounds them,
`best_strategies` and `compute_optimal` choose, `compare` sets small against large,
and `headline` says what may be said.
"""

from ttsgrid.frontier.analysis import Frontier, analyse, benchmark_equivalence
from ttsgrid.frontier.bootstrap import (
    Intervals,
    difference_intervals,
    mean_intervals,
    simultaneous_intervals,
)
from ttsgrid.frontier.cells import Cells, make_cells
from ttsgrid.frontier.comparisons import compare
from ttsgrid.frontier.difficulty import Bin, absolute_bins, quantile_bins
from ttsgrid.frontier.estimators import Estimate, best_of_k, pass_at_k, vote_at_k
from ttsgrid.frontier.figures import draw, save
from ttsgrid.frontier.flops import TokenCounts, inference_flops, pretraining_flops
from ttsgrid.frontier.load import Equivalence, StoreFrames, load
from ttsgrid.frontier.outcomes import CellKey, Outcome, pool_outcomes
from ttsgrid.frontier.selection import (
    best_per_strategy,
    best_strategies,
    compute_optimal,
    pareto,
)
from ttsgrid.frontier.sentences import headline

__all__ = [
    "Bin",
    "CellKey",
    "Cells",
    "Equivalence",
    "Estimate",
    "Frontier",
    "Intervals",
    "Outcome",
    "StoreFrames",
    "TokenCounts",
    "absolute_bins",
    "analyse",
    "benchmark_equivalence",
    "best_of_k",
    "best_per_strategy",
    "best_strategies",
    "compare",
    "compute_optimal",
    "difference_intervals",
    "draw",
    "headline",
    "inference_flops",
    "load",
    "make_cells",
    "mean_intervals",
    "pareto",
    "pass_at_k",
    "pool_outcomes",
    "pretraining_flops",
    "quantile_bins",
    "save",
    "simultaneous_intervals",
    "vote_at_k",
]
