"""The compute-optimal strategy: best cell for each policy, PRM, budget and difficulty.

Two tables. `best_strategies` names the best cell of each (policy, PRM, N, bin), chosen
*in-sample*, as arXiv 2502.06703 does, with the number of cells it was chosen from.
`compute_optimal` puts the bins together into one accuracy a (policy, PRM, N), twice:
chosen and reported on the same problems, and cross-fitted, where no problem has a
say in the choice that it is scored with; the difference is the optimism.

Candidates at budget N are the cells at that N: majority voting, and best-of-N with
the PRM in each aggregation and vote. pass@k is a bound, not a strategy, and no
candidate. Difficulty is the oracle's label. Equal accuracy goes to fewer FLOPs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl

from ttsgrid.frontier.bootstrap import mean_intervals
from ttsgrid.frontier.cells import Cells
from ttsgrid.frontier.crossfit import chosen_held_out, chosen_in_sample
from ttsgrid.frontier.difficulty import Bin
from ttsgrid.frontier.outcomes import BEST_OF_N, COT, PASS_AT_K

GROUP = ["benchmark", "policy", "prm", "n"]
CURVE_SCHEMA: dict[str, type[pl.DataType]] = {
    "benchmark": pl.String,
    "policy": pl.String,
    "prm": pl.String,
    "n": pl.Int64,
    "num_candidates": pl.Int64,
    "num_problems": pl.Int64,
    "accuracy_in_sample": pl.Float64,
    "accuracy": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "optimism": pl.Float64,
}


def candidates(cells: Cells) -> pl.DataFrame:
    """Return the cells that compete, one row a (PRM to choose for, cell, bin).

    Majority voting needs no PRM and competes for every PRM of its policy; where a
    policy has none, for the PRM null. CoT competes at N = 1 likewise.
    """
    frame = cells.frame.filter(pl.col("strategy") != PASS_AT_K)
    guided = frame.filter(pl.col("prm").is_not_null()).with_columns(cell_prm="prm")
    plain = frame.filter(pl.col("prm").is_null()).with_columns(cell_prm="prm").drop("prm")
    prms = guided.select("benchmark", "policy", "prm").unique()
    for_each_prm = plain.join(prms, on=["benchmark", "policy"], how="left")
    together = pl.concat([for_each_prm.select(guided.columns), guided])
    return together.sort("flops", "outcome", nulls_last=True)


def best_strategies(cells: Cells) -> pl.DataFrame:
    """Return the best cell of each (benchmark, policy, PRM, N, bin), chosen in-sample.

    Columns: those of `Cells.frame`, with `prm` the PRM chosen for, `cell_prm` the one
    the cell uses (null for majority), and `num_candidates`.
    """
    ranked = candidates(cells).with_columns(num_candidates=pl.len().over([*GROUP, "bin"]))
    # `candidates` sorts by FLOPs and the sort is stable: ties go to the cheaper cell.
    by_accuracy = ranked.sort("accuracy", descending=True, maintain_order=True)
    order = pl.col("bin").replace_strict({b.value: i for i, b in enumerate(Bin)})
    best = by_accuracy.unique([*GROUP, "bin"], keep="first", maintain_order=True)
    return best.sort(*GROUP, order)


def compute_optimal(cells: Cells) -> pl.DataFrame:
    """Return the compute-optimal accuracy of each (policy, PRM, N); columns `CURVE_SCHEMA`.

    `accuracy`, with its interval, is the cross-fitted one; `optimism` is what
    `accuracy_in_sample` promises beyond it.
    """
    groups = candidates(cells).filter(bin=Bin.ALL.value).sort(*GROUP, maintain_order=True)
    rows: list[dict[str, Any]] = []
    for key, group in groups.group_by(GROUP, maintain_order=True):
        named = dict(zip(GROUP, key, strict=True))
        rows.extend(_curve_point(cells, named, group))
    return pl.DataFrame(rows, schema=CURVE_SCHEMA)


def _curve_point(
    cells: Cells, key: Mapping[str, Any], group: pl.DataFrame
) -> Iterator[dict[str, Any]]:
    values = cells.accuracies(group["outcome"])
    bins = cells.bins.get((key["benchmark"], key["policy"]))
    present = ~np.isnan(values).any(axis=0)
    if bins is None or present.sum() < 2:
        return
    values, labels = values[:, present], bins[present]
    flattering, honest = chosen_in_sample(values, labels), chosen_held_out(values, labels)
    interval = mean_intervals(honest)
    yield {
        **key,
        "num_candidates": len(values),
        "num_problems": len(honest),
        "accuracy_in_sample": float(flattering.mean()),
        "accuracy": float(honest.mean()),
        "low": float(interval.low),
        "high": float(interval.high),
        "optimism": float(flattering.mean() - honest.mean()),
    }


def best_per_strategy(cells: Cells) -> pl.DataFrame:
    """Return, for each (benchmark, policy, strategy, N), its best cell over all problems.

    The best PRM, aggregation and vote, chosen in-sample; for figures and tables.
    pass@k is included: it has one cell.
    """
    frame = cells.frame.filter(bin=Bin.ALL.value).sort("flops", nulls_last=True)
    by_accuracy = frame.sort("accuracy", descending=True, maintain_order=True)
    group = ["benchmark", "policy", "strategy", "n"]
    return by_accuracy.unique(group, keep="first", maintain_order=True).sort(group)


def pareto(points: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that no other row beats at equal or fewer FLOPs, by FLOPs.

    Args:
        points: rows of `Cells.frame` of one benchmark; pass@k is left out.
    """
    real = points.filter(pl.col("strategy") != PASS_AT_K, pl.col("flops").is_not_null())
    ordered = real.sort("flops", pl.col("accuracy"), descending=[False, True])
    record = pl.col("accuracy").cum_max().shift(1, fill_value=-1.0)
    return ordered.filter(pl.col("accuracy") > record)


def describe(cell: Mapping[str, Any]) -> str:
    """Return a cell's name for a sentence, e.g. `best-of-16 (PRM zoo-prm, weighted, min)`."""
    if cell["strategy"] == COT:
        return "CoT"
    if cell["strategy"] != BEST_OF_N:
        return f"{cell['strategy']}-{cell['n']}"
    prm = cell["cell_prm"] if "cell_prm" in cell else cell["prm"]
    return f"best-of-{cell['n']} (PRM {prm}, {cell['vote']}, {cell['aggregation']})"
