"""The planner: a grid's cells to the smallest set of work units that serves them all.

Cells are views over units. One pool of N_max i.i.d. samples of a problem serves
majority voting and best-of-N at every N up to N_max, every aggregation, every
vote, and, scored once by each PRM, every PRM. So a plan holds one pool a
(problem, policy), one scoring of it a PRM, and one greedy sample for CoT; the
alternative, a run a (policy, PRM, strategy, N), is what `naive_solutions` counts.
Searches share less (`ttsgrid.grid.trees`), but serve every aggregation and vote too.

Pure: problems and model identities come in, units go out. What the store already
holds is subtracted by unit id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from ttsgrid.core.records import Problem
from ttsgrid.core.strategies import MAJORITY
from ttsgrid.core.units import (
    ModelIdentity,
    SampleBlock,
    SamplingIdentity,
    ScoreBlock,
    SearchTree,
    Unit,
    pool_blocks,
)
from ttsgrid.core.voting import AGGREGATIONS, scored_votes
from ttsgrid.grid.budgets import budgets_of
from ttsgrid.grid.config import GridConfig, ModelConfig, StrategyConfig
from ttsgrid.grid.lengths import context_limit
from ttsgrid.grid.trees import Tree, trees_of


@dataclass(frozen=True)
class Cell:
    """One reported point of the grid, over all problems of the benchmark; bounds are none.

    Attributes:
        prm, aggregation, vote: None where the strategy has none.
    """

    policy: str
    strategy: str
    budget: int
    prm: str | None = None
    aggregation: str | None = None
    vote: str | None = None


@dataclass(frozen=True)
class Plan:
    """What a grid needs: its cells, all units that serve them, and the units to run.

    Attributes:
        missing: the units of `units` that the store does not hold, in dispatch
            order: a problem's blocks together, policies in the grid's order.
        naive_solutions: solutions that one run a (policy, PRM, strategy, N)
            would generate, as drivers without a planner do.
    """

    problems: tuple[Problem, ...]
    cells: tuple[Cell, ...]
    units: tuple[Unit, ...]
    missing: tuple[Unit, ...]
    naive_solutions: int

    @cached_property
    def planned_solutions(self) -> int:
        """Solutions that all units of the plan generate."""
        return sum(unit.num_solutions for unit in self.units)

    @cached_property
    def solutions_to_generate(self) -> int:
        """Solutions that the missing units generate."""
        return sum(unit.num_solutions for unit in self.missing)

    def count(self, units: Collection[Unit]) -> dict[tuple[str, str], int]:
        """Count units by (kind, name of the model whose worker runs them)."""
        return dict(Counter((unit.kind, unit.runs_on.name) for unit in units))


def make_plan(
    grid: GridConfig,
    problems: tuple[Problem, ...],
    identities: Mapping[str, ModelIdentity],
    held: Collection[str] = frozenset(),
) -> Plan:
    """Expand a grid over problems into cells and units.

    Args:
        grid: the validated grid.
        problems: the benchmark's problems, in order.
        identities: model identity by the name of each policy and PRM.
        held: ids of units that the store has committed.

    Raises:
        ConfigError: a search can't have a budget that it is given.
    """
    # By id: two strategies that ask for the same search share it.
    units = {
        unit.id: unit
        for policy in grid.policies
        for sampling in (_sampling(grid, policy, problems),)
        for trees in (_trees(grid, policy),)
        for position, problem in enumerate(problems)
        for unit in (
            *_units(grid, policy, sampling, problem, identities),
            *_searches(grid, policy, sampling, trees, problem, position, identities),
        )
    }
    return Plan(
        problems=problems,
        cells=_cells(grid),
        units=tuple(units.values()),
        missing=tuple(unit for unit_id, unit in units.items() if unit_id not in held),
        naive_solutions=_naive_solutions(grid, len(problems)),
    )


def _units(
    grid: GridConfig,
    policy: ModelConfig,
    sampling: SamplingIdentity,
    problem: Problem,
    identities: Mapping[str, ModelIdentity],
) -> list[Unit]:
    identity = identities[policy.name]
    units: list[Unit] = []
    if any(strategy.entry.is_greedy for strategy in grid.strategies):
        greedy = replace(sampling, temperature=0.0, top_p=1.0)
        units.append(SampleBlock(problem.id, identity, greedy, 0, 1))
    pooled = [strategy for strategy in grid.strategies if strategy.entry.is_pooled]
    blocks = [
        SampleBlock(problem.id, identity, sampling, start, stop)
        for start, stop in pool_blocks(_pool_size(grid, pooled))
    ]
    units.extend(blocks)
    scored = _pool_size(grid, [strategy for strategy in pooled if strategy.entry.needs_prm])
    units.extend(
        ScoreBlock(block, identities[prm.name])
        for prm in grid.prms
        for block in blocks
        if block.start < scored
    )
    return units


def _searches(
    grid: GridConfig,
    policy: ModelConfig,
    sampling: SamplingIdentity,
    trees: Mapping[str, list[Tree]],
    problem: Problem,
    position: int,
    identities: Mapping[str, ModelIdentity],
) -> list[SearchTree]:
    return [
        SearchTree(
            problem.id,
            identities[policy.name],
            identities[prm.name],
            sampling,
            settings,
            subtree,
            strategy.keep_traces,
        )
        for strategy in grid.strategies
        if strategy.is_search and position < num_searched(grid, strategy, position + 1)
        for prm in grid.prms
        for settings, subtree in trees[strategy.name]
    ]


def _trees(grid: GridConfig, policy: ModelConfig) -> dict[str, list[Tree]]:
    """Return the trees of each search by its name; all problems have the same."""
    return {
        strategy.name: trees_of(strategy, policy, budgets_of(grid, strategy))
        for strategy in grid.strategies
        if strategy.is_search
    }


def num_searched(grid: GridConfig, strategy: StrategyConfig, num_problems: int) -> int:
    """Return on how many of the first problems a search runs."""
    limit = strategy.num_problems or grid.benchmark.search_problems or num_problems
    return min(num_problems, limit)


def _pool_size(grid: GridConfig, chosen: Collection[StrategyConfig]) -> int:
    """Return the largest budget among these strategies; 0 when there are none."""
    return max((n for strategy in chosen for n in budgets_of(grid, strategy)), default=0)


def _sampling(
    grid: GridConfig, policy: ModelConfig, problems: tuple[Problem, ...]
) -> SamplingIdentity:
    """Return how a policy samples its pools and searches."""
    sampling = policy.sampling
    return SamplingIdentity(
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        max_tokens=sampling.max_tokens,
        seed=grid.seed,
        max_model_len=context_limit(policy, problems, grid.benchmark.instruction),
    )


def _cells(grid: GridConfig) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    for policy in grid.policies:
        for strategy in grid.strategies:
            for budget in budgets_of(grid, strategy):
                cells.extend(_cells_at(grid, policy.name, strategy, budget))
    return tuple(cells)


def _cells_at(grid: GridConfig, policy: str, strategy: StrategyConfig, budget: int) -> list[Cell]:
    if not strategy.entry.needs_prm:
        return [Cell(policy, strategy.name, budget)]
    # A search's answers also vote without their scores.
    plain = [
        Cell(policy, strategy.name, budget, prm.name, vote=MAJORITY.name)
        for prm in grid.prms
        if strategy.is_search
    ]
    return plain + [
        Cell(policy, strategy.name, budget, prm.name, aggregation, vote.name)
        for prm in grid.prms
        for aggregation in AGGREGATIONS.names
        for vote in scored_votes()
    ]


def _naive_solutions(grid: GridConfig, num_problems: int) -> int:
    """Solutions when each (policy, PRM, strategy, N) is a run of its own."""
    total = 0
    for strategy in grid.strategies:
        runs = len(grid.prms) if strategy.entry.needs_prm else 1
        on = num_searched(grid, strategy, num_problems) if strategy.is_search else num_problems
        total += runs * on * sum(budgets_of(grid, strategy))
    return total * len(grid.policies)
