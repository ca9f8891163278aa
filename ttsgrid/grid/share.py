"""What each problem of a benchmark asks of one policy that samples in one way.

A share is a list of units that differ between problems in nothing but the problem, so a plan
keeps the list once and not once per problem. The study's grid has 3.4 million units and twelve
shares.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import compress
from typing import NamedTuple

from ttsgrid.core.search_settings import SearchSettings
from ttsgrid.core.units import (
    ModelIdentity,
    SampleBlock,
    SamplingIdentity,
    ScoreBlock,
    SearchTree,
    Unit,
)

Wanted = bytes
"""For each unit of a share 1 where it is wanted on a problem, else 0."""


class TreeKey(NamedTuple):
    """What tells a problem's trees of one policy from each other."""

    prm: ModelIdentity
    settings: SearchSettings
    subtree: int | None


@dataclass(frozen=True)
class TreeTerms:
    """How a tree is grown that its outcome does not depend on.

    Attributes:
        num_problems: it is grown on so many of the first problems.
        keep_trace: whether the tree is stored.
    """

    num_problems: int
    keep_trace: bool

    def combined(self, other: TreeTerms) -> TreeTerms:
        """Return terms that serve both: two strategies may ask for one tree."""
        return TreeTerms(
            max(self.num_problems, other.num_problems), self.keep_trace or other.keep_trace
        )


@dataclass(frozen=True)
class Share:
    """The units of one problem, policy and way to sample.

    Attributes:
        greedy: how the policy writes its one greedy solution; None without one.
        spans: [start, stop) of the pool's blocks.
        prms: who scores the first `num_scored` blocks.
        trees: of all searches.
    """

    policy: ModelIdentity
    sampling: SamplingIdentity
    greedy: SamplingIdentity | None
    spans: tuple[tuple[int, int], ...]
    prms: tuple[ModelIdentity, ...]
    num_scored: int
    trees: Mapping[TreeKey, TreeTerms]

    def __len__(self) -> int:
        return self._num_greedy + len(self.spans) + self._num_scores + len(self.trees)

    def on(self, problem_id: str, wanted: Wanted) -> Iterator[Unit]:
        """Yield the units that are wanted on a problem: greedy, blocks, scores, trees."""
        greedy, blocks, scores, trees = self._apart(wanted)
        if any(greedy) and self.greedy:
            yield SampleBlock(problem_id, self.policy, self.greedy, 0, 1)
        pool = [SampleBlock(problem_id, self.policy, self.sampling, *span) for span in self.spans]
        yield from compress(pool, blocks)
        # Scores of a block share it, and with it the hashes that it remembers.
        for block, prm in compress(self._scorings(pool), scores):
            yield ScoreBlock(block, prm)
        for (prm, settings, subtree), terms in compress(self._terms, trees):
            yield SearchTree(
                problem_id,
                self.policy,
                prm,
                self.sampling,
                settings,
                subtree,
                terms.keep_trace,
            )

    def wanted_on(self, num_problems: int) -> list[Wanted]:
        """Return which units each of a benchmark's first problems wants."""
        pooled = len(self) - len(self.trees)
        limits = [num_problems] * pooled + [terms.num_problems for _, terms in self._terms]
        wanted: list[Wanted] = []
        for end in sorted({min(limit, num_problems) for limit in (*limits, num_problems)}):
            # Problems between two limits want the same units, and share one mask.
            mask = bytes(limit >= end for limit in limits)
            wanted += [mask] * (end - len(wanted))
        return wanted

    @cached_property
    def _terms(self) -> list[tuple[TreeKey, TreeTerms]]:
        return list(self.trees.items())

    @property
    def _num_greedy(self) -> int:
        return int(self.greedy is not None)

    @property
    def _num_scores(self) -> int:
        return len(self.prms) * self.num_scored

    def _scorings(self, pool: Iterable[SampleBlock]) -> Iterator[tuple[SampleBlock, ModelIdentity]]:
        scored = list(pool)[: self.num_scored]
        return ((block, prm) for prm in self.prms for block in scored)

    def _apart(self, wanted: Wanted) -> tuple[Wanted, Wanted, Wanted, Wanted]:
        ends = [self._num_greedy, self._num_greedy + len(self.spans)]
        ends.append(ends[-1] + self._num_scores)
        first, second, third = ends
        return wanted[:first], wanted[first:second], wanted[second:third], wanted[third:]


def tree_terms(
    asked: Iterable[tuple[TreeKey, TreeTerms]],
) -> dict[TreeKey, TreeTerms]:
    """Return each tree once, on the terms of all who ask for it."""
    terms: dict[TreeKey, TreeTerms] = {}
    for key, own in asked:
        terms[key] = terms[key].combined(own) if key in terms else own
    return terms


def greedily(sampling: SamplingIdentity) -> SamplingIdentity:
    """Return how the same policy writes its one greedy solution."""
    return replace(sampling, temperature=0.0, top_p=1.0, top_k=None)
