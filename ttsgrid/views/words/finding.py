"""What a picture shows, in its title, and which point carries it."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from ttsgrid.analysis.frontier import Frontier
from ttsgrid.analysis.statistics.thresholds import MIN_PROBLEMS
from ttsgrid.core.strategies import strategy_of
from ttsgrid.views.words.brief import times_the_compute
from ttsgrid.views.words.headline import strongest


@dataclass(frozen=True)
class Finding:
    """The title of a benchmark's picture.

    Attributes:
        title: one line.
        winner: policy, strategy and N of the point that the title is about; None where it is
            about none, and the most accurate point is marked.
    """

    title: str
    winner: tuple[str, str, int] | None = None


def finding(frontier: Frontier, benchmark: str) -> Finding:
    """Return what the comparisons of a benchmark found."""
    comparisons = frontier.comparisons.filter(benchmark=benchmark)
    if comparisons.is_empty():
        return Finding(f"{benchmark}: accuracy for the compute it takes")
    enough = comparisons.filter(pl.col("num_problems") >= MIN_PROBLEMS)
    if enough.is_empty():
        few = comparisons["num_problems"][0]
        return Finding(f"{benchmark}: {few} problems are too few to say whether small beats large")
    best = strongest(enough)
    if best["low_adjusted"] <= 0:
        return Finding(f"{benchmark}: no small model clearly beats a larger one that answers once")
    by = strategy_of(best["strategy"]).at(best["n"])
    cost = times_the_compute(best["flops_ratio"])
    return Finding(
        f"{benchmark}: {best['policy']} with {by} beats {best['large']}'s one answer by "
        f"{100 * best['difference']:.0f} points, at {cost} its compute",
        (best["policy"], best["strategy"], best["n"]),
    )


def findings(frontier: Frontier) -> dict[str, Finding]:
    """Return the finding of each benchmark."""
    return {name: finding(frontier, name) for name in frontier.benchmarks}
