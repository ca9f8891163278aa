"""What points from elsewhere can and can't tell, in words."""

from __future__ import annotations

import polars as pl


def note(points: pl.DataFrame) -> str:
    """Say in two sentences what external points can and can't tell."""
    sources = ", ".join(points["source"].unique().sort())
    seeds = points["num_seeds"].to_numpy().max()
    spread = (
        f" Where there are seeds (up to {seeds}), the mean and the range of the seeds are given."
        if seeds > 1
        else ""
    )
    return (
        f"Points from elsewhere: {len(points)} ({sources}). They come without their problems: no "
        f"interval can be given, and no test against what was run here.{spread}"
    )
