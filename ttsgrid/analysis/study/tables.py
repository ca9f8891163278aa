"""Tables 3 to 6 of arXiv 2502.06703, from a store, with the study's own figures beside.

Each is a frame with a row a (benchmark, policy, method) and accuracies in [0, 1]; the
columns `paper*` hold what the study printed for the same model (accuracies in [0, 1]
too) and are null where it printed nothing. FLOPs in Table 4 are for the whole benchmark, as
there; the study counts pre-training and generated tokens, the columns beside them
count the prompts and the PRM as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from ttsgrid.analysis.study.compute import (
    costs,
    pareto_frontier,
    searches_against_best_of_n,
)
from ttsgrid.analysis.study.gains import (
    EfficiencyGain,
    efficiency_gain,
    performance_gain_pct,
    saving,
)
from ttsgrid.analysis.study.paper import paper_figure
from ttsgrid.analysis.study.summary import COT_NAME, ONE_SAMPLE, Optimal, Row, Study

TTS, LONG_COT = "TTS", "long CoT"
_TTS_IS = (
    "TTS: compute-optimal, cross-fitted, at the largest N; difficulty from the gold answers, as "
    "in the study, which flatters it"
)
_KEPT = ("benchmark", "policy", "prm", "n", "num_problems", "accuracy", "low", "high")


@dataclass(frozen=True)
class StudyTable:
    """One table to print and to write.

    Attributes:
        title, note: for people.
        build: makes the frame.
        number: of the study's table; None where it has none of the sort.
    """

    title: str
    note: str
    build: Callable[[Study], pl.DataFrame]
    number: int | None = None


def small_vs_large(study: Study) -> pl.DataFrame:
    """Return CoT and compute-optimal TTS of every policy (Table 3)."""
    return _with_paper(_accuracies(study), 3)


def flops(study: Study) -> pl.DataFrame:
    """Return what CoT and compute-optimal TTS cost (Table 4), a benchmark."""
    rows = [_flops_row(row) for row in _accuracies(study)]
    return _frame(rows)


def cot_majority_optimal(study: Study) -> pl.DataFrame:
    """Return CoT, majority voting and compute-optimal TTS with its gains (Table 5)."""
    return _frame([_gains_row(study, optimal) for optimal in study.optimal])


def long_cot(study: Study) -> pl.DataFrame:
    """Return TTS against policies that think long in one chain (Table 6)."""
    rows = [
        row | {"method": LONG_COT} if _thinks_long(study, row) else row
        for row in _accuracies(study)
    ]
    return _with_paper(rows, 6)


STUDY_TABLES: Mapping[str, StudyTable] = {
    "small-vs-large": StudyTable(
        "Small policies with TTS against large ones with CoT",
        f"{_TTS_IS}.",
        small_vs_large,
        number=3,
    ),
    "flops": StudyTable(
        "FLOPs of training and of one pass over the benchmark",
        "The study counts pre-training and generated tokens (its total: 'as study'); the total "
        "counts prompts and the PRM too. Both need the number of training tokens.",
        flops,
        number=4,
    ),
    "cot-majority-optimal": StudyTable(
        "CoT, majority voting and compute-optimal TTS",
        f"{_TTS_IS}. Gain: TTS over CoT in % of CoT, and in points with its 95 % interval. "
        "Efficiency: FLOPs (PRM and prompts included; as study: of generated tokens alone) that "
        "majority voting needs for TTS's accuracy, over TTS's; >: it never gets there. Saving: "
        "FLOPs of majority voting's best N, over those of the cheapest N of TTS that gets as far; "
        "N = 1, without any scaling, counts.",
        cot_majority_optimal,
        number=5,
    ),
    "long-cot": StudyTable(
        "TTS against long chains of thought",
        "Long CoT: policies that think long in one chain, by their prompt format or --long-cot.",
        long_cot,
        number=6,
    ),
}
TABLES: Mapping[str, StudyTable] = {
    **STUDY_TABLES,
    "costs": StudyTable(
        "What each strategy costs a problem",
        "Tokens as the engines counted them, those read from a cache included and shown beside. "
        "Seconds: of the work units, side by side; device seconds: their share of a GPU.",
        costs,
    ),
    "pareto": StudyTable(
        "Pareto frontier",
        "No other cell is as accurate for as few FLOPs, PRM and prompts included. Chosen on these "
        "very problems.",
        pareto_frontier,
    ),
    "search-vs-best-of-n": StudyTable(
        "Searches against best-of-N at the same N",
        "Each with its best aggregation and vote, chosen on other problems; best-of-N picks from "
        "other samples than those that say how hard a problem is. Points: search less best-of-N, "
        "95 % alone, and adjusted for all rows together.",
        searches_against_best_of_n,
    ),
}


def _accuracies(study: Study) -> list[Row]:
    """CoT or one-sample rows, then compute-optimal rows, each with its method and all costs."""
    once = [{**row, "method": method} for method, row in study.once()]
    return once + [{**optimal.point, "method": TTS} for optimal in study.optimal]


def _with_paper(rows: list[Row], table: int) -> pl.DataFrame:
    """The common columns, tokens, FLOPs and the study's accuracy."""
    return _frame(
        [
            {
                "method": row["method"],
                **{column: row[column] for column in _KEPT},
                "generated_tokens": row["policy_generated_tokens"],
                "flops": row["flops"],
                "paper": _paper_accuracy(table, row, row["method"]),
            }
            for row in rows
        ]
    )


