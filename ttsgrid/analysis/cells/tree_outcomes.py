"""What each search scores on each problem, from its trees.

A search with a budget gives one tree per problem: its answers vote as a pool does. A
search made of independent subtrees (DVTS) gives every N from all of them: N / M
subtrees drawn at random, whose answers vote together. Best-of is exact; votes are
exact where subsets are few, else Monte Carlo with its error
(`ttsgrid.analysis.statistics.estimators`). Costs are what the trees cost alone
(`ttsgrid.analysis.cells.tree_prices`).

A tree that ended without an answer is wrong, as a pool without one is: it ran. An answer
without step scores counts in a majority and can't win a vote that needs scores.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ttsgrid.analysis.cells.outcomes import Outcome, OutcomeSheet, default_budgets
from ttsgrid.analysis.cells.pools import dense
from ttsgrid.analysis.cells.tree_prices import tree_prices
from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.analysis.statistics.estimators import (
    Estimate,
    Ranking,
    rank_groups,
    vote_at_k,
)
from ttsgrid.analysis.statistics.votes import elected_at_k
from ttsgrid.core.cell import CellKey, scored_keys
from ttsgrid.core.voting import (
    AGGREGATIONS,
    MAJORITY_VOTE,
    NO_ANSWER,
    Bools,
    Floats,
    Ints,
    scored_votes,
)


@dataclass(frozen=True)
class Forest:
    """Trees of one search on P problems: S trees each, A answers per tree, padded.

    Attributes:
        problems: row numbers in `StoreFrames.problems`, shape (P,).
        classes: answer classes, `NO_ANSWER` for none and for padding; shape (P, S * A).
        correct: verdicts, shape (P, S * A).
        scores: aggregation to scores, NaN for none and for padding, shape (P, S * A).
        group: A.
        num_unscored: answers without scores, shape (P,).
    """

    problems: Ints
    classes: Ints
    correct: Bools
    scores: Mapping[str, Floats]
    group: int
    num_unscored: Floats

    @property
    def num_trees(self) -> int:
        """Trees per problem, S."""
        return int(self.classes.shape[1]) // self.group

    def estimates(self, keys: Sequence[CellKey], num_trees: int) -> dict[CellKey, Estimate]:
        """Accuracy of cells that have so many of the trees and differ in how these vote."""
        majority = vote_at_k(self.classes, self.correct, num_trees, group=self.group)
        by_vote = {
            vote.name: elected_at_k(
                vote,
                num_trees,
                self.classes,
                self.correct,
                self.scores,
                group=self.group,
                rankings=self._rankings,
            )
            for vote in scored_votes()
        }
        return {
            key: by_vote[str(key.vote)][key.aggregation] if key.aggregation else majority
            for key in keys
        }

    @cached_property
    def _rankings(self) -> dict[str, Ranking]:
        return {
            how: rank_groups(scores, self.correct, self.classes, self.group)
            for how, scores in self.scores.items()
        }


def search_outcomes(frames: StoreFrames, budgets: Sequence[int] | None = None) -> Iterator[Outcome]:
    """Yield every cell that the store's searches serve.

    Args:
        frames: the store.
        budgets: N of the cells; None for all. Problems with fewer subtrees than N
            takes are left out of N's cells.
    """
    for search in frames.searches.iter_rows(named=True):
        forests = list(_forests(frames, search["search"]))
        prices = tree_prices(frames, search["search"])
        for n, num_trees in _budgets(search, forests, budgets):
            key = CellKey(
                search["benchmark"], search["policy"], search["prm"], search["strategy"], n
            )
            keys = [key._replace(vote=MAJORITY_VOTE.name), *scored_keys(key)]
            sheet = OutcomeSheet(len(frames.problems), keys, prices.spent(num_trees))
            for forest in forests:
                if forest.num_trees >= num_trees:
                    estimates = forest.estimates(keys, num_trees)
                    sheet.fill(forest.problems, estimates, forest.num_unscored)
            yield from sheet.outcomes()


def _budgets(
    search: dict[str, int | None], forests: Sequence[Forest], wanted: Sequence[int] | None
) -> Iterator[tuple[int, int]]:
    """Yield N and the trees that it takes."""
    if (own := search["budget"]) is not None:
        if not wanted or own in wanted:
            yield own, 1
        return
    width, most = int(search["beam_width"] or 0), max(forest.num_trees for forest in forests)
    for n in wanted or default_budgets(width * most):
        if n % width == 0 and n <= width * most:  # each subtree spends `width`, no part of it
            yield n, n // width


def _forests(frames: StoreFrames, search: int) -> Iterator[Forest]:
    """Yield the trees of a search, problems with as many trees together."""
    trees = frames.trees.filter(search=search).sort("problem", "tree")
    counted = trees.with_columns(size=pl.len().over("problem"))
    for size in counted["size"].unique().sort():
        yield _forest(counted.filter(size=size), frames.answers, size)


def _forest(trees: pl.DataFrame, answers: pl.DataFrame, size: int) -> Forest:
    numbers = trees.select("tree").with_row_index("row")
    ranked = answers.join(numbers, on="tree").sort("row", "sample")
    placed = ranked.with_columns(rank=pl.int_range(pl.len()).over("row"))
    group = 1 + max(placed["rank"], default=0)
    where = (placed["row"].cast(pl.Int64) * group + placed["rank"]).to_numpy()

    def laid_out(column: str, blank: float, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        cells: npt.NDArray[Any] = np.full(len(trees) * group, blank, dtype)
        cells[where] = placed[column].to_numpy()
        return cells.reshape(-1, size * group)

    unscored = placed.filter(pl.col(AGGREGATIONS.names[0]).is_nan())["row"].to_numpy()
    return Forest(
        problems=trees["problem"].cast(pl.Int64).to_numpy()[::size],
        classes=dense(laid_out("answer_class", NO_ANSWER, np.int64)),
        correct=laid_out("correct", False, np.bool_),
        scores={how: laid_out(how, np.nan, np.float64) for how in AGGREGATIONS.names},
        group=group,
        num_unscored=np.bincount(unscored // size, minlength=len(trees) // size).astype(float),
    )
