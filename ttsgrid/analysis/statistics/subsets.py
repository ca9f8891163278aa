"""Subsets of pools that stand for all subsets, and the elections held in them.

What is drawn may be a sample or a *group* of samples that come together, such as a
subtree's answers: k counts groups, and voters are the members of the k groups drawn.
Estimators take means over these elections (`ttsgrid.analysis.statistics.estimators`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ttsgrid.core.voting import NO_ANSWER, Bools, Floats, Ints, ties_with_best

MAX_ENUMERATED = 512  # subsets per problem; above this Monte Carlo samples at least as many
MIN_PERMUTATIONS = 16  # a standard error needs replicates
TARGET_SUBSETS = 1 << 16  # over all problems: a mean's standard error is at most 0.002
CHUNK_ELEMENTS = 1 << 20  # work arrays of 8 MB, about what a core's cache holds


@dataclass(frozen=True)
class SubsetPlan:
    """Which subsets of size k stand for all: every one of them, or random ones.

    Random subsets come from permutations of the pool, each cut into n // k disjoint
    subsets, so that samples are used evenly (some cuts are dropped where they are more
    than is wanted); the permutations are the replicates.
    All pools share them, but each is shuffled on its own first, which makes the
    errors of different problems uncorrelated.

    Attributes:
        members: groups drawn, shape (k, replicates, subsets); members come first
            because numpy reduces a short first axis many times faster than a short last.
        shuffles: the shuffle of each pool's groups, shape (P, n); None where exact.
        num_pools: P.
        group: samples per group, side by side in the pool; 1 where samples are drawn singly.
    """

    members: Ints
    shuffles: Ints | None
    num_pools: int
    group: int = 1

    @classmethod
    def make(cls, num_pools: int, n: int, k: int, seed: int, group: int = 1) -> SubsetPlan:
        """Plan subsets of k of n groups; each group has `group` samples."""
        if math.comb(n, k) <= MAX_ENUMERATED:
            every = np.array(list(combinations(range(n), k)), np.int64)
            return cls(every.T[:, :, None], None, num_pools, group)
        rng = np.random.default_rng([seed, n, k])
        wanted = min(MAX_ENUMERATED, -(-TARGET_SUBSETS // num_pools))
        cuts = min(n // k, max(1, wanted // MIN_PERMUTATIONS))
        replicates = max(MIN_PERMUTATIONS, -(-wanted // cuts))
        deck = rng.permuted(np.tile(np.arange(n), (replicates, 1)), axis=1)
        shuffles = rng.permuted(np.tile(np.arange(n), (num_pools, 1)), axis=1)
        members = deck[:, : cuts * k].reshape(replicates, cuts, k).transpose(2, 0, 1)
        return cls(members, shuffles, num_pools, group)

    def chunks(self, num_classes: int) -> Iterator[slice]:
        """Slices of problems whose work arrays fit in cache."""
        k, replicates, cuts = self.members.shape
        voters = k * self.group
        size = max(1, CHUNK_ELEMENTS // (replicates * cuts * max(voters, num_classes)))
        for start in range(0, self.num_pools, size):
            yield slice(start, min(start + size, self.num_pools))

    def subsets(self, rows: slice) -> Ints:
        """Pool positions for these problems, shape (k * group, rows, replicates, subsets)."""
        if self.shuffles is None:
            k, *elections = self.members.shape
            shape = (k, rows.stop - rows.start, *elections)
            return self._samples(np.broadcast_to(self.members[:, None], shape))
        return self._samples(np.moveaxis(self.shuffles[rows][:, self.members], 1, 0))

    def _samples(self, groups: Ints) -> Ints:
        """Positions of all samples of these groups, along the first axis."""
        if self.group == 1:
            return groups
        inside = np.arange(self.group).reshape(-1, 1, 1, 1, 1)
        return (groups * self.group + inside).reshape(-1, *groups.shape[1:])

    def standard_error(self, replicates: Floats) -> Floats:
        """Monte Carlo error of the mean over the last axis; 0 where all subsets were seen."""
        if self.shuffles is None:
            return np.zeros(len(replicates))
        return np.asarray(replicates.std(axis=-1, ddof=1) / math.sqrt(replicates.shape[-1]))


@dataclass(frozen=True)
class Ballots:
    """The subsets of some pools, ready to be counted with any weights.

    Attributes:
        picked: position of each member in the flattened pools; shape (k, P, R, S):
            P * R * S elections with k voters each.
        bins: which (election, class) each member votes for, same shape.
        answered, right: of each member, same shape.
    """

    picked: Ints
    bins: Ints
    answered: Bools
    right: Bools

    @classmethod
    def cast(cls, classes: Ints, correct: Bools, subsets: Ints) -> Ballots:
        """Let the members of each subset vote; pools of shape (P, n)."""
        num_pools, n = classes.shape
        picked = np.ascontiguousarray(subsets + n * np.arange(num_pools)[:, None, None])
        voted = classes.reshape(-1)[picked]
        elections = np.arange(math.prod(picked.shape[1:])).reshape(picked.shape[1:])
        answered = voted != NO_ANSWER
        # NO_ANSWER is -1: shifted by one it falls in a bin of its own.
        bins = elections * (int(classes.max()) + 2) + voted + 1
        return cls(picked, bins, answered, correct.reshape(-1)[picked] & answered)

    def count(self, weights: Floats) -> Floats:
        """Expected accuracy of each replicate under these weights (P, n); shape (P, R)."""
        cast = weights.reshape(-1)[self.picked]
        sums = np.bincount(self.bins.reshape(-1), weights=cast.reshape(-1))
        tally = np.where(self.answered, sums[self.bins], -np.inf)
        winners = ties_with_best(tally) & self.answered
        num_winners = np.maximum(winners.sum(axis=0, dtype=np.int32), 1)  # 0 if none answered
        num_right = (winners & self.right).sum(axis=0, dtype=np.int32)
        return np.asarray((num_right / num_winners).mean(axis=-1))
