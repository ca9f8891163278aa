r"""The catalogue of strategies: what each is called, looks like, needs and takes.

A strategy is one of four things, told apart by what its entry holds: the greedy answer
(`is_greedy`), a vote over a pool of samples, a search that a PRM guides (`search`), or a
bound (`bound`), which is drawn and never chosen, since nobody can reach it without the
gold answers. Nothing else in the package knows a strategy by its name.

A search of your own is a method (`ttsgrid.strategies.search.method.Method`) and an entry:

    >>> from ttsgrid.core.strategies import STRATEGIES, Look, Search, Strategy
    >>> entry = STRATEGIES.add(
    ...     Strategy(
    ...         "tournament",
    ...         display="tournament search",
    ...         needs_prm=True,
    ...         look=Look(shape="stroke", dash=(3, 1)),
    ...         search=Search("my_package.tournament:Tournament"),
    ...     )
    ... )
    >>> entry.is_search, entry.is_bound, entry.at(16)
    (True, False, 'tournament-16')
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ttsgrid.core.catalogue import Catalogue
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.search_presets import (
    PAPER,
    PRESETS,
    REBASE,
    SEARCH_AND_LEARN_BEAM,
    SEARCH_AND_LEARN_DVTS,
)
from ttsgrid.core.search_rules import SearchRules

Code = str | Callable[..., Any]
"""A callable, or its `module:name`, which is imported only where it is needed."""


@dataclass(frozen=True)
class Look:
    """How a strategy is drawn; what is left empty is one of the spare looks.

    Attributes:
        colour: key of `ttsgrid.views.palette.COLOURS`.
        shape: a Vega symbol.
        dash: lengths of strokes and gaps of its line, in pixels; () for a full line.
    """

    colour: str | None = None
    shape: str | None = None
    dash: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Search:
    """What is particular to a search.

    Attributes:
        method: makes the choices: called with the `SearchSettings` it returns a
            `ttsgrid.strategies.search.method.Method`.
        settings: which of `OWN_SETTINGS` have an effect; the others are in no identity.
        in_subtrees: a run at N is N/M independent trees with N = M each, so that the
            trees of the largest N serve every smaller one (DVTS).
        one_beam: all of N are children of one beam: M is N.
        rules: the rules of each preset (`ttsgrid.core.search_presets`); PAPER's for those
            left out.
    """

    method: Code
    settings: tuple[str, ...] = ("beam_width",)
    in_subtrees: bool = False
    one_beam: bool = False
    rules: Mapping[str, SearchRules] = field(default_factory=dict)

    def takes(self, setting: str) -> bool:
        """Say whether a setting has an effect on this search."""
        return setting in self.settings

    def rules_of(self, preset: str) -> SearchRules:
        """Return the rules that a preset means for this search."""
        return self.rules.get(preset, PAPER)


OWN_SETTINGS = ("beam_width", "lookahead_steps", "score_temperature")
"""The settings that some searches take and others don't."""


@dataclass(frozen=True)
class Strategy:
    """One strategy.

    Attributes:
        name: in configs, stores and tables.
        display: its name by itself, in headings and legends; the name where empty.
        at_n: its name in a sentence, with `{n}` for N, e.g. `best-of-{n}`.
        at_one: its name in a sentence at N = 1, where it isn't what it is called.
        needs_prm: its answers depend on a PRM's scores.
        is_greedy: one answer, sampled at temperature 0; it has no N.
        look: how it is drawn.
        search: of a search.
        bound: of a bound: the share of random k-subsets that reach it, called with the
            verdicts of pools, shape (P, n), and k; returns shape (P,).
    """

    name: str
    display: str = ""
    at_n: str = ""
    at_one: str = ""
    needs_prm: bool = False
    is_greedy: bool = False
    look: Look = Look()
    search: Search | None = None
    bound: Code | None = None

    def __post_init__(self) -> None:
        if not self.name or " " in self.name:
            raise ConfigError(f"a strategy's name is one word without spaces, not {self.name!r}")
        if self.search is not None and not self.needs_prm:
            raise ConfigError(f"strategy {self.name} is a search: say needs_prm=True")
        if not self.display:
            object.__setattr__(self, "display", self.name.replace("_", " "))

    @property
    def is_search(self) -> bool:
        """Whether a PRM guides it step by step."""
        return self.search is not None

    @property
    def is_bound(self) -> bool:
        """Whether reaching it takes the gold answers: it is drawn and never chosen."""
        return self.bound is not None

    @property
    def is_pooled(self) -> bool:
        """Whether it is a vote over a pool of independent samples."""
        return not (self.is_greedy or self.is_search or self.is_bound)

    def at(self, n: int) -> str:
        """Return its name in a sentence at budget N."""
        if n == 1 and self.at_one:
            return self.at_one
        return (self.at_n or f"{self.name}-{{n}}").format(n=n)