def _flops_row(row: Row) -> Row:
    """One row of Table 4: sums over the benchmark's problems."""

    def over_benchmark(column: str) -> float | None:
        mean: float | None = row[column]
        return None if mean is None else mean * int(row["num_problems"])

    def paper(quantity: str) -> float | None:
        return paper_figure(4, row["policy"], row["benchmark"], row["method"], quantity)

    generated, training = over_benchmark("flops_generated"), row["flops_pretraining"]
    inference = over_benchmark("flops")
    return {
        "method": row["method"],
        **{column: row[column] for column in _KEPT[:5]},
        "flops_pretraining": training,
        "flops_generated": generated,
        "flops_prompt": over_benchmark("flops_prompt"),
        "flops_prm": over_benchmark("flops_prm"),
        "flops_total_as_study": _sum(training, generated),
        "flops_total": _sum(training, inference),
        "device_hours": _per_hour(over_benchmark("device_seconds")),
        "money": over_benchmark("money"),
        "paper_pretraining": paper("pretraining_flops"),
        "paper_inference": paper("inference_flops"),
        "paper_total": paper("total_flops"),
    }


def _gains_row(study: Study, optimal: Optimal) -> Row:
    """One row of Table 5."""
    point, key = optimal.point, (optimal.point["benchmark"], optimal.point["policy"])
    cot, majority = study.cot(*key), study.majority(*key)
    gain, as_study = (_efficiency(majority, point, kind) for kind in ("flops", "flops_generated"))
    interval = None if cot is None else study.gain_interval(optimal, cot)
    return {
        **{column: point[column] for column in _KEPT[:5]},
        "cot": cot and cot["accuracy"],
        "majority": majority[-1]["accuracy"] if majority else None,
        "optimal": point["accuracy"],
        "optimal_in_sample": point["accuracy_in_sample"],
        "performance_gain_pct": cot and performance_gain_pct(cot["accuracy"], point["accuracy"]),
        "gain": cot and point["accuracy"] - cot["accuracy"],
        "gain_low": None if interval is None else float(interval.low),
        "gain_high": None if interval is None else float(interval.high),
        "efficiency_gain": gain and gain.times,
        "efficiency_gain_at_least": gain and gain.at_least,
        "efficiency_gain_as_study": as_study and as_study.times,
        "efficiency_gain_as_study_at_least": as_study and as_study.at_least,
        "saving": _saving(majority, optimal),
        **_paper_gains(*key[::-1]),
    }


def _efficiency(majority: list[Row], point: Row, kind: str) -> EfficiencyGain | None:
    """None where FLOPs of that kind are unknown or nothing was spent."""
    spent = _spent(majority, kind)
    return efficiency_gain(spent, point[kind], point["accuracy"]) if spent and point[kind] else None


def _saving(majority: list[Row], optimal: Optimal) -> float | None:
    """What TTS saves where majority voting does best; None where FLOPs are unknown."""
    spent, curve = _spent(majority, "flops"), _spent(optimal.curve, "flops")
    if not spent:
        return None
    flops, accuracy = max(spent, key=lambda point: (point[1], -point[0]))
    return saving(curve, flops, accuracy)


def _spent(rows: Sequence[Row], kind: str) -> list[tuple[float, float]]:
    """FLOPs and accuracy of each row; none where FLOPs are unknown."""
    spent = [(row[kind], row["accuracy"]) for row in rows]
    return spent if all(flops for flops, _ in spent) else []


def _paper_gains(policy: str, benchmark: str) -> Row:
    def paper(method: str, quantity: str = "accuracy") -> float | None:
        return paper_figure(5, policy, benchmark, method, quantity)

    at_least = paper(TTS, "efficiency_gain_at_least")
    return {
        "paper_cot": _share(paper("CoT")),
        "paper_majority": _share(paper("majority")),
        "paper_optimal": _share(paper(TTS)),
        "paper_performance_gain_pct": paper(TTS, "performance_gain_pct"),
        "paper_efficiency_gain": paper(TTS, "efficiency_gain") or at_least,
        "paper_efficiency_gain_at_least": at_least is not None,
    }


def _thinks_long(study: Study, row: Row) -> bool:
    name = str(row["policy"]).split(" (")[0].split("#")[0]
    return row["method"] != TTS and name in study.long_cot


def _paper_accuracy(table: int, row: Row, method: str) -> float | None:
    printed = COT_NAME if method == ONE_SAMPLE else method
    figure = paper_figure(table, row["policy"], row["benchmark"], printed, prm=row["prm"])
    return _share(figure)


def _frame(rows: list[Row]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return frame.with_columns(pl.col(pl.Null).cast(pl.Float64))


def _share(percent: float | None) -> float | None:
    return None if percent is None else percent / 100


def _sum(*parts: float | None) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _per_hour(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 3600
