"""Tables of the study: the name of a column decides how its numbers are written.

What all rows share is said once, in the title.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from ttsgrid.analysis.advice.next_buy import BETTER_PRM, FAR, LARGER_N, LARGER_POLICY, STEP
from ttsgrid.analysis.study import FINDING_TABLES, STUDY_TABLES, Study, StudyTable
from ttsgrid.analysis.study.ability import PRM_ABILITY, known_ability
from ttsgrid.analysis.study.prm_tables import ACCURACY
from ttsgrid.core.strategies import BEST_OF_N, COT, display_name
from ttsgrid.views.tables.entries import NOTHING
from ttsgrid.views.tables.table import Entry, Table
from ttsgrid.views.words.numbers import quantity
from ttsgrid.views.words.order import by_size

_SHARES = {
    "accuracy",
    "accuracy_best_of_n",
    "accuracy_fixed",
    "coverage",
    "coverage_more",
    "coverage_far",
    "predicted_coverage",
    "shown_coverage",
    "prm_gain",
    "n_gain",
    "policy_gain",
    "cot",
    "majority",
    "optimal",
    "by_difficulty",
    "by_rule",
    "gain",
    "added",
    "added_other",
    "difference",
    "vote_difference",
    "f1",
    "fitted",
    "fit_slope",
    "fit_intercept",
    "paper",
}
_HEADINGS = {
    "prm": "PRM",
    "n": "N",
    "num_problems": "problems",
    "num_pairs": "pairs",
    "num_unscored": "unscored",
    "cot": COT.at(1),
    "area": "within problem",
    "pooled_area": "pooled",
    "added": "search adds",
    "added_other": "adds for other",
    "optimal": "TTS",
    "optimal_in_sample": "TTS in-sample",
    "performance_gain_pct": "gain %",
    "gain": "points",
    "efficiency_gain": "efficiency,",
    "generated_tokens": "tokens",
    "flops_pretraining": "pre-training",
    "flops_generated": "generated FLOPs",
    "flops_prompt": "prompt FLOPs",
    "flops_prm": "PRM FLOPs",
    "flops": "FLOPs",
    "difference": "points",
    "accuracy_best_of_n": BEST_OF_N.display,
    "fixed": "beside",
    "accuracy_fixed": "its accuracy",
    "num_scored": "scored",
    "standard_error_mc": "MC error",
    "num_samples": "samples",
    "buy": "buy next",
    "buy_share": "of draws",
    "turned_share": "turned",
    "coverage_more": f"coverage at {STEP} N",
    "coverage_far": f"at {FAR} N",
    "prm_gain": BETTER_PRM,
    "n_gain": LARGER_N,
    "policy_gain": LARGER_POLICY,
    "hidden_half": "from",
    "predicted_coverage": "predicted",
    "shown_coverage": "shown",
    "chosen": "mostly",
    "chosen_share": "of problems",
    "generated_share": "share of tokens",
    "latency_tokens": "latency",
    "latency_share": "share of latency",
    "flops_share": "share of FLOPs",
    "flops_ratio": "FLOPs ratio",
    "policy_prompt_tokens": "prompt tokens",
    "policy_cached_tokens": "cached tokens",
    "policy_generated_tokens": "generated tokens",
    "prm_tokens": "PRM tokens",
    "prm_cached_tokens": "cached tokens",
    "response_tokens": "per response",
    "preferred_response_tokens": "preferred",
    "response_difference": "longer by",
    "step_tokens": "per step",
    "preferred_step_tokens": "preferred",
    "step_difference": "longer by",
    "num_problems_right": "problems with right ones",
    "right_difference": "among right",
    "vote_difference": "vote less max",
    "f1": "F1",
    "num_parameters": "parameters",
    "fit_slope": "slope",
    "fit_intercept": "intercept",
}
_LENGTHS = {"response_tokens", "preferred_response_tokens", "step_tokens", "preferred_step_tokens"}
_LONGER = {"response_difference", "step_difference", "right_difference"}
_PARTS = {"_n": "N", "_flops": "FLOPs", "_share": "share", "_strategy": "strategy"}
_BOUNDS = ("low", "high", "low_adjusted", "high_adjusted")
_SHARED = {"benchmark": "", "num_problems": "problems"}
_LONG_COT, _SMALL_VS_LARGE = "long-cot", "small-vs-large"
_ABILITY = "prm-ability"
_TABLES_OF_A_PAGE = {**STUDY_TABLES, **FINDING_TABLES, _ABILITY: PRM_ABILITY}
Row = Mapping[str, Any]


def study_table(table: StudyTable, frame: pl.DataFrame) -> Table:
    """Return the columns that hold anything; bounds are notes beside their number.

    Args:
        table: what it is called and how to read it.
        frame: what it built, or a part of that.
    """
    units = {name: unit for name, unit in _SHARED.items() if _is_shared(name, frame)}
    shared = ", ".join(f"{frame[name][0]} {unit}".strip() for name, unit in units.items())
    columns = [n for n in frame.columns if n not in units and _has_its_own(n, frame)]
    names = [name for name in columns if frame[name].dtype == pl.String]
    columns = [*names, *(name for name in columns if name not in names)]
    return Table(
        f"{table.title} ({shared})" if shared else table.title,
        table.note,
        tuple(_heading(name) for name in columns),
        len(names),
        tuple(tuple(_entry(name, row) for name in columns) for row in frame.iter_rows(named=True)),
    )


def study_tables(study: Study, benchmark: str) -> tuple[Table, ...]:
    """Return the study's tables of one benchmark that have something to say."""
    return tuple(
        shown
        for name, table in _TABLES_OF_A_PAGE.items()
        if (name != _LONG_COT or study.long_cot) and (name != _ABILITY or _knows_ability(study))
        for shown in _of_benchmark(name, table, study, benchmark)
    )


