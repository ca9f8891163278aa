"""The compute-optimal strategy: best cell for each policy, PRM, budget and difficulty.

Two tables. `best_strategies` names the best cell of each (policy, PRM, N, bin), chosen
*in-sample*, as arXiv 2502.06703 does, with the number of cells it was chosen from.
`compute_optimal` puts the bins together into one accuracy per (policy, PRM, N), twice:
chosen and reported on the same problems, and cross-fitted, where no problem takes part
in the choice that it is scored with; the difference is the optimism.

`ttsgrid.analysis.findings.contests` says which cells compete. Difficulty is read off the
gold answers. Equal accuracy goes to fewer FLOPs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.cells.common import group_on_common_ground
from ttsgrid.analysis.cells.costs import COST_COLUMNS, known
from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.findings.contests import GROUP, Choice, candidates, choices, groups
from ttsgrid.analysis.frames.competing import competes
from ttsgrid.analysis.statistics.intervals import mean_intervals

CURVE_SCHEMA: dict[str, type[pl.DataType]] = {
    "benchmark": pl.String,
    "policy": pl.String,
    "prm": pl.String,
    "n": pl.Int64,
    "num_candidates": pl.Int64,
    "num_problems": pl.Int64,
    "num_unscored": pl.Int64,
    "accuracy_in_sample": pl.Float64,
    "accuracy": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "optimism": pl.Float64,
    **dict.fromkeys(COST_COLUMNS, pl.Float64),
}


def best_strategies(cells: Cells) -> pl.DataFrame:
    """Return the best cell of each (benchmark, policy, PRM, N, bin), chosen in-sample.

    Compared on the problems that the candidates of a (policy, PRM, N) share.

    Columns: those of `Cells.frame`, with `prm` the PRM chosen for, `cell_prm` the one
    the cell uses (null for majority), and `num_candidates`.
    """
    chosen = [_best_of_group(cells, group) for _, group in groups(cells)]
    if not chosen:
        return candidates(cells).with_columns(num_candidates=pl.len())
    order = pl.col("bin").replace_strict({b.value: i for i, b in enumerate(Bin)})
    return pl.concat(chosen).sort(*GROUP, order)


def compute_optimal(cells: Cells) -> pl.DataFrame:
    """Return the compute-optimal accuracy of each (policy, PRM, N); columns `CURVE_SCHEMA`.

    `accuracy`, with its interval and costs, is the cross-fitted one; `optimism` is what
    `accuracy_in_sample` promises beyond it.
    """
    rows = [curve_point(cells, choice) for choice in choices(cells)]
    return pl.DataFrame(rows, schema=CURVE_SCHEMA)


def _best_of_group(cells: Cells, group: pl.DataFrame) -> pl.DataFrame:
    """The best cell of each bin; equal accuracy goes to the cheaper cell."""
    names = group.select("outcome", "prm", "cell_prm")
    rows = group_on_common_ground(cells, group["outcome"].to_numpy()).drop("prm")
    counted = rows.with_columns(num_candidates=pl.len().over("bin"))
    ranked = counted.sort("accuracy", "flops", descending=[True, False], nulls_last=True)
    best = ranked.unique("bin", keep="first", maintain_order=True).join(names, on="outcome")
    return best.select(*cells.frame.columns, "cell_prm", "num_candidates")


def curve_point(cells: Cells, choice: Choice) -> dict[str, Any]:
    """Return the row of `CURVE_SCHEMA` that a choice makes."""
    interval = mean_intervals(choice.accuracy)
    flattering, honest = float(choice.in_sample.mean()), float(choice.accuracy.mean())
    return {
        **choice.key,
        "num_candidates": len(choice.rows),
        "num_problems": len(choice.accuracy),
        "num_unscored": num_unscored(cells, choice),
        "accuracy_in_sample": flattering,
        "accuracy": honest,
        "low": float(interval.low),
        "high": float(interval.high),
        "optimism": flattering - honest,
        **_costs(cells, choice),
        "flops_pretraining": cells.meter.pretraining(choice.key["policy"]),
    }


def num_unscored(cells: Cells, choice: Choice) -> int:
    """Return the most samples without a score that lie behind one of the cells chosen."""
    used = choice.rows[(choice.held_out > 0).any(axis=1)]
    return max((cells.outcomes[int(row)].num_unscored(choice.problems) for row in used), default=0)


def _costs(cells: Cells, choice: Choice) -> dict[str, float | None]:
    """Mean costs of the cells chosen for each problem, weighted by how often they are."""
    each = [cells.meter.columns(cells.outcomes[row]) for row in choice.rows]
    weights, means = choice.held_out, dict[str, float | None]()
    for name in each[0]:
        spent = np.stack([columns[name][choice.problems] for columns in each])
        # A cell that is never chosen costs nothing, even where its cost is unknown: 0 times NaN
        # would make the whole mean unknown.
        means[name] = known(float(np.where(weights > 0, weights * spent, 0.0).sum(axis=0).mean()))
    return means


def best_per_strategy(cells: Cells) -> pl.DataFrame:
    """Return, for each (benchmark, policy, strategy, N), its best cell over all problems.

    The best PRM, aggregation and vote, chosen in-sample on the problems that they share;
    for figures and tables. Bounds are included. Rows of different
    strategies may be on different problems (`num_problems` says on how many): start from
    `ttsgrid.analysis.cells.common.on_common_ground` to compare them.
    """
    group = ["benchmark", "policy", "strategy", "n"]
    overall = cells.frame.filter(bin=Bin.ALL.value)
    best = [_best_overall(cells, rows) for _, rows in overall.group_by(group, maintain_order=True)]
    return pl.concat(best).sort(group)


def _best_overall(cells: Cells, rows: pl.DataFrame) -> pl.DataFrame:
    ran = ~np.isnan(cells.accuracies(rows["outcome"]))
    shared = rows
    if (ran != ran[0]).any():
        on_shared = group_on_common_ground(cells, rows["outcome"].to_numpy())
        shared = on_shared.filter(bin=Bin.ALL.value)
    return shared.sort("accuracy", "flops", descending=[True, False], nulls_last=True).head(1)


def pareto(points: pl.DataFrame, cost: str = "flops") -> pl.DataFrame:
    """Return the rows that no other row beats at equal or lower cost, the cheapest first.

    Args:
        points: rows of `Cells.frame` of one benchmark and bin, all on the same problems
            (`ttsgrid.analysis.cells.common.on_common_ground`); bounds are left out.
        cost: the column that is counted; rows without it are left out.
    """
    real = points.filter(competes(), pl.col(cost).is_not_null())
    ordered = real.sort(cost, pl.col("accuracy"), descending=[False, True])
    record = pl.col("accuracy").cum_max().shift(1, fill_value=-1.0)
    return ordered.filter(pl.col("accuracy") > record)
