"""The answer in two plain sentences, for a reader who knows neither N nor PRM.

They claim what the longer headline claims (`ttsgrid.views.words.headline`), by the same
intervals, of the same cell, in whole percentages. The first says whether a small model beats
a large one and at what cost; the second what that leaves open.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.findings.selection import best_per_strategy
from ttsgrid.analysis.frames.competing import competes
from ttsgrid.analysis.frontier import Frontier
from ttsgrid.analysis.statistics.thresholds import MIN_PROBLEMS
from ttsgrid.views.words.cells import in_words
from ttsgrid.views.words.headline import nearest_to_a_win, strongest

Comparison = Mapping[str, Any]


def in_brief(frontier: Frontier, benchmark: str) -> tuple[str, str]:
    """Return the answer to whether small beats large on a benchmark, in two sentences."""
    comparisons = frontier.comparisons.filter(benchmark=benchmark)
    if comparisons.is_empty():
        return _nothing_compared(frontier, benchmark)
    return brief(comparisons)


def brief(comparisons: pl.DataFrame) -> tuple[str, str]:
    """Return the two sentences of comparisons of one benchmark.

    Args:
        comparisons: rows of `ttsgrid.analysis.findings.comparisons.compare`; one at least.
    """
    enough = comparisons.filter(pl.col("num_problems") >= MIN_PROBLEMS)
    if enough.is_empty():
        return _too_few(strongest(comparisons))
    best = strongest(enough)
    if best["low_adjusted"] > 0:
        return _win(best), _limit_of_win(enough, best)
    return _no_win(enough, best), _nearest(best)


def times_the_compute(ratio: float | None) -> str:
    """Return e.g. `36 times`; one digit more where it is small."""
    if ratio is None:
        return "an unknown multiple of"
    return f"{ratio:.0f} times" if ratio >= 10 else f"{ratio:.2g} times"


def _win(best: Comparison) -> str:
    return (
        "A small model that tries many times beats a larger one that answers once: "
        f"{best['policy']} ({in_words(best)}) solves {_share(best['accuracy'])} of "
        f"{best['num_problems']} problems, {best['large']} {_share(best['accuracy_large'])}, "
        f"at {_cost(best)}."
    )


def _limit_of_win(enough: pl.DataFrame, best: Comparison) -> str:
    """How it stands against the largest model; where that is the one beaten, what is cheapest."""
    widest = enough.sort("size_ratio", descending=True).row(0, named=True)["large"]
    if widest == best["large"]:
        return _cheapest(enough.filter(pl.col("low_adjusted") > 0, large=widest))
    nearest = nearest_to_a_win(enough.filter(large=widest))
    start = f"The largest model, {widest} ({_share(nearest['accuracy_large'])})"
    if nearest["low_adjusted"] > 0:
        return (
            f"{start}, is beaten too: {nearest['policy']} ({in_words(nearest)}) solves "
            f"{_share(nearest['accuracy'])}, at {_cost(nearest)}."
        )
    if nearest["high_adjusted"] < 0:
        return f"{start}, is not reached: the nearest, {nearest['policy']}, {_apart(nearest)}."
    return (
        f"{start}, is not clearly beaten: {nearest['policy']} {_apart(nearest)}, which "
        f"{nearest['num_problems']} problems can't tell from chance."
    )


def _cheapest(wins: pl.DataFrame) -> str:
    priced = wins.filter(pl.col("flops_ratio").is_not_null())
    if priced.is_empty():
        return "What that costs is unknown."
    cheapest = priced.sort("flops_ratio").row(0, named=True)
    if cheapest["flops_ratio"] >= 1:
        return (
            f"No clear win is cheaper than {cheapest['large']} itself: the cheapest, "
            f"{cheapest['policy']} ({in_words(cheapest)}), takes {_cost(cheapest)}."
        )
    return (
        f"The cheapest clear win, {cheapest['policy']} ({in_words(cheapest)}), takes "
        f"{_cost(cheapest)}."
    )


def _no_win(enough: pl.DataFrame, best: Comparison) -> str:
    if float(enough["high_adjusted"].to_numpy().max()) < 0:
        return (
            "No small model catches up with a larger one that answers once, however often it "
            f"tries here: all {len(enough)} ways compared are clearly behind."
        )
    return (
        "No small model that tries many times clearly beats a larger one that answers once: "
        f"{best['num_problems']} problems can't tell the nearest of {best['num_compared']} ways "
        "compared from chance."
    )


def _nearest(best: Comparison) -> str:
    return (
        f"The nearest is {best['policy']} ({in_words(best)}): it solves "
        f"{_share(best['accuracy'])}, {best['large']} {_share(best['accuracy_large'])}, "
        f"at {_cost(best)}."
    )


def _too_few(best: Comparison) -> tuple[str, str]:
    return (
        f"{best['num_problems']} problems are too few to say whether a small model that tries "
        f"many times beats a larger one that answers once; it takes {MIN_PROBLEMS}.",
        f"Here {best['policy']} ({in_words(best)}) solved {_share(best['accuracy'])} and "
        f"{best['large']} {_share(best['accuracy_large'])}, at {_cost(best)}.",
    )


def _nothing_compared(frontier: Frontier, benchmark: str) -> tuple[str, str]:
    """What stands where no smaller and larger model can be set side by side."""
    missing = (
        "Whether a small model that tries many times beats a larger one that answers once can't "
        "be said: that takes two models of known sizes on the same problems."
    )
    frame = frontier.shared.frame.filter(competes(), benchmark=benchmark, bin=Bin.ALL.value)
    tried = best_per_strategy(frontier.shared).filter(competes(), benchmark=benchmark)
    once = frame.filter(n=1).sort("accuracy", descending=True)
    top = tried.sort("accuracy", "n", descending=[True, False]).row(0, named=True)
    compared = ""
    if len(once) and top["n"] > 1:
        first = once.row(0, named=True)
        compared = f"; the best with one answer, {first['policy']} ({in_words(first)}), solves "
        compared += _share(first["accuracy"])
    return missing, (
        f"Most accurate here is {top['policy']} ({in_words(top)}) with "
        f"{_share(top['accuracy'])} of {top['num_problems']} problems, chosen on these very "
        f"problems{compared}."
    )


def _apart(row: Comparison) -> str:
    """E.g. `is 2 points ahead`, in whole points where they are not fewer than one."""
    apart = abs(100 * row["difference"])
    said = f"{apart:.0f}" if apart >= 0.95 else f"{apart:.1f}"
    return f"is {said} points {'ahead' if row['difference'] > 0 else 'behind'}"


def _cost(row: Comparison) -> str:
    return f"{times_the_compute(row['flops_ratio'])} {row['large']}'s compute"


def _share(accuracy: float) -> str:
    return f"{100 * accuracy:.0f} %"
