"""Which costs are unknown because a store holds no prices, and why, in a sentence."""

from __future__ import annotations

import polars as pl


def why_unpriced(cells: pl.DataFrame) -> str:
    """Return why the costs of two cells set side by side are unknown; empty if all are known.

    Args:
        cells: one row of `Cells.frame` for each cell of a benchmark.
    """
    unpriced = _num_unpriced(cells)
    if not unpriced:
        return ""
    which = "" if unpriced == len(cells) else f" for {unpriced} of {len(cells)} cells"
    return f"What they cost is unknown: the store holds no prices{which}."


def unpriced_note(cells: pl.DataFrame) -> str:
    """Return how many cells have no costs, and which stores hold none; empty if all have."""
    unpriced = _num_unpriced(cells)
    if not unpriced:
        return ""
    return (
        f"What {unpriced:,} of {len(cells):,} cells cost is unknown: the store holds no prices "
        "for them. Stores written before prices were recorded hold none, and neither do imported "
        "runs without token counts."
    )


def _num_unpriced(cells: pl.DataFrame) -> int:
    tokens = pl.any_horizontal(pl.col("policy_prompt_tokens", "prm_tokens").is_null())
    return len(cells.filter(tokens))
