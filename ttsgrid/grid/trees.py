"""From a configured search to the trees that serve it at all its budgets.

A search at N is one tree a problem, and another N is another tree: beams at different
N share nothing but their first step. DVTS is the exception. Its subtrees are
independent, so the N_max/M subtrees of the largest budget serve every smaller one.
"""

from __future__ import annotations

from collections.abc import Sequence

from ttsgrid.core.errors import ConfigError
from ttsgrid.core.search_settings import SearchSettings, num_subtrees
from ttsgrid.core.strategies import preset, search_of
from ttsgrid.grid.config import ModelConfig, StrategyConfig
from ttsgrid.models import prompt_format

Tree = tuple[SearchSettings, int | None]
"""What determines a tree, and which subtree of its run it is if of any."""


def trees_of(strategy: StrategyConfig, policy: ModelConfig, budgets: Sequence[int]) -> list[Tree]:
    """Return the trees that one problem needs for a search at all its budgets.

    Raises:
        ConfigError: a budget is impossible, or a setting out of range.
    """
    try:
        if not search_of(strategy.kind).in_subtrees:
            return [(_settings(strategy, policy, budget), None) for budget in budgets]
        subtrees = max(num_subtrees(budget, strategy.beam_width) for budget in budgets)
        settings = _settings(strategy, policy, strategy.beam_width)
        return [(settings, subtree) for subtree in range(subtrees)]
    except ConfigError as error:
        raise ConfigError(f"strategies: {strategy.name}: {error}") from None


def _settings(strategy: StrategyConfig, policy: ModelConfig, budget: int) -> SearchSettings:
    return SearchSettings(
        kind=strategy.kind,
        budget=budget,
        # A greedy search keeps one beam whatever its budget: all of N are its children.
        beam_width=budget if search_of(strategy.kind).one_beam else strategy.beam_width,
        max_steps=strategy.max_steps,
        max_step_tokens=strategy.max_step_tokens,
        step_separator=prompt_format(policy.format).step_separator,
        ranking=strategy.ranking,
        lookahead_steps=strategy.lookahead_steps,
        score_temperature=strategy.score_temperature,
        rules=preset(strategy.preset, strategy.kind),
    )
