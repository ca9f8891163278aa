"""The catalogue of rules: what each is called, does, and takes.

A rule says, sample by sample, when to stop and which answer to give. It is a pure function
of pools in random orders, so replaying it on a stored pool takes no new sample, and it may
be asked of any store. On a command line it is a name, with its parameter where the usual one
isn't meant: `adaptive`, `adaptive=0.9`; or `adaptive=chosen`, where the parameter is chosen on
other problems than it is scored on (`ttsgrid.analysis.replay.choosing`).

A rule of your own is an entry in a module that `--plugin` names:

    >>> import numpy as np
    >>> from ttsgrid.analysis.replay.ordered import OrderedPools, one_by_one
    >>> from ttsgrid.analysis.replay.rules import RULES, SamplingRule, rules_from
    >>> def twice(pools: OrderedPools, parameter: float):
    ...     return one_by_one(pools, np.full(pools.classes.shape[1], min(2, pools.size)))
    >>> entry = RULES.add(SamplingRule("twice", "two samples", twice))
    >>> [rule.label for rule in rules_from("twice,agreeing=3")]
    ['twice', 'agreeing=3']
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ttsgrid.analysis.replay.finishing import first_to_finish, shortest
from ttsgrid.analysis.replay.ordered import OrderedPools, Replay
from ttsgrid.analysis.replay.settled import adaptive, agreeing
from ttsgrid.core.catalogue import Catalogue
from ttsgrid.core.errors import ConfigError

OPTION, CHOSEN = "--rules", "chosen"


@dataclass(frozen=True)
class Parameter:
    """The number that a rule takes.

    Attributes:
        name: what it is, for messages.
        usual: where none is given.
        candidates: to choose from.
        above, below: its open range; `below` is None where there is no end to it.
        whole: whether it counts something.
    """

    name: str
    usual: float
    candidates: tuple[float, ...]
    above: float = 0.0
    below: float | None = None
    whole: bool = False

    def read(self, rule: str, text: str) -> float:
        """Return the number that a text gives.

        Raises:
            ConfigError: it is none, or lies outside.
        """
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        inside = self.above < value and (self.below is None or value < self.below)
        if not inside or (self.whole and not value.is_integer()):
            raise ConfigError(f"{OPTION}: {rule}={text}: {self.name} must be {self._range()}")
        return value

    def _range(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        end = "" if self.below is None else f" and below {self.below:g}"
        return f"{kind} above {self.above:g}{end}, or {CHOSEN!r}"


@dataclass(frozen=True)
class SamplingRule:
    """When to stop sampling, and which answer to give.

    Attributes:
        name: on the command line and in tables; one word.
        display: its name in a sentence.
        replay: called with pools in random orders and the parameter (0 without one).
        parameter: None where it takes none.
        reads_lengths: whether it depends on how many tokens each sample took.
    """

    name: str
    display: str
    replay: Callable[[OrderedPools, float], Replay]
    parameter: Parameter | None = None
    reads_lengths: bool = False

    def usual(self) -> RuleAt:
        """Return the rule at its usual parameter."""
        return RuleAt(self, self.parameter.usual if self.parameter else 0.0)


@dataclass(frozen=True)
class RuleAt:
    """A rule with its parameter.

    Attributes:
        rule: which.
        value: of its parameter; 0 without one.
        is_chosen: whether the parameter is chosen from its candidates instead.
    """

    rule: SamplingRule
    value: float
    is_chosen: bool = False

    @property
    def label(self) -> str:
        """What names it on the command line, e.g. `adaptive=0.95`."""
        if self.rule.parameter is None:
            return self.rule.name
        return f"{self.rule.name}={CHOSEN if self.is_chosen else f'{self.value:g}'}"

    def candidates(self) -> tuple[RuleAt, ...]:
        """Return the rules that it is chosen from: itself alone where its parameter is given."""
        if not self.is_chosen or self.rule.parameter is None:
            return (self,)
        return tuple(RuleAt(self.rule, value) for value in self.rule.parameter.candidates)

    def replay(self, pools: OrderedPools) -> Replay:
        """Return what it does in each order."""
        return self.rule.replay(pools, self.value)


RULES: Catalogue[SamplingRule] = Catalogue(
    "rule",
    (
        SamplingRule(
            "adaptive",
            "adaptive consistency",
            adaptive,
            Parameter("confidence", 0.95, (0.7, 0.8, 0.85, 0.9, 0.95, 0.99), 0.5, 1.0),
        ),
        SamplingRule(
            "agreeing",
            "stopping when samples agree in a row",
            agreeing,
            Parameter("samples in a row", 5, (1, 2, 3, 4, 5, 8), whole=True),
        ),
        SamplingRule(
            "first_to_finish", "the first chain to finish", first_to_finish, reads_lengths=True
        ),
        SamplingRule(
            "short",
            "a vote of the first chains to finish",
            shortest,
            Parameter("chains to wait for", 3, (1, 2, 3, 5, 8, 16), whole=True),
            reads_lengths=True,
        ),
    ),
)


def rules_from(text: str) -> tuple[RuleAt, ...]:
    """Return the rules that a command line names, with commas between them.

    Raises:
        ConfigError: a rule is unknown, or its parameter is; the message has the choices.
    """
    return tuple(_rule_from(part.strip()) for part in text.split(","))


def usual_rules() -> tuple[RuleAt, ...]:
    """Return every rule at its usual parameter."""
    return tuple(rule.usual() for rule in RULES)


def _rule_from(text: str) -> RuleAt:
    name, equals, value = text.partition("=")
    rule = RULES.find(OPTION, name)
    if not equals:
        return rule.usual()
    if rule.parameter is None:
        raise ConfigError(f"{OPTION}: {name} takes no number; write {name}")
    if value == CHOSEN:
        return RuleAt(rule, rule.parameter.usual, is_chosen=True)
    return RuleAt(rule, rule.parameter.read(name, value))
