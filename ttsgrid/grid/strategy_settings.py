"""From a strategy's definition to a `StrategyConfig`: what it does not take is refused.

A beam width does nothing for majority voting, nor a preset for REBASE, whose rules are its
own. Taken in silence, such a setting would be believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_type_hints

from ttsgrid.core.checks import build, refuse_unknown, typed
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.search_presets import PRESETS
from ttsgrid.core.search_settings import SearchSettings, settings_of
from ttsgrid.core.strategies import STRATEGIES, Strategy
from ttsgrid.grid.config import StrategyConfig

NAMES = ("name", "kind")
OF_A_SEARCH = ("num_problems", "keep_traces")


def to_strategy(where: str, definition: Mapping[str, Any]) -> StrategyConfig:
    """Check a strategy's definition and freeze it.

    Args:
        where: the strategy in messages, e.g. `strategies.beam`.
        definition: its settings; None stands for one that is not given.

    Raises:
        ConfigError: a setting is unknown, of another type, or does nothing for this kind.
    """
    given = {key: value for key, value in definition.items() if value is not None}
    refuse_unknown(where, given, every_setting())
    own = {key: value for key, value in given.items() if key not in _search_settings()}
    entry = STRATEGIES.get(str(given.get("kind")))
    if entry is None or entry.is_bound:
        return build(StrategyConfig, where, own)  # which says what is wrong
    _refuse_without_effect(where, given, entry)
    hints = get_type_hints(SearchSettings)
    search = {key: typed(f"{where}.{key}", hints[key], given[key]) for key in given.keys() - own}
    return build(StrategyConfig, where, {**own, "search": search})


def every_setting() -> list[str]:
    """Return the settings that some strategy takes."""
    return [*NAMES, "budgets", "preset", *OF_A_SEARCH, *_search_settings()]


def settings_taken(strategy: Strategy) -> list[str]:
    """Return the settings that have an effect on a strategy."""
    taken = [*NAMES] if strategy.is_greedy else [*NAMES, "budgets"]
    if strategy.search is None:
        return taken
    rules = {strategy.search.rules_of(preset) for preset in PRESETS}
    presets = ["preset"] if len(rules) > 1 else []
    return [*taken, *presets, *OF_A_SEARCH, *settings_of(strategy.name)]


def _refuse_without_effect(where: str, given: Mapping[str, Any], strategy: Strategy) -> None:
    taken = settings_taken(strategy)
    for key in given:
        if key not in taken:
            choices = ", ".join(taken[len(NAMES) :]) or "no settings"
            raise ConfigError(f"{where}.{key} does nothing: {strategy.name} takes {choices}")


def _search_settings() -> set[str]:
    searches = [one.name for one in STRATEGIES if one.is_search]
    return {name for kind in searches for name in settings_of(kind)}
