"""What trees of a search cost run alone; of several subtrees, in expectation.

A search with a budget is one tree, whose unit states its price. Subtrees that run together
share the question's whole blocks, which each of them counts when it runs alone, and the
parts of the PRM's inputs that they have in common (`ttsgrid.analysis.cells.prices`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from ttsgrid.analysis.cells.flops import Spent
from ttsgrid.analysis.cells.prices import Parts, parts_of, tails
from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.core.voting import Floats

_TREE = {
    "policy_prompt": "policy_lone_prompt_tokens",
    "policy_cached": "policy_lone_cached_tokens",
    "policy_generated": "policy_lone_generated_tokens",
    "prm_prompt": "prm_lone_prompt_tokens",
    "prm_cached": "prm_lone_cached_tokens",
    "seconds": "seconds",
}


@dataclass(frozen=True)
class TreePrices:
    """Trees of one search; arrays by problem, NaN where unknown or not run.

    Attributes:
        num_trees: S.
        total: the sum over the S trees, each run alone.
        shared_question: tokens of the question's whole blocks.
        parts: of the PRM's inputs, by how many of the subtrees share them; None for a
            search that is one tree.
    """

    num_trees: Floats
    total: Spent
    shared_question: Floats
    parts: Parts | None

    def spent(self, num_trees: int) -> Spent:
        """Return what so many of the trees cost together, NaN where there are fewer."""
        share = np.where(self.num_trees >= num_trees, num_trees / self.num_trees, np.nan)
        mean = Spent(**{name: share * getattr(self.total, name) for name in _TREE})
        if self.parts is None:
            return mean
        known = 0.0 * mean.prm_prompt  # NaN where the price is unknown
        read = self.parts.expected_distinct(self.num_trees, num_trees) + known
        # Run alone, each subtree computes the question; together all but the first read it.
        again = (num_trees - 1) * self.shared_question if num_trees > 1 else 0.0
        return Spent(
            policy_prompt=mean.policy_prompt,
            policy_cached=mean.policy_cached + again,
            policy_generated=mean.policy_generated,
            prm_prompt=mean.prm_prompt,
            prm_cached=mean.prm_prompt - read,
            seconds=mean.seconds,
        )


def tree_prices(frames: StoreFrames, search: int) -> TreePrices:
    """Return the prices of one search's trees."""
    trees, num_problems = frames.trees.filter(search=search), len(frames.problems)
    problems = trees["problem"].cast(pl.Int64).to_numpy()

    def by_problem(column: str) -> Floats:
        values = trees[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        sums = np.bincount(problems, values, minlength=num_problems)
        return np.where(counted > 0, sums, np.nan)

    counted = np.bincount(problems, minlength=num_problems)
    num_trees = np.where(counted > 0, counted, np.nan)
    # The trees of a problem have one question: the mean of equal numbers is that number.
    question = by_problem("question_tokens") / num_trees
    blocks = by_problem("policy_block_tokens") / num_trees
    budget = frames.searches.filter(search=search)["budget"].item()
    parts = frames.prices.subtree_parts.filter(search=search)
    return TreePrices(
        num_trees=num_trees,
        total=Spent(**{name: by_problem(column) for name, column in _TREE.items()}),
        shared_question=question - tails(question, blocks),
        parts=parts_of(parts) if budget is None else None,
    )
