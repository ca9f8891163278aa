"""What to expect and what to do: tables for somebody who has no gold answers.

What the compute-optimal strategy promises in hindsight and what is kept of it
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
from ttsgrid.views.words.coverage import unscored
from ttsgrid.views.words.numbers import (
    Row,
    percent,
    points,
    points_span,
    quantity,
    short_name,
    span,
)
from ttsgrid.views.words.order import by_size


def kept_table(frontier: Frontier, benchmark: str) -> Table:
    """What choosing by difficulty keeps, beside what it promises in hindsight."""
    return Table(
        "The compute-optimal strategy: kept and promised",
        "The best strategy for each difficulty, in %. Kept: difficulty predicted without gold "
        "answers, the strategy chosen on other problems than it is scored on. Promised: both in "
        "hindsight, on the same problems, as studies often do. Of the difference, one part comes "
        "from choosing in hindsight, one from knowing the difficulty. One for all: one strategy "
        "for all problems, chosen on other problems too, and what difficulty adds to that.",
        (
            "policy",
            "PRM",
            "N",
            "kept",
            "one for all",
            "added",
            "promised",
            "too much",
            "by choice",
            "by difficulty",
        ),
        3,
        tuple(
            (
                *_who(row),
                Entry(str(row["n"])),
                accuracy_entry(row),
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
        "the PRM says of them. Rank: Spearman's correlation with the pass@1 of the other samples. "
        "Same bin: the share of problems put into the right bin, in %, beside the share of the "
        "most common bin. AUC: how often an easy (hard) problem is told from another.",
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
    mine = [one for one in frontier.recommendations if one.benchmark == benchmark]
    order = by_size(frontier.cells, [one.policy for one in mine])
    mine.sort(key=lambda one: (order.index(one.policy), one.prm or ""))
    return Table(
        "What to use",
        f"The best cell that a budget affords. {_why_split(mine)} Accuracy, in %: what "
        "this way of choosing keeps on problems that had no say in it. Tokens of "
        "policy and PRM and FLOPs: expected a problem, with the probe's where the strategy can't "
        "use those samples again. The file recommendation.yaml, which the frontier's command "
        "writes, holds the same for programs.",
        ("policy", "PRM", "budget", "difficulty", "use", "accuracy", "tokens", "FLOPs"),
        5,
        tuple(_rule(one, rule) for one in mine for rule in one.rules),
    )


def _why_split(made: Sequence[Recommendation]) -> str:
    """When rules tell difficulties apart, and how often that was so."""
    splits = [split for one in made for split in one.splits]
    if not splits:
        return "Difficulty is not told apart: no budget affords a probe on enough problems."
    return (
        "Problems are told apart by the difficulty that a probe predicts only where that beats "
        "one strategy for all, on problems that had no say in either choice, with a paired 95 % "
        f"interval above zero: in {sum(split.pays for split in splits)} of {len(splits)} cases "
        "here."
    )


def _rule(one: Recommendation, rule: Rule) -> tuple[Entry, ...]:
    said = [
        "" if rule.sure else f"{rule.num_problems} problems: unsure",
        "on fewer problems than were run" if rule.is_partial else "",
        unscored(rule.num_unscored) if rule.num_unscored else "",
    ]
    return (
        Entry(one.policy),
        Entry(one.prm or "–"),
        Entry(str(rule.budget)),
        Entry(rule.bin),
        Entry(short_name(vars(rule)), f"N = {rule.n}"),
        accuracy_entry(vars(rule), ", ".join(filter(None, said))),
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
