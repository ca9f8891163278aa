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

from collections.abc import Sequence

from ttsgrid.analysis.replay.finishing import first_to_finish, shortest
from ttsgrid.analysis.replay.pairs import cascade, ensemble, scored_cascade
from ttsgrid.analysis.replay.rule import CHOSEN as CHOSEN
from ttsgrid.analysis.replay.rule import OPTION as OPTION
from ttsgrid.analysis.replay.rule import Needs as Needs
from ttsgrid.analysis.replay.rule import Parameter as Parameter
from ttsgrid.analysis.replay.rule import RuleAt as RuleAt
from ttsgrid.analysis.replay.rule import SamplingRule as SamplingRule
from ttsgrid.analysis.replay.scored import threshold
from ttsgrid.analysis.replay.settled import adaptive, agreeing, dirichlet
from ttsgrid.core.catalogue import Catalogue
from ttsgrid.core.errors import ConfigError

NONE = "none"
_CONFIDENCE = Parameter("confidence", 0.95, (0.7, 0.76, 0.8, 0.85, 0.9, 0.95, 0.99), 0.5, 1.0)
_SCORE = Parameter("score", None, (), above=None, is_score=True)
RULES: Catalogue[SamplingRule] = Catalogue(
    "rule",
    (
        SamplingRule(
            "adaptive",
            "adaptive consistency",
            adaptive,
            _CONFIDENCE,
        ),
        SamplingRule(
            "dirichlet",
            "adaptive consistency over all answers",
            dirichlet,
            _CONFIDENCE,
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
        SamplingRule(
            "threshold",
            "the first solution that a PRM scores high enough",
            threshold,
            _SCORE,
            needs=Needs(scores=True),
        ),
        SamplingRule(
            "ensemble",
            "a vote of two policies",
            ensemble,
            Parameter("share of the smaller policy", 0.5, (0.125, 0.25, 0.5, 0.75), 0.0, 1.0),
            needs=Needs(two=True),
            side_by_side=True,
        ),
        SamplingRule(
            "cascade",
            "a smaller policy first, the larger where too few of its samples agree",
            cascade,
            Parameter("share that agrees", 1.0, (0.5, 0.75, 1.0)),
            needs=Needs(two=True),
        ),
        SamplingRule(
            "scored_cascade",
            "a smaller policy first, the larger where a PRM scores its samples low",
            scored_cascade,
            _SCORE,
            needs=Needs(scores=True, two=True),
        ),
        SamplingRule(
            "shared",
            "one budget shared over problems by predicted difficulty",
            None,
            Parameter("share of N", 0.25, (), 0.0, 1.0),
            needs=Needs(all_problems=True),
        ),
        SamplingRule(
            "study",
            "the study's rule, fixed by model size and difficulty",
            None,
            needs=Needs(cells=True),
        ),
    ),
)


USUAL = ("adaptive", f"adaptive={CHOSEN}", "threshold", "cascade")
"""What reports replay unless they are told: one rule of each kind, in some seconds. The source's
confidence is dear where no answer leads: chosen, it halves what adaptive consistency takes there.
"""


def rules_from(text: str) -> tuple[RuleAt, ...]:
    """Return the rules that a command line names, with commas between them; of `none` none.

    Raises:
        ConfigError: a rule is unknown, or its parameter is; the message has the choices.
    """
    return () if text == NONE else rules_of(text.split(","))


def rules_of(names: Sequence[str], setting: str = OPTION) -> tuple[RuleAt, ...]:
    """Return the rules of these names, each with its parameter or without.

    Args:
        names: such as `adaptive` and `adaptive=0.9`.
        setting: that gives them, for messages.

    Raises:
        ConfigError: a rule is unknown, or its parameter is; the message has the choices.
    """
    return tuple(_rule_from(name.strip(), setting) for name in names)


def usual_rules() -> tuple[RuleAt, ...]:
    """Return every rule at its usual parameter."""
    return tuple(rule.usual() for rule in RULES)


def _rule_from(text: str, setting: str) -> RuleAt:
    name, equals, value = text.partition("=")
    rule = RULES.find(setting, name)
    if not equals:
        return rule.usual()
    if rule.parameter is None:
        raise ConfigError(f"{setting}: {name} takes no number; write {name}")
    if value == CHOSEN and rule.parameter.can_be_chosen:
        return RuleAt(rule, 0.0, is_chosen=True)
    return RuleAt(rule, rule.parameter.read(name, value, setting))
