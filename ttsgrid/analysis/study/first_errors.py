"""Does a PRM find the first wrong step? F1 as ProcessBench defines it (arXiv 2412.06559).

A PRM marks the first step whose score is below one half, or none. On solutions that have a
wrong step it is right where it marks the first of them, on the others where it marks none;
F1 is the harmonic mean of the two rates, so neither marking everything nor marking nothing pays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from ttsgrid.core.voting import Floats

THRESHOLD = 0.5  # ProcessBench's for PRMs that were trained on hard labels
NO_ERROR = -1
NUM_RESAMPLES, SEED, TAIL = 2000, 2412, 0.025
FIRST_ERROR_SCHEMA: dict[str, type[pl.DataType]] = {
    "policy": pl.String,
    "prm": pl.String,
    "num_problems": pl.Int64,
    "num_wrong": pl.Int64,
    "num_right": pl.Int64,
    "found": pl.Float64,
    "passed": pl.Float64,
    "f1": pl.Float64,
    "f1_low": pl.Float64,
    "f1_high": pl.Float64,
}


def first_below(scores: Sequence[float], threshold: float = THRESHOLD) -> int:
    """Return the position of the first score below the threshold, `NO_ERROR` without one."""
    return next((i for i, score in enumerate(scores) if score < threshold), NO_ERROR)


def first_errors(solutions: pl.DataFrame) -> pl.DataFrame:
    """Measure each (policy, PRM) that has solutions of both kinds.

    Args:
        solutions: columns policy, prm, problem_id, step_scores and label, a list of verdicts
            on the steps.

    Returns:
        Columns `FIRST_ERROR_SCHEMA`: `num_wrong` solutions have a wrong step, of which the
        share `found` has its first one marked; of the `num_right` others the share `passed`
        has none marked. The 95 % interval of `f1` draws problems.
    """
    rows: list[dict[str, Any]] = []
    for (policy, prm), group in solutions.group_by("policy", "prm", maintain_order=True):
        counts = _counts(group)
        found, wrong, passed, right = counts.sum(axis=1)
        if not wrong or not right:
            continue
        low, high = _bounds(counts)
        rows.append(
            {
                "policy": policy,
                "prm": prm,
                "num_problems": counts.shape[1],
                "num_wrong": int(wrong),
                "num_right": int(right),
                "found": float(found / wrong),
                "passed": float(passed / right),
                "f1": float(_f1(counts.sum(axis=1))),
                "f1_low": low,
                "f1_high": high,
            }
        )
    return pl.DataFrame(rows, schema=FIRST_ERROR_SCHEMA).sort("prm", "policy")


def _counts(group: pl.DataFrame) -> Floats:
    """First errors found, of how many, and error-free ones passed, of how many; shape (4, P)."""
    pairs = zip(group["step_scores"].to_list(), group["label"].to_list(), strict=True)
    judged = [(first_below(scores), first_below(labels)) for scores, labels in pairs]
    marked, first = (pl.Series(values, dtype=pl.Int64) for values in zip(*judged, strict=True))
    wrong, hit = first != NO_ERROR, marked == first
    columns = {"found": hit & wrong, "wrong": wrong, "passed": hit & ~wrong, "right": ~wrong}
    judgements = group.select("problem_id").with_columns(**columns)
    summed = judgements.group_by("problem_id").sum().sort("problem_id")
    return summed.drop("problem_id").to_numpy().T.astype(float)


def _f1(counts: Floats) -> Floats:
    """F1 of counts as above, shape (4, ...); NaN without both kinds of solutions."""
    found, wrong, passed, right = counts
    # A resample can lack one kind of solution; its NaN is left out by `nanquantile`.
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = found / wrong, passed / right
        mean = 2 * rates[0] * rates[1] / (rates[0] + rates[1])
    return np.asarray(np.where(rates[0] + rates[1] == 0, 0.0, mean))


def _bounds(counts: Floats) -> tuple[float, float]:
    """The percentile bootstrap over problems: they hold different numbers of both kinds."""
    rng, num_problems = np.random.default_rng(SEED), counts.shape[1]
    drawn = rng.multinomial(num_problems, np.full(num_problems, 1 / num_problems), NUM_RESAMPLES)
    low, high = np.nanquantile(_f1(counts @ drawn.T), [TAIL, 1 - TAIL])
    return float(low), float(high)
