"""The cells that a plan's units serve, counted as the analysis will find them in the store.

A unit serves whom it can, not only whoever asked for it: a pool that best-of-N wanted votes
by majority too, and the subtrees of DVTS at N = 16 are a DVTS at 4. So cells follow from
units and the grid's budgets, here and in `ttsgrid.analysis.cells`, and the number in the
plan is the number in the report of a store that holds nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from ttsgrid.core.cell import CellKey, scored_keys
from ttsgrid.core.difference import difference
from ttsgrid.core.strategies import BEST_OF_N, COT, MAJORITY
from ttsgrid.core.units import SearchTree, Unit
from ttsgrid.core.voting import MAJORITY_VOTE

_Pools = dict[tuple[str, str | None], int]
"""(policy, PRM or None) to the size of the pool, or of what the PRM scores of it."""
_Trees = dict[tuple[str, str, str, int | None], dict[str, list[SearchTree]]]
"""(policy, PRM, kind of search, N or None for subtrees), then settings, to their trees."""
_Way = tuple[str, bool, str]
"""(policy, whether it is greedy, its sampling as JSON)."""


def served_cells(
    units: Iterable[Unit], benchmark: str, budgets: Sequence[int]
) -> tuple[CellKey, ...]:
    """Return the cells of a benchmark, from the units of one problem on which everything runs.

    Args:
        units: of that problem.
        benchmark: its name.
        budgets: N of the cells, as the report will be asked for them.
    """
    greedy: set[str] = set()
    pools: _Pools = defaultdict(int)
    trees: _Trees = defaultdict(lambda: defaultdict(list))
    units = list(units)
    labels = _labels(units)
    for unit in units:
        policy = labels[_way(unit)]
        if tree := unit.tree:
            of = (policy, tree.prm.name, tree.strategy, tree.budget)
            trees[of][tree.settings.id].append(tree)
        elif unit.sampling.greedy:
            greedy.add(policy)
        elif block := unit.block:
            pool = (policy, unit.prm.name if unit.prm else None)
            pools[pool] = max(pools[pool], block.stop)
    return (
        *(CellKey(benchmark, policy, None, COT.name, 1) for policy in sorted(greedy)),
        *_of_pools(pools, benchmark, budgets),
        *_of_searches(trees, benchmark, budgets),
    )


def _way(unit: Unit) -> _Way:
    return (unit.policy.name, unit.sampling.greedy, unit.sampling.text)


def _labels(units: Iterable[Unit]) -> dict[_Way, str]:
    """Name each policy in each of its ways to sample, as the analysis of a store does."""
    ways = {_way(unit) for unit in units}
    alternatives: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for policy, greedy, sampling in ways:
        alternatives[policy, greedy].append(sampling)
    return {way: way[0] + difference(way[2], alternatives[way[0], way[1]]) for way in ways}


def _of_pools(pools: _Pools, benchmark: str, budgets: Sequence[int]) -> Iterator[CellKey]:
    for (policy, prm), size in pools.items():
        for n in (n for n in budgets if n <= size):
            if prm is None:
                yield CellKey(benchmark, policy, None, MAJORITY.name, n)
            else:
                yield from scored_keys(CellKey(benchmark, policy, prm, BEST_OF_N.name, n))


def _of_searches(trees: _Trees, benchmark: str, budgets: Sequence[int]) -> Iterator[CellKey]:
    for (policy, prm, kind, own), variants in trees.items():
        for settings_id, grown in variants.items():
            # Rivals have cells of their own; the report names them by what differs.
            name = kind if len(variants) == 1 else f"{kind} ({settings_id})"
            for n in _served(grown, own, budgets):
                key = CellKey(benchmark, policy, prm, name, n)
                # A search's answers also vote without their scores.
                yield from (key._replace(vote=MAJORITY_VOTE.name), *scored_keys(key))


def _served(grown: Sequence[SearchTree], own: int | None, budgets: Sequence[int]) -> list[int]:
    """Return the N that one problem's trees of a search serve."""
    if own is not None:
        return [n for n in budgets if n == own]
    width = grown[0].settings.beam_width
    return [n for n in budgets if n % width == 0 and n <= width * len(grown)]
