"""From a configured search to the trees that serve it at all its budgets.

A search at N is one tree per problem, and another N is another tree: beams at different
N share nothing but their first step. DVTS is the exception. Its subtrees are
independent, so the N_max/M subtrees of the largest budget serve every smaller one.
"""

from __future__ import annotations

from collections.abc import Sequence

from ttsgrid.core.errors import ConfigError
from ttsgrid.core.search_settings import SearchSettings, num_subtrees
from ttsgrid.core.strategies import search_of
from ttsgrid.grid.config import ModelConfig, StrategyConfig
from ttsgrid.models import prompt_format

Tree = tuple[SearchSettings, int | None]
"""What determines a tree, and which subtree of its run it is if of any."""


def trees_of(strategy: StrategyConfig, policy: ModelConfig, budgets: Sequence[int]) -> list[Tree]:
    """Return the trees that one problem needs for a search at all its budgets.

    Raises:
        ConfigError: a budget is impossible, or a setting out of range.
    """
    separator = prompt_format(policy.format).step_separator
    if not search_of(strategy.kind).in_subtrees:
        return [(strategy.search_at(budget, separator), None) for budget in budgets]
    # Of a subtree N is M, whatever the run's N, so that larger runs find smaller ones' trees.
    settings = strategy.search_at(strategy.beam_width, separator)
    subtrees = max(num_trees(strategy, budget) for budget in budgets)
    return [(settings, subtree) for subtree in range(subtrees)]


def num_trees(strategy: StrategyConfig, budget: int) -> int:
    """Return how many trees a search at one N is.

    Raises:
        ConfigError: it can't have that N.
    """
    if not search_of(strategy.kind).in_subtrees:
        strategy.search_at(budget)
        return 1
    try:
        return num_subtrees(budget, strategy.beam_width)
    except ConfigError as error:
        raise ConfigError(f"strategies: {strategy.name}: {error}") from None