def _knows_ability(study: Study) -> bool:
    return not known_ability(study).is_empty()


def _of_benchmark(name: str, table: StudyTable, study: Study, benchmark: str) -> Iterator[Table]:
    whole = table.build(study)
    if whole.is_empty():
        return
    frame = whole.filter(benchmark=benchmark)
    if frame.is_empty() or (name == _SMALL_VS_LARGE and frame["paper"].is_null().all()):
        return
    shown = study_table(table, _smallest_first(frame.drop("benchmark"), study))
    if table.number is None:
        yield shown
        return
    yield replace(
        shown,
        title=f"As in the study: {_lower_first(shown.title)}",
        explanation=f"Table {table.number} of arXiv 2502.06703. {table.note}",
    )


def _smallest_first(frame: pl.DataFrame, study: Study) -> pl.DataFrame:
    """Rows in the order in which policies are listed everywhere, where policies come first."""
    if frame.columns[0] != "policy":
        return frame
    order = {name: i for i, name in enumerate(by_size(study.cells, frame["policy"].to_list()))}
    rank = pl.col("policy").replace_strict(order, return_dtype=pl.Int64)
    return frame.sort(rank, maintain_order=True)


def _lower_first(title: str) -> str:
    return (
        title
        if title[:2].isupper() or title.startswith(COT.at(1))
        else title[0].lower() + title[1:]
    )


def _is_shared(name: str, frame: pl.DataFrame) -> bool:
    return name in frame.columns and frame[name].n_unique() == 1


def _has_its_own(name: str, frame: pl.DataFrame) -> bool:
    """Whether a column is shown by itself: it holds something and is not part of another."""
    part = name in _BOUNDS or name.endswith(("_low", "_high", "_bound"))
    values = frame[name]
    # No unscored samples and no FLOPs are nothing to show; an accuracy of 0 is a figure.
    amount = values.dtype.is_integer() or "flops" in name or "tokens" in name
    nothing = values.is_null() | (values == 0 if amount else False)
    return not part and not nothing.all()


def _heading(name: str) -> str:
    ours = name.removeprefix("paper_")
    if ours != name:
        return f"paper: {_heading(ours)}"
    for ending, words in _PARTS.items():
        if name.endswith(ending) and name not in _HEADINGS:
            return f"{_heading(name.removesuffix(ending))} {words}"
    if name not in _HEADINGS and name.startswith(ACCURACY):
        # An aggregation and a vote, by the name that both have together everywhere.
        return name.removeprefix(ACCURACY).replace("_", "-", 1)
    plain = name.removeprefix("flops_")
    return _HEADINGS.get(name, plain.replace("_", " "))


def _entry(name: str, row: Row) -> Entry:
    value = row[name]
    if value is None:
        return NOTHING
    if name.endswith("strategy"):
        return Entry(display_name(value))
    if name == "num_parameters":
        return Entry(quantity(value))
    if isinstance(value, str | int) or (value == 0 and f"{name}_low" not in row):
        return Entry(f"{value}" if value else "0")
    side = row.get(f"{name}_bound")
    return Entry(f"{side} " * bool(side) + _number(name, value), _bounds(name, row))


def _number(name: str, value: float) -> str:
    kind = name.removeprefix("paper_").removesuffix("_in_sample")
    if kind in _LENGTHS:
        return f"{value:,.1f}"
    if kind in _LONGER:
        return f"{value:+z.1f}".replace("-", "−")
    if kind in _SHARES or kind.startswith(ACCURACY):
        return f"{100 * value:z.1f}".replace("-", "−")
    if kind == "share" or kind.endswith("_share"):
        return f"{100 * value:.0f} %"
    if kind == "standard_error_mc":
        return f"{100 * value:.2f}"
    if kind in ("area", "pooled_area"):
        return f"{value:.3f}"
    if kind.endswith("_pct"):
        return f"{value:z.1f}".replace("-", "−")  # z: zero has no sign
    if kind.startswith("efficiency_gain"):
        return f"{value:.1f}x" if value >= 1 else f"{value:.2g}x"
    flops = kind.startswith("flops") or kind.endswith("_flops")
    if (flops and kind != "flops_ratio") or name.startswith("paper_"):
        mantissa, exponent = f"{value:.2e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    if kind == "money":
        return f"{value:.2g}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _bounds(name: str, row: Row) -> str:
    """A number's interval, and its adjusted one where there is one."""
    own = next((kind for kind in ("difference", "area", "accuracy") if kind in row), None)
    pairs = [(f"{name}_low", f"{name}_high")]
    if name == own:
        pairs = [("low", "high"), ("low_adjusted", "high_adjusted")]
    written = _hundredths if name.endswith("area") else _tokens if name in _LONGER else _points
    spans = [
        f"{written(row[low])} to {written(row[high])}".replace("-", "−")
        for low, high in pairs
        if row.get(low) is not None
    ]
    return "; adjusted ".join(spans)


def _points(share: float) -> str:
    return f"{100 * share:z.0f}"


def _tokens(length: float) -> str:
    return f"{length:z.1f}"


def _hundredths(share: float) -> str:
    return f"{share:.2f}"
