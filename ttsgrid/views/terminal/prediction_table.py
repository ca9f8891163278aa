"""How well difficulty is predicted, for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from rich.box import SIMPLE_HEAD
from rich.table import Table


def quality_table(quality: pl.DataFrame, benchmark: str) -> Table:
    """One row a (policy, PRM): rank correlation, bin agreement and AUC, with intervals.

    Args:
        quality: from `ttsgrid.analysis.advice.prediction.quality`.
        benchmark: whose rows to show.
    """
    mine = quality.filter(benchmark=benchmark)
    sizes = ", ".join(str(size) for size in mine["probe_size"].unique().sort())
    table = Table(
        title=f"{benchmark}: difficulty predicted from the first {sizes} samples, without gold "
        "answers [95 % interval]",
        caption="rank: Spearman's correlation with pass@1 of the other samples. same bin: share of "
        "problems, in %\n(in brackets: if all were called alike). easy, hard: area under the curve "
        "for telling them from the rest.",
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    for heading in ("policy", "PRM"):
        table.add_column(heading)
    for heading in ("rank", "same bin", "easy", "hard"):
        table.add_column(heading, justify="right")
    for row in mine.iter_rows(named=True):
        agreement = f"{100 * row['bin_agreement']:.0f} ({100 * row['largest_bin_share']:.0f})"
        areas = (_measured(row, "auc_easy"), _measured(row, "auc_hard"))
        names = (row["policy"], row["prm"] or "votes only")
        table.add_row(*names, _measured(row, "rank_correlation"), agreement, *areas)
    return table


def _measured(row: Mapping[str, Any], name: str) -> str:
    if row[name] is None:
        return "-"
    return (
        f"{row[name]:.2f} " + rf"[dim]\[{row[f'{name}_low']:.2f},{row[f'{name}_high']:.2f}][/dim]"
    )
