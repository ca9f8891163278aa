"""What the comparisons show, in plain sentences that claim no more than the intervals.

The rules, from what needs most to what needs least:

* "beats" and "clear" need at least `MIN_PROBLEMS` problems and an interval, adjusted for
  picking the best of all compared, that lies above zero; nothing is called certain;
* "is behind" needs the same below zero, for every comparison together;
* an interval that includes zero shows no winner; where it is wider than
  `MAX_HALF_WIDTH` on each side, the sentence says that there are too few problems to tell;
* with fewer than `MIN_PROBLEMS` problems nothing is claimed at all.

Every sentence says what the smaller policy spends, its PRM included.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.findings.comparisons import surest_of_each_pair
from ttsgrid.analysis.frames.competing import competes
from ttsgrid.analysis.frontier import Frontier
from ttsgrid.analysis.statistics.thresholds import MAX_HALF_WIDTH, MIN_PROBLEMS
from ttsgrid.core.strategies import COT, bound_names
from ttsgrid.views.words.cells import describe, in_words
from ttsgrid.views.words.coverage import coverage_sentences
from ttsgrid.views.words.prices import why_unpriced

Comparison = Mapping[str, Any]


def headline_of(frontier: Frontier, benchmark: str) -> str:
    """Say whether small beats large on a benchmark, and how sure that is."""
    return " ".join(headline_paragraphs(frontier, benchmark))


def headline_paragraphs(frontier: Frontier, benchmark: str) -> tuple[str, ...]:
    """Return the headline in paragraphs, what matters most first."""
    overall = frontier.cells.frame.filter(benchmark=benchmark)
    num_problems = int(overall["num_problems"].to_numpy().max(initial=0))
    comparisons = frontier.comparisons.filter(benchmark=benchmark)
    paragraphs = headline(
        comparisons, num_problems, why_unpriced(overall.filter(competes(), bin=Bin.ALL.value))
    )
    missing = " ".join(coverage_sentences(frontier.cells, benchmark))
    return (*paragraphs, missing) if missing else paragraphs


def headline(
    comparisons: pl.DataFrame, num_problems: int | None = None, unpriced: str | None = None
) -> tuple[str, ...]:
    """Say whether small beats large, at what cost, and how sure that is.

    Args:
        comparisons: the rows of `ttsgrid.analysis.findings.comparisons.compare`, of one benchmark.
        num_problems: of the benchmark, to say so where they are too few for any claim.
        unpriced: why costs are unknown, empty where the store holds prices (`why_unpriced`).

    Returns:
        Paragraphs of a few sentences, what matters most first.
    """
    if comparisons.is_empty():
        few = num_problems is not None and num_problems < MIN_PROBLEMS
        nothing = (
            "There is nothing to compare: a comparison needs a larger policy's CoT and a smaller "
            "policy with TTS, of known sizes and on the same problems."
        )
        too_few = f" And {num_problems} problems are too few for any claim." if few else ""
        return (nothing + too_few,)
    enough = comparisons.filter(pl.col("num_problems") >= MIN_PROBLEMS)
    best = strongest(comparisons if enough.is_empty() else enough)
    if best["num_problems"] < MIN_PROBLEMS:
        return (f"{_seen(best)} But {best['num_problems']} problems are too few to tell.",)
    cost = _cost(best, unpriced)
    if best["low_adjusted"] > 0:
        more = [*_cheapest(enough, best), *_largest(enough, best)]
        return (f"{_claim(best)} {cost}", *([" ".join(more)] if more else []))
    if best["low"] > 0:
        unsure = f"{_seen(best)} {_picked(best)} includes zero: not enough to claim a win."
        return (f"{unsure} {cost}",)
    return (f"{_no_win(enough, best)} {_seen(best)} {cost}{_guided(enough, best)}",)


def strongest(comparisons: pl.DataFrame) -> dict[str, Any]:
    """Return the comparison to report first.

    Among clear wins, the one over the largest policy, by the smallest, by most; where
    there is none, the one whose adjusted interval comes nearest.
    """
    pairs = surest_of_each_pair(comparisons)
    clear = pairs.filter(pl.col("low_adjusted") > 0)
    if clear.is_empty():
        return nearest_to_a_win(pairs)
    # The size ratio orders both at once: the widest gap that is clearly bridged.
    order = clear.sort("size_ratio", "difference", descending=True, maintain_order=True)
    return order.row(0, named=True)


def nearest_to_a_win(comparisons: pl.DataFrame) -> dict[str, Any]:
    """Return the comparison that comes nearest to a clear win."""
    pairs = surest_of_each_pair(comparisons)
    order = pairs.sort("low_adjusted", "difference", descending=True, maintain_order=True)
    return order.row(0, named=True)


def _no_win(enough: pl.DataFrame, best: Comparison) -> str:
    """That nothing was won, as firmly as the intervals allow."""
    most = float(enough["high_adjusted"].to_numpy().max())
    if most < 0:
        return (
            f"No smaller policy with TTS matches {_whose(best)} here: all {len(enough)} compared "
            f"are behind, by at least {_points(-most)} points (95 % for all together)."
        )
    no_win = f"No smaller policy with TTS clearly beats {_whose(best)} here."
    half_width = (best["high"] - best["low"]) / 2
    if best["high"] > 0 and half_width > MAX_HALF_WIDTH:
        return (
            f"{no_win} Nor can it be excluded: on {best['num_problems']} problems the interval "
            f"reaches {_points(half_width)} points to each side, too wide to tell."
        )
    return f"{no_win} A lead of more than {_points(most)} points is excluded (95 %)."


def _whose(best: Comparison) -> str:
    return "a larger policy's single sample" if _sampled(best) else "a larger policy's CoT"


def _sampled(best: Comparison) -> bool:
    return best["large_strategy"] in bound_names()


def _large(best: Comparison) -> str:
    return f"{best['large']}'s {_once(best)}"


def _once(best: Comparison) -> str:
    """What stands for the larger policy: one solution, greedy where that was run."""
    return "single sample" if _sampled(best) else COT.at(1)


def _claim(best: Comparison) -> str:
    return (
        f"{best['policy']} ({in_words(best)}) answers {_percent(best['accuracy'])} of "
        f"{best['num_problems']} problems and beats {_large(best)} "
        f"({_percent(best['accuracy_large'])}) by {_points(best['difference'])} points "
        f"(95 % interval {_range(best, '')}; {_range(best, '_adjusted')} when adjusted for being "
        f"the best of {best['num_compared']} compared)."
    )


def _seen(best: Comparison) -> str:
    return (
        f"{best['policy']} ({in_words(best)}) answers {_percent(best['accuracy'])}, "
        f"{_large(best)} {_percent(best['accuracy_large'])}, on {best['num_problems']} "
        f"problems: a difference of {_points(best['difference'])} points "
        f"(95 % interval {_range(best, '')})."
    )


def _picked(best: Comparison) -> str:
    return (
        f"It is the best of {best['num_compared']} compared, and the interval adjusted for "
        f"that ({_range(best, '_adjusted')})"
    )


def _cost(best: Comparison, unpriced: str | None) -> str:
    """How its compute compares, the PRM's included; policies compared have known sizes."""
    if best["flops_ratio"] is None:
        if unpriced is None:
            return "What they cost is unknown."
        return unpriced or f"What they cost is unknown: the size of {best['prm']} isn't recorded."
    counted = "prompts" if best["prm"] is None else "PRM and prompts"
    what = f"the larger one's FLOPs per problem, {counted} included."
    return f"It takes {_times(best['flops_ratio'])} {what}"


