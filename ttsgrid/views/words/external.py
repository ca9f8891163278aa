"""What published points can and can't tell, in words."""

from __future__ import annotations

import polars as pl


def note(points: pl.DataFrame) -> str:
    """Say in two sentences what published points can and can't tell."""
    sources = ", ".join(points["source"].unique().sort())
    seeds = points["num_seeds"].to_numpy().max()
    spread = (
        f" Where a setting has several seeds (up to {seeds}), their mean and range are shown."
        if seeds > 1
        else ""
    )
    return (
        f"Published points: {len(points)} ({sources}). They come without results per problem, so "
        f"no interval can be given, and no test can compare them with what ran here.{spread}"
    )
