"""Everything that is measured of PRMs on labelled solutions, as frames.

Each PRM is measured on each set of solutions by itself. The mean over sets, as ProcessBench
reports it, gives every set the same weight.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from ttsgrid.analysis.judging.detection import HALF, Detection, Judgements
from ttsgrid.analysis.judging.steps import JudgedSteps, area_within_solutions, calibration
from ttsgrid.analysis.statistics.intervals import clustered_interval
from ttsgrid.analysis.statistics.rank_statistics import Measured

MEAN = "mean of sets"
POSITIONS = ((1, 1), (2, 2), (3, 3), (4, 4), (5, 6), (7, 10), (11, None))
"""First and last step, from 1, of the groups that first errors are counted in."""

SCORED: dict[str, Any] = {
    "prm": pl.String,
    "data": pl.String,
    "id": pl.String,
    "problem": pl.String,
    "first_wrong": pl.Int64,  # null: every step is right
    "step_scores": pl.List(pl.Float64),  # empty: unscored
    "unscored": pl.String,
}
_TEXT, _INT, _FLOAT = pl.String, pl.Int64, pl.Float64
_MEASURED = ("found", "passed", "f1", "f1_held_out", "f1_tuned", "area", "area_within", "ece")
SUMMARY: dict[str, Any] = {
    "prm": _TEXT,
    "data": _TEXT,
    "num_solutions": _INT,
    "num_problems": _INT,
    "num_wrong": _INT,
    "num_unscored": _INT,
    **{f"{name}{end}": _FLOAT for name in _MEASURED for end in ("", "_low", "_high")},
    "ece_if_true": _FLOAT,
    "tuned_threshold": _FLOAT,
    "tuned_on": _TEXT,
    "best_threshold": _FLOAT,
    "f1_best": _FLOAT,
}
PLACES: dict[str, Any] = {
    "prm": _TEXT,
    "data": _TEXT,
    "first_step": _INT,
    "last_step": _INT,
    "num_solutions": _INT,
    **dict.fromkeys(("found", "found_low", "found_high", "earlier", "later", "none"), _FLOAT),
    "num_unscored": _INT,
}
RELIABILITY: dict[str, Any] = {
    "prm": _TEXT,
    "data": _TEXT,
    "num_steps": _INT,
    **dict.fromkeys(("score", "right", "right_low", "right_high"), _FLOAT),
}
REASONS: dict[str, Any] = {"prm": _TEXT, "data": _TEXT, "reason": _TEXT, "num_solutions": _INT}


@dataclass(frozen=True)
class PrmBench:
    """What labelled solutions say of PRMs.

    Attributes:
        summary: columns `SUMMARY`, one row per (PRM, set) and one per PRM for the mean over
            sets, where there are several. `found`, `passed` and `f1` are at one half,
            `f1_held_out` at thresholds chosen on other problems, `f1_tuned` at the best
            threshold of the set `tuned_on`; `f1_best` is at the best one of the same solutions,
            which flatters.
        places: columns `PLACES`, by the place of the first wrong step, at one half.
        reliability: columns `RELIABILITY`, one row per bin of scores.
        reasons: columns `REASONS`, why solutions have no scores.
    """

    summary: pl.DataFrame
    places: pl.DataFrame
    reliability: pl.DataFrame
    reasons: pl.DataFrame


def judge_prms(scored: pl.DataFrame, tuning: str | None = None) -> PrmBench:
    """Measure PRMs on labelled solutions.

    Args:
        scored: columns `SCORED`, one row per (PRM, set, solution).
        tuning: the set that a threshold is chosen on, for all sets; None for none.
    """
    groups = [
        _Group(prm, data, rows)
        for (prm, data), rows in scored.group_by("prm", "data", maintain_order=True)
    ]
    thresholds = {
        group.prm: group.judgements.best_threshold() for group in groups if group.data == tuning
    }
    rows = [group.summary(thresholds.get(group.prm), tuning) for group in groups]
    reasons = scored.filter(pl.col("step_scores").list.len() == 0).with_columns(
        reason=pl.col("unscored").str.replace_all(r"\d[\d,]*", "N")
    )
    counted = reasons.group_by("prm", "data", "reason", maintain_order=True)
    return PrmBench(
        pl.DataFrame([*rows, *_means(rows)], schema=SUMMARY),
        pl.DataFrame([row for group in groups for row in group.places()], schema=PLACES),
        pl.DataFrame([row for group in groups for row in group.reliability()], schema=RELIABILITY),
        counted.agg(num_solutions=pl.len().cast(_INT)).select(*REASONS),
    )


class _Group:
    """One PRM's scores of one set."""

    def __init__(self, prm: object, data: object, rows: pl.DataFrame) -> None:
        self.prm, self.data = str(prm), str(data)
        self.scores: list[list[float]] = rows["step_scores"].to_list()
        self.first: list[int | None] = rows["first_wrong"].to_list()
        self.problems: list[str] = rows["problem"].to_list()
        self.judgements = Judgements.of(self.scores, self.first, self.problems)
        self.steps = JudgedSteps.of(self.scores, self.first, self.problems)

    @property
    def _names(self) -> dict[str, Any]:
        return {"prm": self.prm, "data": self.data}

    def summary(self, threshold: float | None, tuned_on: str | None) -> dict[str, Any]:
        judgements = self.judgements
        measured = judgements.measured
        best, calibrated = judgements.best_threshold(), calibration(self.steps)
        at_half = measured(judgements.hits(HALF))
        at_best = measured(judgements.hits(best))
        tuned = None if threshold is None else measured(judgements.hits(threshold))
        return {
            **self._names,
            "num_solutions": len(self.first),
            "num_problems": len(set(self.problems)),
            "num_wrong": int(judgements.wrong.sum()),
            "num_unscored": sum(not scores for scores in self.scores),
            **_bounds("found", None if at_half is None else at_half.found),
            **_bounds("passed", None if at_half is None else at_half.passed),
            **_bounds("f1", None if at_half is None else at_half.f1),
            **_bounds("f1_held_out", _f1(measured(judgements.hits_held_out()))),
            **_bounds("f1_tuned", _f1(tuned)),
            **_bounds("area", self.steps.area()),
            **_bounds("area_within", area_within_solutions(self.scores, self.first, self.problems)),
            **_bounds("ece", None if calibrated is None else calibrated.error),
            "ece_if_true": calibrated and calibrated.error_if_true,
            "tuned_threshold": threshold,
            "tuned_on": None if threshold is None else tuned_on,
            "best_threshold": at_best and best,
            "f1_best": at_best and at_best.f1.value,
        }

    def places(self) -> Iterator[dict[str, Any]]:
        for first_step, last_step in POSITIONS:
            members = [
                i
                for i, first in enumerate(self.first)
                if first is not None and first_step <= first + 1 <= (last_step or np.inf)
            ]
            if members:
                yield self._place(first_step, last_step, members)

    def _place(self, first: int, last: int | None, members: Sequence[int]) -> dict[str, Any]:
        marks = [
            next((k for k, score in enumerate(self.scores[i]) if score < HALF), None)
            for i in members
        ]
        wrong = [self.first[i] or 0 for i in members]
        scored = [bool(self.scores[i]) for i in members]
        found = np.array([mark == at for mark, at in zip(marks, wrong, strict=True)], float)
        problems = np.array([self.problems[i] for i in members])
        low, high = clustered_interval(found, np.unique(problems, return_inverse=True)[1])
        pairs = [(mark, at) for mark, at in zip(marks, wrong, strict=True) if mark is not None]
        return {
            **self._names,
            "first_step": first,
            "last_step": last,
            "num_solutions": len(members),
            "found": float(found.mean()),
            "found_low": low,
            "found_high": high,
            "earlier": sum(mark < at for mark, at in pairs) / len(members),
            "later": sum(mark > at for mark, at in pairs) / len(members),
            "none": sum(m is None and s for m, s in zip(marks, scored, strict=True)) / len(members),
            "num_unscored": len(members) - sum(scored),
        }

    def reliability(self) -> Iterator[dict[str, Any]]:
        calibrated = calibration(self.steps)
        for one in calibrated.bins if calibrated else ():
            numbers = {"num_steps": one.num_steps, "score": one.score}
            yield {**self._names, **numbers, **_bounds("right", one.right)}


