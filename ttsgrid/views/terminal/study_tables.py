"""A study table on a terminal: what a column is called says how its numbers are written.

What all rows share stands once, above the table, and numbers are never broken: where a
terminal is too narrow for them, lines run on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ttsgrid.analysis.study.tables import StudyTable

_SHARES = {
    "accuracy",
    "accuracy_best_of_n",
    "cot",
    "majority",
    "optimal",
    "gain",
    "difference",
    "paper",
}
_HEADINGS = {
    "prm": "PRM",
    "n": "N",
    "num_problems": "problems",
    "optimal": "TTS",
    "optimal_in_sample": "TTS in-sample",
    "performance_gain_pct": "gain %",
    "gain": "points",
    "efficiency_gain": "efficiency",
    "efficiency_gain_as_study": "as study",
    "generated_tokens": "tokens",
    "flops_pretraining": "pre-training",
    "flops_generated": "generated FLOPs",
    "flops_prompt": "prompt FLOPs",
    "flops_prm": "PRM FLOPs",
    "flops": "FLOPs",
    "difference": "points",
    "accuracy_best_of_n": "best-of-N",
    "flops_ratio": "FLOPs ratio",
    "policy_prompt_tokens": "prompt tokens",
    "policy_cached_tokens": "cached tokens",
    "policy_generated_tokens": "written tokens",
    "prm_tokens": "PRM tokens",
    "prm_cached_tokens": "cached tokens",
}
WIDEST = 1000
_SHARED = {"benchmark": "", "num_problems": "problems"}
Row = Mapping[str, Any]


def render(table: StudyTable, frame: pl.DataFrame) -> Table:
    """Return a table with the columns that hold anything; bounds go into brackets."""
    said = {name: unit for name, unit in _SHARED.items() if _is_shared(name, frame)}
    shared = ", ".join(f"{frame[name][0]} {unit}".strip() for name, unit in said.items())
    title = f"{table.title}: {shared}" if shared else table.title
    shown = Table(title=title, caption=table.note, box=SIMPLE_HEAD, pad_edge=False)
    columns = [n for n in frame.columns if n not in said and _has_its_own(n, frame)]
    for name in columns:
        left = frame[name].dtype == pl.String
        heading = _heading(name).replace(" ", "\n")
        shown.add_column(heading, justify="left" if left else "right", no_wrap=True)
    for row in frame.iter_rows(named=True):
        shown.add_row(*(_entry(name, row) for name in columns))
    return shown


def wide_enough(console: Console, table: Table) -> Console:
    """Widen a console to what a table needs, so that no number is broken or cut."""
    needed = table.__rich_measure__(console, console.options.update(max_width=WIDEST)).maximum
    console.width = max(console.width, needed)
    return console


def _is_shared(name: str, frame: pl.DataFrame) -> bool:
    return name in frame.columns and frame[name].n_unique() == 1


def _has_its_own(name: str, frame: pl.DataFrame) -> bool:
    """Whether a column is shown by itself: it holds something and is not part of another."""
    bounds = ("low", "high", "low_adjusted", "high_adjusted")
    part = name in bounds or name.endswith(("_low", "_high", "_at_least"))
    nothing = frame[name].is_null() | (
        frame[name] == 0 if frame[name].dtype.is_numeric() else False
    )
    return not part and not nothing.all()


def _heading(name: str) -> str:
    ours = name.removeprefix("paper_")
    text = _HEADINGS.get(ours, ours.removeprefix("flops_").replace("_", " "))
    return f"paper: {text}" if ours != name else text


def _entry(name: str, row: Row) -> str:
    value = row[name]
    if value is None:
        return "-"
    if isinstance(value, str | int) or value == 0:
        return f"{value}" if value else "0"
    more = "> " if row.get(f"{name}_at_least") else ""
    return f"{more}{_number(name, value)}{_bounds(name, row)}"


def _number(name: str, value: float) -> str:
    kind = name.removeprefix("paper_").removesuffix("_in_sample")
    if kind in _SHARES:
        return f"{100 * value:z.1f}"
    if kind.endswith("_pct"):
        return f"{value:z.1f}"  # z: zero has no sign
    if kind == "saving" or kind.startswith("efficiency_gain"):
        return f"{value:.1f}x" if value >= 1 else f"{value:.2g}x"
    if (kind.startswith("flops") and kind != "flops_ratio") or name.startswith("paper_"):
        mantissa, exponent = f"{value:.2e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    if kind == "money":
        return f"{value:.2g}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _bounds(name: str, row: Row) -> str:
    """The interval of an accuracy or a difference, and its adjusted one where there is one."""
    interval_of = "difference" if "difference" in row else "accuracy"
    pairs = {
        interval_of: [("low", "high"), ("low_adjusted", "high_adjusted")],
        "gain": [("gain_low", "gain_high")],
    }
    spans = [
        f"[{100 * row[low]:z.0f},{100 * row[high]:z.0f}]"
        for low, high in pairs.get(name, [])
        if row.get(low) is not None
    ]
    return f" [dim]{escape(' '.join(spans))}[/dim]" if spans else ""
