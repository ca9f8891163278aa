"""A sweep in one small file: what the documents say of it, as numbers.

The README and the model card of the zoo show figures of one default sweep. They are
written from this summary (`ttsgrid.views.files.documents`), which is committed, so a
reader can see where each figure comes from, and a test can hold a fresh sweep against it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import polars as pl

from ttsgrid.analysis.cells.cells import SCHEMA
from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.findings.comparisons import COMPARISON_SCHEMA
from ttsgrid.analysis.findings.interaction import INTERACTION_SCHEMA
from ttsgrid.analysis.findings.prm_quality import PRM_QUALITY_SCHEMA
from ttsgrid.analysis.findings.search_comparisons import SEARCH_COMPARISON_SCHEMA
from ttsgrid.analysis.findings.selection import best_per_strategy
from ttsgrid.analysis.frontier import Frontier
from ttsgrid.views.words.order import by_size

_DIGITS = 6  # significant; more is noise of the sampling
_CELL_COLUMNS = (
    "policy",
    "prm",
    "strategy",
    "n",
    "aggregation",
    "vote",
    "num_problems",
    "num_unscored",
    "accuracy",
    "low",
    "high",
    "policy_generated_tokens",
    "prm_tokens",
    "flops",
)
Schema = Mapping[str, type[pl.DataType]]


@dataclass(frozen=True)
class Summary:
    """One sweep of one benchmark.

    Attributes:
        policies: smallest first.
        accuracy: the best cell of each (policy, strategy, N).
        comparisons: `Frontier.comparisons`, of each pair of policies the surest cell and the
            cheapest one that wins for certain.
        search_comparisons, search_gains, prm_quality: as `Frontier` has them.
    """

    policies: tuple[str, ...]
    accuracy: pl.DataFrame
    comparisons: pl.DataFrame
    search_comparisons: pl.DataFrame
    search_gains: pl.DataFrame
    prm_quality: pl.DataFrame


SCHEMAS: dict[str, Schema] = {
    "accuracy": {name: SCHEMA[name] for name in _CELL_COLUMNS},
    "comparisons": COMPARISON_SCHEMA,
    "search_comparisons": SEARCH_COMPARISON_SCHEMA,
    "search_gains": INTERACTION_SCHEMA,
    "prm_quality": PRM_QUALITY_SCHEMA,
}


def summarise(frontier: Frontier, benchmark: str) -> Summary:
    """Return what documents say of one benchmark of a store."""
    accuracy = best_per_strategy(frontier.cells).filter(benchmark=benchmark, bin=Bin.ALL.value)
    frames = {
        "accuracy": accuracy.select(_CELL_COLUMNS),
        "comparisons": _told(frontier.comparisons.filter(benchmark=benchmark)),
        "search_comparisons": frontier.search_comparisons.filter(benchmark=benchmark),
        "search_gains": frontier.search_gains.filter(benchmark=benchmark),
        "prm_quality": frontier.prm_quality.filter(benchmark=benchmark),
    }
    floats = pl.selectors.float().round_sig_figs(_DIGITS)
    rounded = {name: frame.with_columns(floats) for name, frame in frames.items()}
    policies = by_size(frontier.cells, accuracy["policy"].to_list())
    return Summary(policies=tuple(policies), **rounded)


def _told(comparisons: pl.DataFrame) -> pl.DataFrame:
    """The rows that a headline can name."""
    pair = ["policy", "large"]
    surest = comparisons.sort("low_adjusted", "difference", descending=True, maintain_order=True)
    wins = comparisons.filter(pl.col("low_adjusted") > 0).sort("flops_ratio", nulls_last=True)
    most = comparisons.sort("difference", descending=True, maintain_order=True)
    chosen = [rows.unique(pair, keep="first", maintain_order=True) for rows in (surest, wins, most)]
    return pl.concat(chosen).unique(maintain_order=True)


def write_summary(summary: Summary, path: Path) -> None:
    """Write a summary as JSON, one row per line, so that changes can be read."""
    parts = [f'"policies": {json.dumps(summary.policies)}']
    for field in fields(summary)[1:]:
        rows = getattr(summary, field.name).to_dicts()
        lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        parts.append(f'"{field.name}": [\n{lines}\n]')
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def read_summary(path: Path) -> Summary:
    """Read what `write_summary` wrote."""
    data = json.loads(path.read_text(encoding="utf-8"))
    frames = {name: pl.DataFrame(data[name], schema=schema) for name, schema in SCHEMAS.items()}
    return Summary(policies=tuple(data["policies"]), **frames)