def _means(rows: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """One row per PRM that has several sets: sizes added up, measurements averaged."""
    for prm in dict.fromkeys(row["prm"] for row in rows):
        mine = [row for row in rows if row["prm"] == prm]
        if len(mine) < 2:
            continue
        counts = [name for name in SUMMARY if name.startswith("num_")]
        yield {
            "prm": prm,
            "data": MEAN,
            **{name: sum(row[name] for row in mine) for name in counts},
            **{key: value for name in _MEASURED for key, value in _mean(name, mine).items()},
            "tuned_threshold": mine[0]["tuned_threshold"],
            "tuned_on": mine[0]["tuned_on"],
        }


def _mean(name: str, rows: Sequence[dict[str, Any]]) -> dict[str, float | None]:
    """The mean of independent measurements; their distances to a bound are squared and added."""
    if any(row[name] is None for row in rows):
        return _bounds(name, None)
    values, low, high = (np.array([row[f"{name}{end}"] for row in rows]) for end in _ENDS)
    value, count = float(values.mean()), len(rows)
    down, up = (float(np.sqrt((gap**2).sum()) / count) for gap in (values - low, high - values))
    return _bounds(name, Measured(value, value - down, value + up))


_ENDS = ("", "_low", "_high")


def _f1(detection: Detection | None) -> Measured | None:
    return None if detection is None else detection.f1


def _bounds(name: str, measured: Measured | None) -> dict[str, float | None]:
    if measured is None:
        return dict.fromkeys(f"{name}{end}" for end in _ENDS)
    values = (measured.value, measured.low, measured.high)
    return dict(zip((f"{name}{end}" for end in _ENDS), values, strict=True))
