"""What to expect and what to do: tables for a reader without gold answers.

What the compute-optimal strategy can be expected to reach, beside what hindsight says
(`ttsgrid.analysis.advice.optimism`), which strategy to use where
(`ttsgrid.analysis.advice.recommendation`) and how well difficulty is predicted
(`ttsgrid.analysis.advice.prediction`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import polars as pl

from ttsgrid.analysis.advice.recommendation import Recommendation
from ttsgrid.analysis.advice.rules import Rule
from ttsgrid.analysis.frontier import Frontier
from ttsgrid.views.tables.entries import accuracy_entry
from ttsgrid.views.tables.table import Entry, Interval, Table
from ttsgrid.views.words.cells import short_name
from ttsgrid.views.words.coverage import num_problems_run, stands_on, unscored
from ttsgrid.views.words.numbers import (
    Row,
    percent,
    points,
    points_span,
    quantity,
    span,
)
from ttsgrid.views.words.order import by_size


def expectation_table(frontier: Frontier, benchmark: str) -> Table:
    """What choosing by difficulty achieves, beside what hindsight makes of it."""
    num_run = num_problems_run(frontier.cells, benchmark)
    return Table(
        "The compute-optimal strategy: what to expect, and what hindsight says",
        "Accuracy, in %, with the best strategy for each difficulty. Expected: difficulty is "
        "predicted without gold answers, and the strategy is chosen on problems other than those "
        "it is scored on. One for all: a single strategy for all problems, also chosen on other "
        "problems; added: what difficulty adds to it. In hindsight: difficulty and strategy both "
        "known, on the same problems, as studies often report. Overstated: in hindsight less "
        "expected, in points; one part comes from choosing in hindsight, the other from knowing "
        "the difficulty.",
        (
            "policy",
            "PRM",
            "N",
            "expected",
            "one for all",
            "added",
            "in hindsight",
            "overstated",
            "by choice",
            "by difficulty",
        ),
        3,
        tuple(
            (
                *_who(row),
                Entry(str(row["n"])),
                accuracy_entry(row, stands_on(row, num_run)),
                Entry(percent(row["accuracy_one_for_all"])),
                _added(row),
                Entry(percent(row["accuracy_in_sample"])),
                Entry(
                    points(row["optimism"]),
                    detail=points_span(row["optimism_low"], row["optimism_high"]),
                ),
                Entry(points(row["optimism_of_choice"])),
                Entry(points(row["optimism_of_labels"])),
            )
            for row in _sorted(frontier, frontier.optimism.filter(benchmark=benchmark), "n")
        ),
    )


def _added(row: Row) -> Entry:
    """What choosing by difficulty adds, where the budget pays for a probe."""
    if not row["by_difficulty"]:
        return Entry("–")
    return Entry(points(row["gain"]), detail=points_span(row["gain_low"], row["gain_high"]))


def prediction_table(frontier: Frontier, benchmark: str) -> Table:
    """How well a few samples predict how hard a problem is."""
    rows = _sorted(frontier, frontier.predicted.quality.filter(benchmark=benchmark), "probe_size")
    return Table(
        "How well difficulty is predicted",
        "From the first samples of a problem (the probe): how far their answers agree and what "
        "the PRM says of them. Rank: Spearman's correlation with pass@1 over the other samples. "
        "Same bin: the share of problems put into the right bin, in %, beside the share of the "
        "most common bin. AUC: how often an easy (hard) problem is told from one that is not.",
        ("policy", "PRM", "probe", "rank", "same bin", "most common", "AUC easy", "AUC hard"),
        3,
        tuple(
            (
                *_who(row),
                Entry(str(row["probe_size"])),
                _measured(row, "rank_correlation"),
                _share(row),
                Entry(percent(row["largest_bin_share"])),
                _measured(row, "auc_easy"),
                _measured(row, "auc_hard"),
            )
            for row in rows
        ),
    )


def recommendation_table(frontier: Frontier, benchmark: str) -> Table:
    """Which strategy to use: by policy, PRM, budget and predicted difficulty."""
    shown = [made for made in frontier.recommendations if made.benchmark == benchmark]
    order = by_size(frontier.cells, [made.policy for made in shown])
    shown.sort(key=lambda made: (order.index(made.policy), made.prm or ""))
    return Table(
        "What to use",
        f"The best cell that a budget affords. {_why_split(shown)} Accuracy, in %, is "
        "cross-fitted: each problem is scored by a choice made without it. Tokens (policy and "
        "PRM) and FLOPs are expected values per problem, the probe's included where the strategy "
        "can't reuse its samples. The file recommendation.yaml, which the command "
        "ttsgrid.frontier writes, holds the same for programs.",
        ("policy", "PRM", "budget", "difficulty", "use", "accuracy", "tokens", "FLOPs"),
        5,
        tuple(_rule(made, rule) for made in shown for rule in made.rules),
    )


def _why_split(recommendations: Sequence[Recommendation]) -> str:
    """When rules differ by difficulty, and how often that was so."""
    splits = [split for made in recommendations for split in made.splits]
    if not splits:
        return "Rules don't differ by difficulty: no budget affords a probe on enough problems."
    return (
        "Rules differ by the difficulty that a probe predicts only where that beats one strategy "
        "for all, on problems that took part in neither choice, with a paired 95 % interval above "
        "zero when adjusted for all cases: in "
        f"{sum(split.pays for split in splits)} of {len(splits)} cases here."
    )


def _rule(made: Recommendation, rule: Rule) -> tuple[Entry, ...]:
    remarks = [
        "" if rule.sure else f"{rule.num_problems} problems: unsure",
        "on fewer problems than were run" if rule.is_partial else "",
        unscored(rule.num_unscored) if rule.num_unscored else "",
    ]
    return (
        Entry(made.policy),
        Entry(made.prm or "–"),
        Entry(str(rule.budget)),
        Entry(rule.bin),
        Entry(short_name(vars(rule)), f"N = {rule.n}"),
        accuracy_entry(vars(rule), ", ".join(filter(None, remarks))),
        Entry(quantity(rule.tokens)),
        Entry(quantity(rule.flops)),
    )


def _sorted(frontier: Frontier, rows: pl.DataFrame, last: str) -> list[Row]:
    order = by_size(frontier.cells, rows["policy"].to_list())
    return sorted(
        rows.iter_rows(named=True),
        key=lambda row: (order.index(row["policy"]), row["prm"] or "", row[last]),
    )


def _who(row: Row) -> tuple[Entry, Entry]:
    return Entry(row["policy"]), Entry(row["prm"] or "–")


def _share(row: Row) -> Entry:
    low, middle, high = (row[f"bin_agreement{end}"] for end in ("_low", "", "_high"))
    return Entry(percent(middle), span(low, high), interval=Interval(low, middle, high))


def _measured(row: Row, name: str) -> Entry:
    """A statistic with its interval; a dash where it is not defined (all problems alike)."""
    low, middle, high = (row[f"{name}{end}"] for end in ("_low", "", "_high"))
    if middle is None or math.isnan(middle):
        return Entry("–")
    return Entry(f"{middle:.2f}", f"{low:.2f} to {high:.2f}".replace("-", "−"))
