"""Settings say what is wrong with them, and name all that determines a search."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ttsgrid.core.errors import ConfigError
from ttsgrid.core.identity import canonical_json, content_id
from ttsgrid.core.search_settings import (
    PRESETS,
    SearchSettings,
    num_subtrees,
    preset,
)
from ttsgrid.core.strategies import STRATEGIES

SEARCHES = [entry.name for entry in STRATEGIES if entry.is_search]


def settings_of(kind: str, name: str = "paper") -> SearchSettings:
    ahead = 2 if kind == "lookahead" else 0
    return SearchSettings(kind, 4, 4, lookahead_steps=ahead, rules=preset(name, kind))


@pytest.mark.parametrize("kind", ["beam", "dvts", "lookahead"])
def test_n_below_m_is_refused_since_it_would_keep_nothing(kind: str) -> None:
    with pytest.raises(ConfigError, match=r"budget N=2 is below beam_width M=4; change budgets"):
        SearchSettings(kind, 2, 4, lookahead_steps=int(kind == "lookahead"))


def test_n_that_is_no_multiple_of_m_is_refused() -> None:
    with pytest.raises(ConfigError, match="budget N=6 is no multiple of beam_width M=4"):
        SearchSettings("beam", 6, 4)
    with pytest.raises(ConfigError, match="no multiple"):
        num_subtrees(6, 4)


def test_a_dvts_run_has_n_over_m_subtrees_and_one_search_is_one_of_them() -> None:
    assert num_subtrees(64, 4) == 16
    with pytest.raises(ConfigError, match="budget=64 of one dvts search must be beam_width=4"):
        SearchSettings("dvts", 64, 4)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("kind", "mcts"),
        ("ranking", "median"),
        ("max_steps", 0),
        ("max_step_tokens", 0),
        ("beam_width", 0),
        ("step_separator", ""),
        ("score_temperature", 0.0),
        ("lookahead_steps", 1),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(setting: str, value: object) -> None:
    with pytest.raises(ConfigError, match=setting):
        replace(settings_of("beam"), **{setting: value})  # type: ignore[arg-type]


def test_lookahead_needs_steps_to_look_ahead() -> None:
    with pytest.raises(ConfigError, match="lookahead_steps=0 of lookahead must be 1 to 40"):
        SearchSettings("lookahead", 4, 4)


def test_an_unknown_preset_is_refused_with_the_choices() -> None:
    with pytest.raises(ConfigError, match="paper, search_and_learn"):
        preset("openr", "beam")


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("kind", SEARCHES)
def test_parameters_are_plain_json_and_are_read_back(kind: str, name: str) -> None:
    settings = settings_of(kind, name)
    assert canonical_json(settings.as_params())
    assert SearchSettings.from_params(settings.as_params()) == settings


def test_parameters_that_do_not_fit_are_refused_by_name() -> None:
    params = settings_of("beam").as_params()
    with pytest.raises(ConfigError, match="no parameter depth"):
        SearchSettings.from_params({**params, "depth": 3})
    rules = params["rules"]
    assert isinstance(rules, dict)
    with pytest.raises(ConfigError, match=r"rules.answers='many'"):
        SearchSettings.from_params({**params, "rules": {**rules, "answers": "many"}})
    without = {key: value for key, value in rules.items() if key != "refill"}
    with pytest.raises(ConfigError, match="missing or unknown: refill"):
        SearchSettings.from_params({**params, "rules": without})


def test_what_changes_the_outcome_changes_the_identity_and_nothing_else_does() -> None:
    base = settings_of("beam")
    others = [
        replace(base, budget=8),
        replace(base, beam_width=2),
        replace(base, max_steps=39),
        replace(base, ranking="min"),
        replace(base, step_separator="\n"),
        replace(base, rules=preset("search_and_learn", "beam")),
        settings_of("dvts"),
    ]
    ids = [content_id(settings.as_params()) for settings in [base, *others]]
    assert len(set(ids)) == len(ids)
    assert content_id(replace(base, score_temperature=9.0).as_params()) == ids[0]
