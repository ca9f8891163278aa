"""At which N each strategy is run.

A strategy with budgets of its own has those, and one that it can't have is an error. The
grid's budgets are for all others, and of these each strategy takes what it can have: beams
of M children need multiples of M. What it leaves out, the plan says.
"""

from __future__ import annotations

from ttsgrid.core.errors import ConfigError
from ttsgrid.grid.config import GridConfig, StrategyConfig
from ttsgrid.grid.trees import num_trees


def budgets_of(grid: GridConfig, strategy: StrategyConfig) -> tuple[int, ...]:
    """Return the budgets at which a strategy is run and reported; CoT has the one answer.

    Raises:
        ConfigError: it can have none of the grid's.
    """
    if strategy.entry.is_greedy:
        return (1,)
    if strategy.budgets is not None:
        return strategy.budgets
    # The grid's budgets suit pools first: [1,4,16,64] has an N that no beams of four can have,
    # and refusing the whole grid for it would help nobody.
    possible = tuple(n for n in grid.budgets if _can_have(strategy, n))
    if not possible:
        raise ConfigError(
            f"strategies: {strategy.name} can have none of budgets={list(grid.budgets)}: each N "
            f"must be a multiple of beam_width M={strategy.beam_width}"
        )
    return possible


def report_budgets(grid: GridConfig) -> list[int]:
    """Return every N at which anything of the grid is reported; none where CoT is all."""
    with_n = [strategy for strategy in grid.strategies if not strategy.entry.is_greedy]
    return sorted({n for strategy in with_n for n in budgets_of(grid, strategy)})


def left_out(grid: GridConfig) -> list[str]:
    """Return one sentence for each strategy that can't have all of the grid's budgets."""
    sentences = []
    for strategy in grid.strategies:
        if strategy.entry.is_greedy or strategy.budgets is not None:
            continue
        missing = [str(n) for n in grid.budgets if not _can_have(strategy, n)]
        if missing:
            sentences.append(
                f"{strategy.name} is left out at N = {', '.join(missing)}: "
                f"no multiple of its beam_width M={strategy.beam_width}."
            )
    return sentences


def _can_have(strategy: StrategyConfig, budget: int) -> bool:
    try:
        return not strategy.is_search or num_trees(strategy, budget) > 0
    except ConfigError:
        return False