_BEAM, _REBASE = (
    "ttsgrid.strategies.search.beam:BeamMethod",
    "ttsgrid.strategies.search.rebase:RebaseMethod",
)
_LIKE_BEAM = {"search_and_learn": SEARCH_AND_LEARN_BEAM}

COT = Strategy(
    "cot", "CoT (greedy)", at_n="CoT", is_greedy=True, look=Look("ink", shape="diamond", dash=())
)
MAJORITY = Strategy(
    "majority",
    "majority vote",
    at_n="majority-{n}",
    at_one="one sample",
    look=Look("graphite", shape="circle", dash=(5, 3)),
)
BEST_OF_N = Strategy(
    "best_of_n",
    "best-of-N",
    at_n="best-of-{n}",
    needs_prm=True,
    look=Look("blue", shape="square", dash=()),
)
BEAM = Strategy(
    "beam",
    "beam search",
    needs_prm=True,
    look=Look("orange", shape="triangle-up", dash=(8, 2, 2, 2)),
    search=Search(_BEAM, rules=_LIKE_BEAM),
)
DVTS = Strategy(
    "dvts",
    "DVTS",
    at_n="DVTS-{n}",
    needs_prm=True,
    look=Look("green", shape="triangle-down", dash=(2, 2)),
    search=Search(_BEAM, in_subtrees=True, rules={"search_and_learn": SEARCH_AND_LEARN_DVTS}),
)
PASS_AT_K = Strategy(
    "pass@k",
    "any of N independent samples",
    at_n="any of {n} independent samples",
    at_one="one sample",
    look=Look("silver", dash=(1, 2)),
    bound="ttsgrid.analysis.statistics.estimators:any_correct",
)

STRATEGIES: Catalogue[Strategy] = Catalogue(
    "strategy",
    (
        COT,
        MAJORITY,
        BEST_OF_N,
        BEAM,
        DVTS,
        Strategy(
            "rebase",
            "REBASE",
            at_n="REBASE-{n}",
            needs_prm=True,
            # In neither preset's code: the rules are those of its own.
            search=Search(_REBASE, ("score_temperature",), rules=dict.fromkeys(PRESETS, REBASE)),
        ),
        Strategy(
            "lookahead",
            "lookahead search",
            needs_prm=True,
            search=Search(_BEAM, ("beam_width", "lookahead_steps"), rules=_LIKE_BEAM),
        ),
        Strategy(
            "step_best_of_m",
            "step-level best-of-M",
            needs_prm=True,
            # In neither preset's code: the rules are those of a subtree of the study's DVTS.
            search=Search(_BEAM, one_beam=True),
        ),
        PASS_AT_K,
    ),
)


def strategy_of(label: str) -> Strategy:
    """Return the strategy of a cell, whatever variant it is: `beam (preset=paper)` is `beam`.

    A name that nobody added, as in a store of somebody else's, is shown as it is.
    """
    name = label.partition(" (")[0]
    return STRATEGIES.get(name) or Strategy(name.replace(" ", "_") or "unknown")


def search_of(kind: str) -> Search:
    """Return what is particular to a search of this kind.

    Raises:
        ConfigError: no search has that name.
    """
    strategy = STRATEGIES.get(kind)
    if strategy is None or strategy.search is None:
        searches = ", ".join(entry.name for entry in STRATEGIES if entry.is_search)
        raise ConfigError(
            f"kind={kind!r} is not one of: {searches}; name the module that adds it in plugins"
        )
    return strategy.search


def preset(name: str, kind: str) -> SearchRules:
    """Return the rules of a preset for one kind of search.

    Raises:
        ConfigError: there is no preset, or no search, of that name.
    """
    if name not in PRESETS:
        raise ConfigError(f"preset={name!r} is not one of: {', '.join(PRESETS)}")
    return search_of(kind).rules_of(name)


def preset_of(rules: SearchRules, kind: str) -> str | None:
    """Return the name of the first preset that has these rules for a search; None without one."""
    return next((name for name in PRESETS if preset(name, kind) == rules), None)


def display_name(label: str) -> str:
    """Return a strategy's name for people; a variant keeps its settings in brackets."""
    _, bracket, settings = label.partition(" (")
    return strategy_of(label).display + bracket + settings


ONE_SAMPLE = PASS_AT_K.at_one
"""What a policy that was asked once, at the sampling temperature, is said to give."""


def greedy_names() -> tuple[str, ...]:
    """Return the names of the strategies that give one greedy answer."""
    return tuple(entry.name for entry in STRATEGIES if entry.is_greedy)


def bound_names() -> tuple[str, ...]:
    """Return the names of all bounds."""
    return tuple(entry.name for entry in STRATEGIES if entry.is_bound)


def rank_of(label: str) -> tuple[int, int, str]:
    """Return where a strategy stands in lists: in the catalogue's order, bounds last."""
    strategy, names = strategy_of(label), STRATEGIES.names
    place = names.index(strategy.name) if strategy.name in names else len(names)
    return int(strategy.is_bound), place, label
