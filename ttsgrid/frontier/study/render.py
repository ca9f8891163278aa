"""A study table on a terminal: what a column is called says how its numbers are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from ttsgrid.frontier.study.tables import StudyTable

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
    "generated_tokens": "tokens",
    "flops_pretraining": "pre-training",
    "flops_generated": "generated",
    "flops_prompt": "prompts",
    "flops_prm": "PRM FLOPs",
    "flops": "FLOPs",
    "difference": "points",
    "accuracy_best_of_n": "best-of-N",
    "flops_ratio": "FLOPs ratio",
}
Row = Mapping[str, Any]


def render(table: StudyTable, frame: pl.DataFrame) -> Table:
    """Return a table with the columns that hold anything; bounds go into brackets."""
    shown = Table(title=table.title, caption=table.note, box=SIMPLE_HEAD, pad_edge=False)
    columns = [name for name in frame.columns if _has_its_own(name, frame)]
    for name in columns:
        left = frame[name].dtype == pl.String
        shown.add_column(_heading(name), justify="left" if left else "right", overflow="fold")
    for row in frame.iter_rows(named=True):
        shown.add_row(*(_entry(name, row) for name in columns))
    return shown


def _has_its_own(name: str, frame: pl.DataFrame) -> bool:
    """Whether a column is shown by itself: it holds something and is not part of another."""
    bounds = ("low", "high", "low_adjusted", "high_adjusted")
    part = name in bounds or name.endswith(("_low", "_high", "_at_least"))
    return not part and not frame[name].is_null().all()


def _heading(name: str) -> str:
    ours = name.removeprefix("paper_")
    text = _HEADINGS.get(ours, ours.removeprefix("flops_").replace("_", " "))
    return f"paper: {text}" if ours != name else text


def _entry(name: str, row: Row) -> str:
    value = row[name]
    if value is None:
        return "-"
    if isinstance(value, str | int):
        return str(value)
    more = "> " if row.get(f"{name}_at_least") else ""
    return f"{more}{_number(name, value)}{_bounds(name, row)}"


def _number(name: str, value: float) -> str:
    kind = name.removeprefix("paper_").removesuffix("_in_sample")
    if kind in _SHARES:
        return f"{100 * value:.1f}"
    if kind.endswith("_pct"):
        return f"{value:.1f}"
    if kind == "efficiency_gain":
        return f"{value:.1f}x" if value >= 1 else f"{value:.2g}x"
    if (kind.startswith("flops") and kind != "flops_ratio") or name.startswith("paper_"):
        return f"{value:.2e}".replace("e+", "e")
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _bounds(name: str, row: Row) -> str:
    """The interval of an accuracy or a difference, and its adjusted one where there is one."""
    interval_of = "difference" if "difference" in row else "accuracy"
    pairs = {
        interval_of: [("low", "high"), ("low_adjusted", "high_adjusted")],
        "gain": [("gain_low", "gain_high")],
    }
    spans = [
        f"[{100 * row[low]:.0f},{100 * row[high]:.0f}]"
        for low, high in pairs.get(name, [])
        if row.get(low) is not None
    ]
    return f" [dim]{escape(' '.join(spans))}[/dim]" if spans else ""
