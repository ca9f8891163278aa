"""What choosing in hindsight promises and what is kept, for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from rich.box import SIMPLE_HEAD
from rich.table import Table


def optimism_table(rows: pl.DataFrame, benchmark: str) -> Table:
    """What the compute-optimal curve promises and keeps, for a terminal."""
    table = Table(
        title=f"{benchmark}: the compute-optimal accuracy in %, promised and kept",
        caption="promised: chosen on the problems it is reported on, difficulty from their gold "
        "answers.\nkept: chosen on other problems, difficulty predicted without gold answers.\n"
        "one for all: one strategy for all problems, chosen on other problems.",
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    for heading in ("policy", "PRM"):
        table.add_column(heading)
    for heading in ("N", "promised", "kept", "one for all", "optimism"):
        table.add_column(heading, justify="right")
    for row in rows.filter(benchmark=benchmark).iter_rows(named=True):
        table.add_row(row["policy"], row["prm"] or "-", str(row["n"]), *_entries(row))
    return table


def _entries(row: Mapping[str, Any]) -> tuple[str, str, str, str]:
    span = rf"[dim]\[{100 * row['low']:.0f},{100 * row['high']:.0f}][/dim]"
    return (
        f"{100 * row['accuracy_in_sample']:.1f}",
        f"{100 * row['accuracy']:.1f} {span}",
        f"{100 * row['accuracy_one_for_all']:.1f}",
        f"{100 * row['optimism']:.1f}",
    )
