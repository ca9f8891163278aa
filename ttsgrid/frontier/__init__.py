"""The compute-optimal frontier, computed from a store alone, on any laptop.

`analyse(store)` does all of it: `load` reads the store, `pool_outcomes` and
`search_outcomes` estimate every cell problem by problem, `make_cells` averages and bounds them,
`best_strategies` and `compute_optimal` choose, `compare` sets small against large,
and `headline` says what may be said.
"""

from ttsgrid.frontier.analysis import Frontier, analyse
from ttsgrid.frontier.bootstrap import (
    Intervals,
    difference_intervals,
    mean_intervals,
    simultaneous_intervals,
)
from ttsgrid.frontier.cells import Cells, make_cells
from ttsgrid.frontier.comparisons import compare
from ttsgrid.frontier.difficulty import Bin, absolute_bins, quantile_bins
from ttsgrid.frontier.equivalence import benchmark_equivalence, store_equivalence
from ttsgrid.frontier.estimators import Estimate, best_of_k, pass_at_k, vote_at_k
from ttsgrid.frontier.external import external_points
from ttsgrid.frontier.figures import draw, save
from ttsgrid.frontier.flops import Spent, inference_flops, pretraining_flops
from ttsgrid.frontier.load import StoreFrames, load
from ttsgrid.frontier.outcomes import CellKey, Outcome, pool_outcomes
from ttsgrid.frontier.prediction import PredictedDifficulty, predictions
from ttsgrid.frontier.recommendation import Recommendation, Rule, recommendations
from ttsgrid.frontier.recommendation_file import predict_pass_rate, recommend
from ttsgrid.frontier.selection import (
    best_per_strategy,
    best_strategies,
    compute_optimal,
    pareto,
)
from ttsgrid.frontier.sentences import headline
from ttsgrid.frontier.solutions import Equivalence
from ttsgrid.frontier.tree_outcomes import search_outcomes

__all__ = [
    "Bin",
    "CellKey",
    "Cells",
    "Equivalence",
    "Estimate",
    "Frontier",
    "Intervals",
    "Outcome",
    "PredictedDifficulty",
    "Recommendation",
    "Rule",
    "Spent",
    "StoreFrames",
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
    "external_points",
    "headline",
    "inference_flops",
    "load",
    "make_cells",
    "mean_intervals",
    "pareto",
    "pass_at_k",
    "pool_outcomes",
    "predict_pass_rate",
    "predictions",
    "pretraining_flops",
    "quantile_bins",
    "recommend",
    "recommendations",
    "save",
    "search_outcomes",
    "simultaneous_intervals",
    "store_equivalence",
    "vote_at_k",
]
