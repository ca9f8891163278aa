"""Tables 1 and 2 of arXiv 2502.06703: what PRMs prefer, and how much the vote matters to them.

Table 1 of the study has the lengths of what two PRMs were trained on; here it is how long
what each PRM prefers is (`ttsgrid.analysis.findings.preferred_lengths`), and the training
data's figures stand beside the two PRMs that the study names.

Table 2 has one row per PRM and strategy, at the strategy's largest N, and one column for
each way to score (aggregation) and to vote. The study's claim, that some PRMs are sensitive
to the vote and others not, is one number: the weighted vote less the highest-scored
solution, averaged over aggregations and paired by problem.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.statistics.intervals import difference_intervals
from ttsgrid.analysis.study.paper import training_tokens
from ttsgrid.analysis.study.summary import Row, Study
from ttsgrid.analysis.study.table import StudyTable
from ttsgrid.core.strategies import BEST_OF_N, MAJORITY, rank_of
from ttsgrid.core.voting import MAJORITY_VOTE

ACCURACY = "accuracy_"
"""What begins the columns of Table 2 that hold an accuracy; aggregation and vote follow."""
_VOTED, _HIGHEST = "weighted", "max"


def preferred_lengths(study: Study) -> pl.DataFrame:
    """Return how long the responses and steps are that each PRM prefers (Table 1)."""
    frame = study.frontier.preferred_lengths
    printed = [training_tokens(prm) for prm in frame["prm"]]
    columns = {
        f"paper_{part}_tokens": pl.Series([one.get(part) for one in printed], dtype=pl.Float64)
        for part in ("response", "step")
    }
    return frame.with_columns(**columns)


def votes(study: Study) -> pl.DataFrame:
    """Return each PRM with each scoring and voting method (Table 2).

    Returns:
        One row per (policy, PRM, strategy): accuracies in [0, 1] with their intervals in
        columns `accuracy_AGGREGATION_VOTE` and `accuracy_majority`, and `vote_difference`.
    """
    cells = study.cells.frame.filter(bin=Bin.ALL.value)
    scored = cells.filter(pl.col("aggregation").is_not_null())
    key = ["benchmark", "policy", "prm", "strategy"]
    largest = scored.filter(pl.col("n") == pl.col("n").max().over(key))
    groups = largest.sort("outcome").partition_by(key, maintain_order=True)
    rows = [_votes_row(study, cells, group) for group in groups]
    rows.sort(key=lambda row: _by_size(study, row))
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return frame.with_columns(pl.col(pl.Null).cast(pl.Float64))


def _by_size(study: Study, row: Row) -> tuple[object, ...]:
    size = study.cells.sizes.get(row["policy"])
    rank = rank_of(row["strategy"])
    return row["benchmark"], size is None, size or 0, row["policy"], row["prm"], rank


def _votes_row(study: Study, cells: pl.DataFrame, group: pl.DataFrame) -> Row:
    first = group.row(0, named=True)
    named = {name: first[name] for name in ("benchmark", "policy", "prm", "strategy", "n")}
    row: Row = {**named, "num_problems": first["num_problems"]}
    row["num_unscored"] = first["num_unscored"]
    row |= dict(_accuracy(MAJORITY_VOTE.name, _majority(cells, named)))
    for cell in group.iter_rows(named=True):
        row |= dict(_accuracy(f"{cell['aggregation']}_{cell['vote']}", cell))
    return row | _difference(study, group)


def _majority(cells: pl.DataFrame, named: Row) -> Row | None:
    """Majority voting over the same answers: the pool's, or those of the search itself."""
    alike = cells.filter(benchmark=named["benchmark"], policy=named["policy"], n=named["n"])
    if named["strategy"] == BEST_OF_N.name:
        found = alike.filter(strategy=MAJORITY.name)
    else:
        mine = alike.filter(strategy=named["strategy"], prm=named["prm"])
        found = mine.filter(pl.col("aggregation").is_null())
    return None if found.is_empty() else found.row(0, named=True)


def _accuracy(name: str, cell: Row | None) -> Iterator[tuple[str, Any]]:
    for column, ending in (("accuracy", ""), ("low", "_low"), ("high", "_high")):
        yield f"{ACCURACY}{name}{ending}", cell and cell[column]


def _difference(study: Study, group: pl.DataFrame) -> Row:
    """The weighted vote less the highest-scored solution, over the aggregations with both."""
    by_vote = {
        vote: dict(group.filter(vote=vote).select("aggregation", "outcome").iter_rows())
        for vote in (_VOTED, _HIGHEST)
    }
    both = [how for how in by_vote[_VOTED] if how in by_vote[_HIGHEST]]
    names = ("vote_difference", "vote_difference_low", "vote_difference_high")
    if not both:
        return dict.fromkeys(names)
    means = [
        study.cells.accuracies(by_vote[vote][how] for how in both).mean(axis=0)
        for vote in (_VOTED, _HIGHEST)
    ]
    ran = ~np.isnan(means[0])
    voted, highest = (mean[ran] for mean in means)
    interval = difference_intervals(voted, highest)
    values = (float((voted - highest).mean()), float(interval.low), float(interval.high))
    return dict(zip(names, values, strict=True))


PREFERRED_LENGTHS = StudyTable(
    "How long what a PRM prefers is",
    "Tokens per response and per step: of all scored samples of the pools, and of each "
    "problem's highest-scored one (preferred). Longer by: preferred less all, with the 95 % "
    "interval over problems; among right: the same for responses among the right samples of a "
    "problem, where only a preference for length is left. Paper: mean lengths in the data that "
    "the study's two RLHFlow PRMs were trained on.",
    preferred_lengths,
    number=1,
)
VOTES = StudyTable(
    "Each PRM with each way to score and to vote",
    "At each strategy's largest N. Columns: how step scores become one score, then how scored "
    "solutions elect an answer (max: the highest-scored one's; weighted: the largest sum). "
    "Majority: over the same answers, without scores. Accuracies in %. Vote less max: in points, "
    "averaged over the ways to score, paired by problem, with the 95 % interval; the study finds "
    "Skywork's 7B PRM better with the vote and Qwen2.5-Math-PRM 7B hardly sensitive to it.",
    votes,
    number=2,
)
