"""Table 5 of arXiv 2502.06703: CoT, majority voting and compute-optimal TTS, with its gains.

A second table sets TTS, chosen from the data, beside the study's two ways to choose: by
difficulty that the gold answers tell, and by its fixed rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from ttsgrid.analysis.statistics.intervals import difference_intervals
from ttsgrid.analysis.study.gains import (
    EfficiencyGain,
    Point,
    efficiency_gain,
    performance_gain_pct,
)
from ttsgrid.analysis.study.paper import paper_figure
from ttsgrid.analysis.study.summary import TTS, CurvePoint, Optimal, Row, Study
from ttsgrid.core.strategies import COT

GAINS_TABLE = 5
_NAMES = ("benchmark", "policy", "prm", "num_problems", "num_unscored")
_BUDGETS = {"n": "n", "flops": "flops"}
"""What an efficiency gain is counted in, and the column of a row that has it."""


def cot_majority_optimal(study: Study) -> pl.DataFrame:
    """Return one row per (policy, PRM); accuracies in [0, 1], FLOPs are means per problem."""
    return _frame(_gains_row(study, optimal) for optimal in study.optimal)


def chosen_against_rule(study: Study) -> pl.DataFrame:
    """Return TTS beside the study's ways to choose; one row per (policy, PRM), as above.

    `difference` is TTS less the fixed rule, paired by problem.
    """
    return _frame(_rule_row(optimal) for optimal in study.optimal)


def _frame(rows: Iterable[Row]) -> pl.DataFrame:
    frame = pl.DataFrame(list(rows), infer_schema_length=None)
    return frame.with_columns(pl.col(pl.Null).cast(pl.Float64))


def _gains_row(study: Study, optimal: Optimal) -> Row:
    point, key = optimal.point, (optimal.point["benchmark"], optimal.point["policy"])
    cot = study.cot(*key)
    interval = None if cot is None else study.gain_interval(optimal, cot)
    return {
        **{name: point[name] for name in _NAMES},
        "cot": cot and cot["accuracy"],
        **_row("majority", optimal.majority),
        **_row("optimal", optimal.tts),
        "optimal_strategy": point["strategy"],
        "optimal_share": point["share"],
        "optimal_in_sample": point["accuracy_in_sample"],
        "performance_gain_pct": cot and performance_gain_pct(cot["accuracy"], point["accuracy"]),
        "gain": cot and point["accuracy"] - cot["accuracy"],
        "gain_low": None if interval is None else float(interval.low),
        "gain_high": None if interval is None else float(interval.high),
        **_efficiency(study.majority(*key), optimal.curve),
        **_paper_gains(*key[::-1]),
    }


def _rule_row(optimal: Optimal) -> Row:
    rule, point = optimal.by_rule, optimal.point
    interval = None
    if rule is not None:
        interval = difference_intervals(optimal.tts.choice.accuracy, rule.choice.accuracy)
    return {
        **{name: point[name] for name in _NAMES},
        **_row("optimal", optimal.tts),
        **_row("by_difficulty", optimal.by_difficulty),
        **_row("by_rule", rule),
        "by_rule_strategy": rule and rule.row["strategy"],
        "difference": rule and point["accuracy"] - rule.row["accuracy"],
        "low": None if interval is None else float(interval.low),
        "high": None if interval is None else float(interval.high),
    }


def _row(name: str, point: CurvePoint | None) -> Row:
    """An accuracy with its interval, the N that serves most problems, and the cost."""
    nothing = dict.fromkeys(("accuracy", "low", "high", "n", "flops"))
    row = nothing if point is None else point.row
    return {
        name: row["accuracy"],
        f"{name}_low": row["low"],
        f"{name}_high": row["high"],
        f"{name}_n": row["n"],
        f"{name}_flops": row["flops"],
    }


def _efficiency(majority: Sequence[Row], curve: Sequence[Row]) -> Row:
    """The gain in N and in FLOPs, each with the side on which it is a bound."""
    row: Row = {}
    for unit, column in _BUDGETS.items():
        gain = _gain(_points(majority, column), _points(curve, column))
        row[f"efficiency_gain_{unit}"] = gain and gain.times
        row[f"efficiency_gain_{unit}_bound"] = gain and gain.bound.value
    return row


def _gain(majority: Sequence[Point], curve: Sequence[Point]) -> EfficiencyGain | None:
    return efficiency_gain(majority, curve) if majority and curve else None


def _points(rows: Sequence[Row], column: str) -> list[Point]:
    """Budget and accuracy above N = 1; none where FLOPs are unknown."""
    # One solution alone is no test-time scaling, so both curves begin above it.
    points = [(row[column], row["accuracy"]) for row in rows if row["n"] > 1]
    return points if all(budget for budget, _ in points) else []


def _paper_gains(policy: str, benchmark: str) -> Row:
    def paper(method: str, quantity: str = "accuracy") -> float | None:
        return paper_figure(GAINS_TABLE, policy, benchmark, method, quantity)

    def share(percent: float | None) -> float | None:
        return None if percent is None else percent / 100

    exact, at_least = (paper(TTS, f"efficiency_gain{kind}") for kind in ("", "_at_least"))
    return {
        "paper_cot": share(paper(COT.at(1))),
        "paper_majority": share(paper("majority")),
        "paper_optimal": share(paper(TTS)),
        "paper_performance_gain_pct": paper(TTS, "performance_gain_pct"),
        "paper_efficiency_gain_n": exact or at_least,
        "paper_efficiency_gain_n_bound": None if at_least is None else ">",
    }
