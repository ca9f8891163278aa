"""Solutions of committed blocks, read back as records: what a PRM scores later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import polars as pl

from ttsgrid.core.records import FinishReason, Solution, Usage
from ttsgrid.store.location import StorePath
from ttsgrid.store.read import scan


def load_solutions(path: StorePath, block_ids: Collection[str]) -> Mapping[str, Sequence[Solution]]:
    """Return the solutions of some committed blocks, in sample order, by unit id."""
    if not block_ids:
        return {}
    wanted = pl.col("unit_id").is_in(list(block_ids))
    frame = scan(path, "solutions").filter(wanted).sort("unit_id", "sample").collect()
    by_unit: dict[str, list[Solution]] = defaultdict(list)
    for row in frame.iter_rows(named=True):
        by_unit[row["unit_id"]].append(_solution(row))
    return by_unit


def _solution(row: Mapping[str, Any]) -> Solution:
    return Solution(
        sample=row["sample"],
        text=row["text"],
        steps=tuple(row["steps"]),
        finish_reason=FinishReason(row["finish_reason"]),
        answer=row["answer"],
        correct=row["correct"],
        usage=Usage(row["prompt_tokens"], row["cached_tokens"], row["generated_tokens"]),
        seed=row["seed"],
        outcome=row["outcome"],
        outcome_detail=row["outcome_detail"],
    )
