"""The planner: a grid's cells to the smallest set of work units that serves them all.

Cells are views over units. One pool of N_max i.i.d. samples of a problem serves
majority voting and best-of-N at every N up to N_max, every aggregation, every
vote, and, scored once by each PRM, every PRM. So a plan holds one pool per
(problem, policy), one scoring of it per PRM, and one greedy sample for CoT; the
alternative, one run for each (policy, PRM, strategy, N), is what `naive` counts.
Searches share less (`ttsgrid.grid.trees`), but serve every aggregation and vote too.

Pure: problems and model identities come in, units go out. What the store already
holds is subtracted by unit id.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ttsgrid.core.cell import CellKey
from ttsgrid.core.records import Problem
from ttsgrid.core.tally import Tally
from ttsgrid.core.units import ModelIdentity, SamplingIdentity, pool_blocks
from ttsgrid.grid.budgets import budgets_of, report_budgets
from ttsgrid.grid.cells import served_cells
from ttsgrid.grid.config import GridConfig, ModelConfig, StrategyConfig
from ttsgrid.grid.lengths import context_limit
from ttsgrid.grid.planned_units import PlannedUnits, Stretch
from ttsgrid.grid.share import Share, TreeKey, TreeTerms, greedily, tree_terms
from ttsgrid.grid.trees import num_trees, trees_of


@dataclass(frozen=True)
class Plan:
    """What a grid needs: its cells, all units that serve them, and the units to run.

    Attributes:
        missing: the units of `units` that the store does not hold.
        naive: what one run for each (policy, PRM, strategy, N) would generate, as drivers
            without a planner do.
    """

    problems: tuple[Problem, ...]
    cells: tuple[CellKey, ...]
    units: PlannedUnits
    missing: PlannedUnits
    naive: Tally

    @property
    def planned(self) -> Tally:
        """What all units of the plan generate."""
        return self.units.tally

    @property
    def to_generate(self) -> Tally:
        """What the missing units generate."""
        return self.missing.tally

    @classmethod
    def joined(cls, parts: Sequence[Plan]) -> Plan:
        """Return the plan of several benchmarks, from those of each: no unit serves two."""
        return cls(
            problems=tuple(problem for part in parts for problem in part.problems),
            cells=tuple(cell for part in parts for cell in part.cells),
            units=sum((part.units for part in parts), PlannedUnits()),
            missing=sum((part.missing for part in parts), PlannedUnits()),
            naive=sum((part.naive for part in parts), Tally()),
        )


def problems_of(benchmark: str, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems of one benchmark among those of several."""
    return tuple(problem for problem in problems if problem.benchmark == benchmark)


def make_plan(
    grid: GridConfig,
    problems: tuple[Problem, ...],
    identities: Mapping[str, ModelIdentity],
    held: Collection[str] = frozenset(),
) -> Plan:
    """Expand a grid over the problems of its one benchmark into cells and units.

    Args:
        grid: the validated grid, or a part of it.
        problems: the benchmark's problems, in order.
        identities: model identity by the name of each policy and PRM.
        held: ids of units that the store has committed.

    Raises:
        ConfigError: a search can't have a budget that it is given.
    """
    units = _units(grid, problems, identities)
    return Plan(
        problems=problems,
        cells=_cells(grid, units),
        units=units,
        missing=units.without(held),
        naive=_naive(grid, len(problems)),
    )


def _units(
    grid: GridConfig, problems: tuple[Problem, ...], identities: Mapping[str, ModelIdentity]
) -> PlannedUnits:
    ids = tuple(problem.id for problem in problems)
    units = PlannedUnits()
    asked: set[str] = set()
    for policy in grid.policies:
        for sampling in _samplings(grid, policy, problems):
            share = _share(grid, policy, sampling, len(problems), identities)
            stretch = Stretch(share, ids, tuple(share.wanted_on(len(problems))))
            # A policy that samples in two ways writes one greedy solution for both.
            own = PlannedUnits([stretch.where(lambda unit: unit.id not in asked)])
            asked.update(unit.id for unit, _ in own.alike())
            units += own
    return units


def _cells(grid: GridConfig, units: PlannedUnits) -> tuple[CellKey, ...]:
    of_a_problem = [unit for unit, _ in units.alike()]
    return served_cells(of_a_problem, grid.benchmark.name, report_budgets(grid))


def _share(
    grid: GridConfig,
    policy: ModelConfig,
    sampling: SamplingIdentity,
    num_problems: int,
    identities: Mapping[str, ModelIdentity],
) -> Share:
    pooled = [strategy for strategy in grid.strategies if strategy.entry.is_pooled]
    cot = [strategy for strategy in grid.strategies if strategy.entry.is_greedy]
    is_greedy = bool(cot) and policy.sampling.greedy_cot
    if not is_greedy:
        pooled += cot  # a pool of one, reported as one sample
    spans = pool_blocks(_pool_size(grid, pooled))
    # A PRM reads no more of a pool than its strategies' largest N, rounded up to a block.
    scored = _pool_size(grid, [strategy for strategy in pooled if strategy.entry.needs_prm])
    prms = tuple(identities[prm.name] for prm in grid.prms)
    return Share(
        policy=identities[policy.name],
        sampling=sampling,
        greedy=greedily(sampling) if is_greedy else None,
        spans=spans,
        prms=prms,
        num_scored=sum(start < scored for start, _ in spans),
        trees=tree_terms(_trees(grid, policy, prms, num_problems)),
    )


def _trees(
    grid: GridConfig, policy: ModelConfig, prms: Sequence[ModelIdentity], num_problems: int
) -> Iterator[tuple[TreeKey, TreeTerms]]:
    for strategy in (strategy for strategy in grid.strategies if strategy.is_search):
        terms = TreeTerms(num_searched(grid, strategy, num_problems), strategy.keep_traces)
        trees = trees_of(strategy, policy, budgets_of(grid, strategy))
        for prm in prms:
            yield from ((TreeKey(prm, settings, subtree), terms) for settings, subtree in trees)


def num_searched(grid: GridConfig, strategy: StrategyConfig, num_problems: int) -> int:
    """Return on how many of the first problems a search runs."""
    limit = strategy.num_problems or grid.benchmark.search_problems or num_problems
    return min(num_problems, limit)


def _pool_size(grid: GridConfig, chosen: Collection[StrategyConfig]) -> int:
    """Return the largest budget among these strategies; 0 when there are none."""
    return max((n for strategy in chosen for n in budgets_of(grid, strategy)), default=0)


def _samplings(
    grid: GridConfig, policy: ModelConfig, problems: tuple[Problem, ...]
) -> list[SamplingIdentity]:
    """Return how a policy samples its pools and searches, once for each seed."""
    sampling = policy.sampling
    limit = context_limit(policy, problems, grid.benchmark.instruction)
    return [
        SamplingIdentity(
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            max_tokens=sampling.max_tokens,
            seed=seed,
            top_k=sampling.top_k,
            max_model_len=limit,
        )
        for seed in grid.seed
    ]


def _naive(grid: GridConfig, num_problems: int) -> Tally:
    """What is generated when each (policy, PRM, strategy, N) is a run of its own."""
    solutions = trees = 0
    for strategy in grid.strategies:
        runs = len(grid.prms) if strategy.entry.needs_prm else 1
        if strategy.is_search:
            on = num_searched(grid, strategy, num_problems)
            trees += runs * on * sum(num_trees(strategy, n) for n in budgets_of(grid, strategy))
        else:
            solutions += runs * num_problems * sum(budgets_of(grid, strategy))
    ways = len(grid.policies) * len(grid.seed)
    return Tally(solutions * ways, trees * ways)
