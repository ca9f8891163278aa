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

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from ttsgrid.core.cell import CellKey
from ttsgrid.core.records import Problem
from ttsgrid.core.tally import Tally
from ttsgrid.core.units import (
    ModelIdentity,
    SampleBlock,
    SamplingIdentity,
    ScoreBlock,
    SearchTree,
    Unit,
    pool_blocks,
)
from ttsgrid.grid.budgets import budgets_of, report_budgets
from ttsgrid.grid.cells import served_cells
from ttsgrid.grid.config import GridConfig, ModelConfig, StrategyConfig
from ttsgrid.grid.lengths import context_limit
from ttsgrid.grid.trees import Tree, num_trees, trees_of


@dataclass(frozen=True)
class Plan:
    """What a grid needs: its cells, all units that serve them, and the units to run.

    Attributes:
        missing: the units of `units` that the store does not hold, in dispatch
            order: a problem's blocks together, policies in the grid's order.
        naive: what one run for each (policy, PRM, strategy, N) would generate, as drivers
            without a planner do.
        stands_for: of an outline, for how many problems each of its problems stands, by id;
            units of the others are left out.
    """

    problems: tuple[Problem, ...]
    cells: tuple[CellKey, ...]
    units: tuple[Unit, ...]
    missing: tuple[Unit, ...]
    naive: Tally
    stands_for: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def planned(self) -> Tally:
        """What all units of the plan generate."""
        return self.tally(self.units)

    @cached_property
    def to_generate(self) -> Tally:
        """What the missing units generate."""
        return self.tally(self.missing)

    def num(self, unit: Unit) -> int:
        """Return how many units of the whole plan one is: more than one in an outline."""
        return self.stands_for.get(unit.problem_id, 1)

    def count(self, units: Iterable[Unit]) -> int:
        """Return how many units of the whole plan some are."""
        return sum(map(self.num, units))

    def tally(self, units: Iterable[Unit]) -> Tally:
        """Return what units generate in the whole plan."""
        by_num: dict[int, list[Unit]] = defaultdict(list)
        for unit in units:
            by_num[self.num(unit)].append(unit)
        return sum((Tally.of(some) * num for num, some in by_num.items()), Tally())

    @classmethod
    def joined(cls, parts: Sequence[Plan]) -> Plan:
        """Return the plan of several benchmarks, from those of each: no unit serves two."""
        return cls(
            problems=tuple(problem for part in parts for problem in part.problems),
            cells=tuple(cell for part in parts for cell in part.cells),
            units=tuple(unit for part in parts for unit in part.units),
            missing=tuple(unit for part in parts for unit in part.missing),
            naive=sum((part.naive for part in parts), Tally()),
            stands_for={id_: num for part in parts for id_, num in part.stands_for.items()},
        )

    def by_model(self, units: Iterable[Unit]) -> dict[tuple[str, str], list[Unit]]:
        """Return units by (kind, name of the model whose worker runs them)."""
        grouped: dict[tuple[str, str], list[Unit]] = defaultdict(list)
        for unit in units:
            grouped[unit.kind, unit.runs_on.name].append(unit)
        return grouped


def problems_of(benchmark: str, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems of one benchmark among those of several."""
    return tuple(problem for problem in problems if problem.benchmark == benchmark)


def make_plan(
    grid: GridConfig,
    problems: tuple[Problem, ...],
    identities: Mapping[str, ModelIdentity],
    held: Collection[str] = frozenset(),
    positions: Sequence[int] | None = None,
) -> Plan:
    """Expand a grid over the problems of its one benchmark into cells and units.

    Args:
        grid: the validated grid, or a part of it.
        problems: the benchmark's problems, in order.
        identities: model identity by the name of each policy and PRM.
        held: ids of units that the store has committed.
        positions: of the problems to plan; None for all.

    Raises:
        ConfigError: a search can't have a budget that it is given.
    """
    # By id: two strategies that ask for the same search share it.
    # Sampling and trees are made once per policy: all its units then share their cached hashes.
    units = {
        unit.id: unit
        for policy in grid.policies
        for sampling in _samplings(grid, policy, problems)
        for trees in (_trees(grid, policy),)
        for position in (range(len(problems)) if positions is None else positions)
        for problem in (problems[position],)
        for unit in (
            *_units(grid, policy, sampling, problem, identities),
            *_searches(grid, policy, sampling, trees, problem, position, identities),
        )
    }
    return Plan(
        problems=problems,
        cells=_cells(grid, units.values()),
        units=tuple(units.values()),
        missing=tuple(unit for unit_id, unit in units.items() if unit_id not in held),
        naive=_naive(grid, len(problems)),
    )


def outline(
    grid: GridConfig, problems: tuple[Problem, ...], identities: Mapping[str, ModelIdentity]
) -> Plan:
    """Return the plan of a grid of which the store holds nothing, by a few of its problems.

    All problems have the same units, but that some searches run on the first ones alone. The
    study's grid has 2.4 million, and naming each takes minutes; counting needs no names.
    """
    searches = [strategy for strategy in grid.strategies if strategy.is_search]
    ends = {num_searched(grid, strategy, len(problems)) for strategy in searches}
    starts = sorted({0, *ends} - {len(problems)})
    spans = zip(starts, [*starts[1:], len(problems)], strict=True)
    stands_for = {problems[start].id: stop - start for start, stop in spans}
    plan = make_plan(grid, problems, identities, positions=starts)
    return replace(plan, stands_for=stands_for)


def _cells(grid: GridConfig, units: Collection[Unit]) -> tuple[CellKey, ...]:
    """Return what the units of the first problem serve: on that one, every search runs."""
    first = next(iter(units)).problem_id if units else None
    of_first = [unit for unit in units if unit.problem_id == first]
    return served_cells(of_first, grid.benchmark.name, report_budgets(grid))


def _units(
    grid: GridConfig,
    policy: ModelConfig,
    sampling: SamplingIdentity,
    problem: Problem,
    identities: Mapping[str, ModelIdentity],
) -> list[Unit]:
    identity = identities[policy.name]
    units: list[Unit] = []
    pooled = [strategy for strategy in grid.strategies if strategy.entry.is_pooled]
    cot = [strategy for strategy in grid.strategies if strategy.entry.is_greedy]
    if cot and policy.sampling.greedy_cot:
        greedy = replace(sampling, temperature=0.0, top_p=1.0, top_k=None)
        units.append(SampleBlock(problem.id, identity, greedy, 0, 1))
    else:
        pooled += cot  # a pool of one, reported as one sample
    blocks = [
        SampleBlock(problem.id, identity, sampling, start, stop)
        for start, stop in pool_blocks(_pool_size(grid, pooled))
    ]
    units.extend(blocks)
    # A PRM reads no more of a pool than its strategies' largest N, rounded up to a block.
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
