"""Does a smaller policy with TTS beat a larger policy's CoT? Measured on the same problems.

Every TTS cell of every smaller policy is set against the greedy CoT of every larger
one, problem by problem, so that what makes a problem hard cancels out. A larger policy
that was only sampled (an imported run often was) stands with its single sample instead,
and `large_strategy` says so. The best of so many comparisons is partly lucky: beside each
interval of its own stands an adjusted one, and all adjusted intervals of a benchmark hold
together at 95 % (`ttsgrid.analysis.statistics.intervals.simultaneous_intervals`). Claims rest
on those.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from ttsgrid.analysis.cells.cells import KEY_COLUMNS, Cells
from ttsgrid.analysis.cells.costs import known
from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.frames.competing import competes, is_greedy
from ttsgrid.analysis.statistics.intervals import LEVEL
from ttsgrid.analysis.statistics.paired import paired_numbers
from ttsgrid.analysis.statistics.thresholds import MIN_PROBLEMS
from ttsgrid.core.strategies import PASS_AT_K
from ttsgrid.core.voting import Bools

COMPARISON_SCHEMA: dict[str, type[pl.DataType]] = {
    "benchmark": pl.String,
    "policy": pl.String,
    "prm": pl.String,
    "strategy": pl.String,
    "n": pl.Int64,
    "aggregation": pl.String,
    "vote": pl.String,
    "large": pl.String,
    "large_strategy": pl.String,
    "num_problems": pl.Int64,
    "num_unscored": pl.Int64,
    "num_compared": pl.Int64,
    "accuracy": pl.Float64,
    "accuracy_large": pl.Float64,
    "difference": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "low_adjusted": pl.Float64,
    "high_adjusted": pl.Float64,
    "flops_ratio": pl.Float64,
    "size_ratio": pl.Float64,
}


def compare(cells: Cells) -> pl.DataFrame:
    """Set every smaller policy's TTS against every larger policy's CoT.

    Returns:
        One row per comparison, columns `COMPARISON_SCHEMA`: the smaller policy's cell,
        `large` (the larger policy) with `large_strategy`, `cot` or `pass@k` (one sample,
        at N = 1), the paired `difference` in accuracy with its 95 %
        interval and the adjusted one, `num_unscored` (the smaller policy's samples without a
        score), `flops_ratio` (smaller with TTS, PRM included,
        over larger; on the problems compared), `size_ratio` (larger over smaller parameters).
    """
    pairs = _pairs(cells)
    rows: list[dict[str, Any]] = []
    for _, group in pairs.group_by("benchmark", maintain_order=True):
        rows.extend(_compared(cells, group))
    return pl.DataFrame(rows, schema=COMPARISON_SCHEMA)


def surest_of_each_pair(comparisons: pl.DataFrame) -> pl.DataFrame:
    """Return, of each (smaller policy, larger policy), the cell whose win is surest.

    The table shows these rows and the sentences speak of them, so that one claim has one
    cell. Equal cells go to fewer FLOPs.
    """
    return comparisons.sort(
        pl.col("num_problems") >= MIN_PROBLEMS,
        # Rounded: cells that are equal differ in the last digits, by the order of their sums.
        pl.col("low_adjusted").round(9),
        pl.col("difference").round(9),
        "flops_ratio",
        descending=[True, True, True, False],
        nulls_last=True,
        maintain_order=True,
    ).unique(["benchmark", "policy", "large"], keep="first", maintain_order=True)


def _pairs(cells: Cells) -> pl.DataFrame:
    """Every (TTS cell of a smaller policy, CoT cell of a larger one) of a benchmark."""
    sizes = pl.DataFrame(
        {"policy": list(cells.sizes), "size": list(cells.sizes.values())},
        schema={"policy": pl.String, "size": pl.Int64},
    )
    frame = cells.frame.filter(bin=Bin.ALL.value).join(sizes, on="policy")
    scaled = frame.filter(competes(), ~is_greedy(), pl.col("n") > 1)
    large = _references(frame).select(
        "benchmark",
        large="policy",
        large_strategy="strategy",
        large_size="size",
        large_outcome="outcome",
    )
    together = scaled.join(large, on="benchmark", maintain_order="left_right")
    return together.filter(pl.col("size") < pl.col("large_size"))


def _references(frame: pl.DataFrame) -> pl.DataFrame:
    """The CoT cell of each policy; of one that has none, what one sample scores."""
    policy = ["benchmark", "policy"]
    cot = frame.filter(is_greedy())
    sampled = frame.filter(strategy=PASS_AT_K.name, n=1).join(cot, on=policy, how="anti")
    return pl.concat([cot, sampled])


def _compared(cells: Cells, pairs: pl.DataFrame) -> list[dict[str, Any]]:
    """Compare the pairs of one benchmark, adjusted for all of them together."""
    small = cells.accuracies(pairs["outcome"])
    large = cells.accuracies(pairs["large_outcome"])
    # By the problems they share, as bytes since arrays can't be keys: intervals of a group are
    # computed at once, and only within a group can they be adjusted together.
    alike: dict[bytes, list[int]] = defaultdict(list)
    for row, present in enumerate(~np.isnan(small - large)):
        if present.any():
            alike[present.tobytes()].append(row)
    rows = []
    for packed, group in alike.items():
        present = np.frombuffer(packed, bool)
        # Adjusting within a group uses how its differences vary together, problem by problem.
        # Groups on different problems share no such thing: Bonferroni between them.
        level = 1 - (1 - LEVEL) / len(alike)
        first, second = small[group][:, present], large[group][:, present]
        flops = _mean_flops(cells, pairs[group], present)
        described = pairs[group].iter_rows(named=True)
        compared = paired_numbers(first, second, level, ("accuracy", "accuracy_large"))
        for pair, numbers in zip(described, compared, strict=True):
            unscored = cells.outcomes[pair["outcome"]].num_unscored(present)
            counts = {"num_problems": first.shape[1], "num_unscored": unscored}
            rows.append(_row(pair, numbers | counts, len(pairs), flops))
    return rows


def _mean_flops(cells: Cells, pairs: pl.DataFrame, present: Bools) -> dict[int, float]:
    """FLOPs per problem of each outcome of the pairs, on the problems compared; NaN if unknown."""
    outcomes = {*pairs["outcome"], *pairs["large_outcome"]}
    return {row: cells.meter.mean_flops(cells.outcomes[row], present) for row in outcomes}


def _row(
    pair: dict[str, Any], numbers: dict[str, Any], num_compared: int, flops: Mapping[int, float]
) -> dict[str, Any]:
    return {
        **{column: pair[column] for column in KEY_COLUMNS},
        **numbers,
        "large": pair["large"],
        "large_strategy": pair["large_strategy"],
        "num_compared": num_compared,
        "flops_ratio": known(flops[pair["outcome"]] / flops[pair["large_outcome"]]),
        "size_ratio": pair["large_size"] / pair["size"],
    }
