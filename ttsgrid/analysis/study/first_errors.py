"""Does a PRM find the first wrong step of a store's solutions? F1 as ProcessBench defines it.

The measurement is that of labelled files (`ttsgrid.analysis.judging.detection`), at one half:
here the solutions are the policies' own, and the benchmark labels their steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from ttsgrid.analysis.judging.detection import HALF, Judgements

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


def first_errors(solutions: pl.DataFrame) -> pl.DataFrame:
    """Measure each (policy, PRM) that has solutions of both kinds.

    Args:
        solutions: columns policy, prm, problem_id, step_scores and label, a list of verdicts
            on the steps.

    Returns:
        Columns `FIRST_ERROR_SCHEMA`: `num_wrong` solutions have a wrong step, of which the
        share `found` has its first one marked; of the `num_right` others the share `passed`
        has none marked. `f1` has a 95 % interval over problems.
    """
    rows: list[dict[str, Any]] = []
    for (policy, prm), group in solutions.group_by("policy", "prm", maintain_order=True):
        first = [_first_wrong(labels) for labels in group["label"].to_list()]
        problems = group["problem_id"].to_list()
        judgements = Judgements.of(group["step_scores"].to_list(), first, problems)
        measured = judgements.measured(judgements.hits(HALF))
        if measured is None:
            continue
        rows.append(
            {
                "policy": policy,
                "prm": prm,
                "num_problems": len(set(problems)),
                "num_wrong": int(judgements.wrong.sum()),
                "num_right": int((~judgements.wrong).sum()),
                "found": measured.found.value,
                "passed": measured.passed.value,
                "f1": measured.f1.value,
                "f1_low": measured.f1.low,
                "f1_high": measured.f1.high,
            }
        )
    return pl.DataFrame(rows, schema=FIRST_ERROR_SCHEMA).sort("prm", "policy")


def _first_wrong(labels: Sequence[bool]) -> int | None:
    return next((index for index, right in enumerate(labels) if not right), None)