def _guided(enough: pl.DataFrame, best: Comparison) -> str:
    """The nearest that a PRM guides, where the nearest of all is none."""
    with_prm = enough.filter(pl.col("prm").is_not_null())
    if best["prm"] is not None or with_prm.is_empty():
        return ""
    nearest = nearest_to_a_win(with_prm)
    cost = nearest["flops_ratio"]
    spent = "" if cost is None else f" at {_times(cost)} the FLOPs, the PRM's counted"
    return (
        f" With a PRM the nearest is {nearest['policy']} ({in_words(nearest)}) against "
        f"{_large(nearest)}: {_points(nearest['difference'])} points "
        f"({_range(nearest, '_adjusted')} adjusted){spent}."
    )


def _cheapest(comparisons: pl.DataFrame, best: Comparison) -> Iterator[str]:
    """The cheapest clear win over the same policy, or that none is cheaper than its CoT."""
    wins = comparisons.filter(pl.col("low_adjusted") > 0, large=best["large"])
    order = ("flops_ratio", "difference")
    priced = wins.filter(pl.col("flops_ratio").is_not_null()).sort(
        order, descending=[False, True], maintain_order=True
    )
    if priced.is_empty():
        return
    cheapest = priced.row(0, named=True)
    if cheapest["flops_ratio"] < best["flops_ratio"]:
        yield (
            f"The cheapest clear win over {_large(best)} is {cheapest['policy']} "
            f"({in_words(cheapest)}): {_points(cheapest['difference'])} points "
            f"({_range(cheapest, '_adjusted')} adjusted) at {_times(cheapest['flops_ratio'])} "
            "the FLOPs."
        )
    if cheapest["flops_ratio"] >= 1:
        yield "No smaller policy compared here clearly wins with less compute."


def _largest(comparisons: pl.DataFrame, best: Comparison) -> Iterator[str]:
    """How it stands against the largest policy, where the win reported is over a smaller one."""
    # The largest ratio has the largest policy in it, set against the smallest.
    widest = comparisons.sort("size_ratio", descending=True).row(0, named=True)["large"]
    if widest == best["large"]:
        return
    nearest = nearest_to_a_win(comparisons.filter(large=widest))
    apart, side = abs(nearest["difference"]), "ahead" if nearest["difference"] > 0 else "behind"
    adjusted = f"({_range(nearest, '_adjusted')} adjusted)"
    # What was spelled out a sentence before goes by its short name.
    named_above = describe(nearest) == describe(best) and nearest["policy"] == best["policy"]
    by = f"{nearest['policy']} with {describe(nearest)}"
    if not named_above:
        by = f"{nearest['policy']} ({in_words(nearest)})"
    if nearest["low_adjusted"] > 0:
        yield (
            f"{widest}, the largest policy, is beaten too: {by} leads its {_once(nearest)} by "
            f"{_points(apart)} points {adjusted}."
        )
        return
    yield (
        f"No win over {widest}, the largest policy, is clear: against its {_once(nearest)}, {by} "
        f"is {_points(apart)} points {side} {adjusted}."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _points(difference: float) -> str:
    return f"{100 * difference:.1f}".replace("-", "−")


def _range(best: Comparison, suffix: str) -> str:
    return f"{_points(best[f'low{suffix}'])} to {_points(best[f'high{suffix}'])}"


def _times(ratio: float) -> str:
    return f"{ratio:.1f}x" if ratio >= 1 else f"{ratio:.2g}x"
