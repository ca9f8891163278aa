"""From cells to the picture: one point per (policy, strategy, PRM, N, difficulty).

A point stands for the best aggregation and vote of its group, chosen on the same
problems; so does the picture's default view, which shows each strategy with its best
PRM. Bounds are no strategies, and are left out. What the axis may count is
what the store knows of every point first: FLOPs where all sizes are known, else
tokens, else N.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from ttsgrid.analysis.cells.cells import Cells
from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.findings.selection import pareto
from ttsgrid.analysis.frames.competing import competes
from ttsgrid.core.strategies import COT, PASS_AT_K, display_name, strategy_of
from ttsgrid.views.html.view import FilterOption, Mark, Picture, Points, Reference
from ttsgrid.views.palette import PAGE_DASHES, PAGE_SHAPES, looks
from ttsgrid.views.words.cells import describe
from ttsgrid.views.words.coverage import coverage
from ttsgrid.views.words.finding import Finding
from ttsgrid.views.words.numbers import in_order, listed, percent, quantity
from ttsgrid.views.words.order import by_size

_GROUP = ["policy", "strategy", "n", "bin"]
_MEASURES = {
    "total_flops": "FLOPs, pre-training included",
    "flops": "FLOPs per problem, PRM and prompts counted",
    "flops_policy": "FLOPs per problem, the PRM's not counted",
    "flops_generated": "FLOPs per problem, the policy's generated tokens alone",
    "policy_generated_tokens": "generated tokens per problem",
    "device_seconds": "device-seconds per problem",
    "money": "money per problem",
    "n": "N, solutions per problem",
}
_COSTS = [name for name in _MEASURES if name != "n"]
_KEPT = [*_GROUP, "prm", "variant", "num_problems", "accuracy", "low", "high"]
_KEPT += ["at_n", "winner", *_COSTS]
_CAPTION = (
    "Each point shows its strategy with the best aggregation and vote, chosen on the same "
    "problems. A line and its band in the large chart are the best that a model reaches for its "
    "compute, with the 95 % interval; numbers beside points are N."
)
_SIGNIFICANT_DIGITS = 5  # more are not seen, and the points are most of a large page
_NUM_COLOURS = 8  # --series-0 to --series-7 in the style sheet


def picture(cells: Cells, benchmark: str, finding: Finding | None = None) -> Picture:
    """Return what the picture of one benchmark shows.

    Args:
        cells: on the problems that all share, `Frontier.shared`.
        benchmark: one of the store's.
        finding: its title, and the point that is ringed.
    """
    best = best_points(cells, benchmark)
    policies = by_size(cells, best["policy"].to_list())
    return picture_of(
        best.with_columns(variant=pl.lit(None, pl.String), winner=_winner(finding)),
        policies,
        _reference(cells, benchmark, policies),
        f"{_CAPTION} All ran on the same {best['num_problems'].to_numpy().max()} problems.",
        finding.title if finding else f"{benchmark}: accuracy for the compute it takes",
    )


def _winner(finding: Finding | None) -> pl.Expr:
    """Whether a point is the one that the title is about."""
    if finding is None or finding.winner is None:
        return pl.lit(False)
    policy, strategy, n = finding.winner
    here = (pl.col("policy") == policy) & (pl.col("strategy") == strategy) & (pl.col("n") == n)
    return here & pl.col("best_prm")


def picture_of(
    points: pl.DataFrame,
    policies: Sequence[str],
    reference: Reference | None,
    caption: str,
    title: str,
) -> Picture:
    """Return the picture of points, with all that can be filtered.

    Args:
        points: one row per point, with the columns that `Points` names.
        policies: in the order in which they are listed.
        reference: a horizontal line.
        caption: what a point, a band and a line are.
        title: what it shows.
    """
    bins = [name.value for name in Bin if name.value in set(points["bin"])]
    return Picture(
        points=_columns(points),
        policies=tuple(
            Mark(
                FilterOption(name, name),
                f"var(--series-{i % _NUM_COLOURS})",
                PAGE_SHAPES[i % len(PAGE_SHAPES)],
                PAGE_DASHES[i % len(PAGE_DASHES)],
            )
            for i, name in enumerate(policies)
        ),
        strategies=_strategy_marks(in_order(points["strategy"].to_list())),
        prms=tuple(FilterOption(name, name) for name in sorted(set(points["prm"].drop_nulls()))),
        bins=tuple(FilterOption(name, f"{name} problems") for name in bins),
        measures=_measures(points),
        reference=reference,
        caption=caption,
        title=title,
        summary=_summary(points, len(policies)),
    )


def best_points(cells: Cells, benchmark: str) -> pl.DataFrame:
    """Return the best cell of each (policy, strategy, PRM, N, bin); equals go to fewer FLOPs.

    Column `best_prm` marks the best over PRMs, `label` names the cell in words.
    """
    frame = cells.frame.filter(competes(), benchmark=benchmark)
    ranked = frame.sort("accuracy", "flops", descending=[True, False], nulls_last=True)
    best = ranked.unique([*_GROUP, "prm"], keep="first", maintain_order=True)
    marked = best.with_columns(best_prm=pl.int_range(pl.len()).over(_GROUP) == 0)
    labels = [
        ", ".join(filter(None, (describe(row), coverage(row))))
        for row in marked.iter_rows(named=True)
    ]
    short = [strategy_of(row["strategy"]).at(row["n"]) for row in marked.iter_rows(named=True)]
    named = {"label": labels, "at_n": short}
    columns = {name: pl.Series(texts, dtype=pl.String) for name, texts in named.items()}
    unpublished = {"total_flops": pl.lit(None, pl.Float64)}
    return marked.with_columns(**columns, **unpublished).sort(*_GROUP, "prm")


def _columns(best: pl.DataFrame) -> Points:
    kept = best.select(*_KEPT, "best_prm", "label")
    short = kept.with_columns(pl.col(pl.Float64).round_sig_figs(_SIGNIFICANT_DIGITS))
    return Points(short.to_dict(as_series=False))


def _strategy_marks(strategies: Sequence[str]) -> tuple[Mark, ...]:
    drawn = looks(strategies)
    return tuple(
        Mark(
            FilterOption(name, display_name(name)),
            shape=drawn[name].shape or "",
            dash=drawn[name].dash or (),
        )
        for name in strategies
    )


def _measures(best: pl.DataFrame) -> tuple[FilterOption, ...]:
    """What can be drawn on a log scale; measures that lack points come last."""
    # Above zero: the axis is a log scale.
    known = {name: int((best[name] > 0).sum()) for name in _MEASURES}
    ordered = sorted((name for name in _MEASURES if known[name]), key=lambda name: -known[name])
    return tuple(FilterOption(name, _MEASURES[name]) for name in ordered)


def _reference(cells: Cells, benchmark: str, policies: Sequence[str]) -> Reference | None:
    """The largest policy's CoT, or its single sample where it was only sampled."""
    overall = cells.frame.filter(benchmark=benchmark, bin=Bin.ALL.value)
    for policy in reversed(policies):
        for strategy, named in ((entry.name, entry.at(1)) for entry in (COT, PASS_AT_K)):
            for accuracy in overall.filter(policy=policy, strategy=strategy, n=1)["accuracy"]:
                label = f"{policy} with {named}: {percent(accuracy)} %"
                return Reference(policy, label, accuracy)
    return None


def _summary(best: pl.DataFrame, num_policies: int) -> str:
    """Say what the picture shows, for screen readers and readers in a hurry."""
    shown = best.filter(pl.col("best_prm"), bin=Bin.ALL.value)
    frontier = pareto(shown)
    stations = [
        f"{row['policy']} with {row['label']} at {quantity(row['flops'], 'FLOPs')}, "
        f"{percent(row['accuracy'])} %"
        for row in frontier.iter_rows(named=True)
    ]
    policies = "one policy" if num_policies == 1 else f"{num_policies} policies"
    start = f"Accuracy against compute for {policies}, {len(shown)} points."
    if not stations:
        return f"{start} Their FLOPs are unknown, so there is no frontier in FLOPs."
    return f"{start} The Pareto frontier runs over {listed(stations)}."
