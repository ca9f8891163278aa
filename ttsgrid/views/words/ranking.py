"""Which PRMs rank no better than chance within a problem, in a sentence."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from ttsgrid.analysis.statistics.thresholds import MIN_PROBLEMS
from ttsgrid.views.words.numbers import listed

CHANCE = 0.5


def ranking_sentences(prm_quality: pl.DataFrame) -> Iterator[str]:
    """Name each PRM and the policies whose solutions no aggregation of it ranks above chance.

    Args:
        prm_quality: `Frontier.prm_quality` of one benchmark.
    """
    rows = prm_quality.filter(pl.col("num_problems") >= MIN_PROBLEMS)
    best = rows.group_by("prm", "policy", maintain_order=True).agg(
        pl.col("low", "area", "pooled_area").max()
    )
    unsure = best.filter(pl.col("low") <= CHANCE)
    for (prm,), group in unsure.group_by("prm", maintain_order=True):
        areas, pooled = group["area"].to_numpy(), group["pooled_area"].to_numpy()
        yield (
            f"Within a problem, PRM {prm} is not shown to rank right solutions of "
            f"{listed(group['policy'].to_list())} above wrong ones, whichever aggregation is used: "
            f"at best it does so in {100 * areas.max():.0f} % of pairs, where chance is "
            f"{100 * CHANCE:.0f} %. Pooled over all problems the figure reaches up to "
            f"{100 * pooled.max():.0f} %, but knowing which problems are hard is enough for that."
        )
