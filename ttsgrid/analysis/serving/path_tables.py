"""The critical path of every cell of a store, problem by problem."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
import polars as pl

from ttsgrid.analysis.cells.pools import PoolBatch, unscored_pools
from ttsgrid.analysis.cells.prices import pool_prices
from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.analysis.serving.paths import (
    Path,
    path_of_trace,
    pool_reads,
)
from ttsgrid.analysis.statistics.estimators import longest_of
from ttsgrid.core.cell import CellKey
from ttsgrid.core.strategies import COT
from ttsgrid.core.voting import Floats
from ttsgrid.store import StorePath, latest_units

LONGEST = ("tokens", "turns", "prm_calls")  # of several subtrees, the longest is waited for


@dataclass(frozen=True)
class Paths:
    """`Path` of each problem, shape (num_problems,) each, NaN where unknown or not run.

    Attributes:
        question: tokens of the prompt.
    """

    tokens: Floats
    turns: Floats
    prm_calls: Floats
    generated: Floats
    context_reads: Floats
    question: Floats

    @classmethod
    def unknown(cls, num_problems: int) -> Paths:
        """Return paths of which nothing is known."""
        return cls(*(np.full(num_problems, np.nan) for _ in fields(cls)))


@dataclass(frozen=True)
class PathTables:
    """Paths of a store's cells.

    Attributes:
        frames: the store.
        pools: (benchmark, policy, whether greedy) to the number of the series.
        searches: (benchmark, policy, PRM, strategy) to the numbers of the searches.
        traced: number of a tree to its path; those without a usable trace are missing.
    """

    frames: StoreFrames
    pools: Mapping[tuple[str, str, bool], int]
    searches: Mapping[tuple[str, str, str | None, str], list[int]]
    traced: Mapping[int, Path]

    @classmethod
    def read(cls, store: StorePath, frames: StoreFrames) -> PathTables:
        """Read the traces of a store's searches; all else is in its frames."""
        series = frames.series.select("benchmark", "policy", "greedy", "series")
        pools = {(b, p, greedy): number for b, p, greedy, number in series.iter_rows()}
        searches: dict[tuple[str, str, str | None, str], list[int]] = {}
        for row in frames.searches.iter_rows(named=True):
            key = row["benchmark"], row["policy"], row["prm"], row["strategy"]
            searches.setdefault(key, []).append(row["search"])
        return cls(frames, pools, searches, dict(_traced(store, frames)))

    def of(self, key: CellKey) -> Paths:
        """Return the paths of a cell; unknown where there are no lengths or traces."""
        of_key = self.searches.get((key.benchmark, key.policy, key.prm, key.strategy), [])
        for search in of_key:
            row = self.frames.searches.filter(search=search).row(0, named=True)
            if row["budget"] in (None, key.n):
                num_trees = 1 if row["budget"] else key.n // int(row["beam_width"])
                return self._of_search(search, num_trees)
        return self._of_pool(key)

    def _of_pool(self, key: CellKey) -> Paths:
        series = self.pools.get((key.benchmark, key.policy, key.strategy == COT.name))
        if series is None:
            return Paths.unknown(len(self.frames.problems))
        # Votes of every PRM share the pool, and sorting a million lengths takes a while.
        if (series, key.n) not in self._of_pools:
            self._of_pools[series, key.n] = self._sampled(series, key.n)
        paths = self._of_pools[series, key.n]
        return replace(paths, prm_calls=float(key.prm is not None) * paths.turns)

    def _sampled(self, series: int, n: int) -> Paths:
        paths = Paths.unknown(len(self.frames.problems))
        for batch in self._batches(series):
            if batch.size < n or not batch.tokens.any():
                continue
            paths.tokens[batch.problems] = longest_of(batch.tokens, n)
            paths.turns[batch.problems] = 1.0
            paths.generated[batch.problems] = n * batch.tokens.mean(axis=1)
            paths.context_reads[batch.problems] = pool_reads(batch.tokens, n)
        paths.question[:] = pool_prices(self.frames, series).question
        return paths

    def _batches(self, series: int) -> list[PoolBatch]:
        if series not in self._pools_of:
            self._pools_of[series] = list(unscored_pools(self.frames, series))
        return self._pools_of[series]

    @cached_property
    def _of_pools(self) -> dict[tuple[int, int], Paths]:
        return {}

    @cached_property
    def _pools_of(self) -> dict[int, list[PoolBatch]]:
        return {}

    def _of_search(self, search: int, num_trees: int) -> Paths:
        paths = Paths.unknown(len(self.frames.problems))
        for (problem,), trees in self.frames.trees.filter(search=search).group_by("problem"):
            of_trees = [self.traced.get(tree) for tree in trees["tree"]]
            known = [path for path in of_trees if path is not None]
            if len(known) < len(of_trees) or len(known) < num_trees:
                continue
            place = int(str(problem))
            paths.question[place] = trees["question_tokens"][0]
            for field in fields(Path):
                values = np.array([[getattr(path, field.name) for path in known]], float)
                share = num_trees * values.mean(axis=1)
                drawn = longest_of(values, num_trees) if field.name in LONGEST else share
                getattr(paths, field.name)[place] = drawn[0]
        return paths


def _traced(store: StorePath, frames: StoreFrames) -> Iterator[tuple[int, Path]]:
    """Trees with their paths."""
    if frames.trees.is_empty():
        return
    searches = latest_units(store).filter(pl.col("kind") == "search", pl.col("status") == "done")
    traces = searches.select("unit_id", "trace").filter(pl.col("trace").is_not_null()).collect()
    for tree, trace in frames.trees.join(traces, on="unit_id").select("tree", "trace").iter_rows():
        path = path_of_trace(trace)
        if path is not None:
            yield tree, path
