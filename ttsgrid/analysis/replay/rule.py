"""What a rule is: when to stop sampling, which answer to give, what it takes and needs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ttsgrid.analysis.replay.ordered import OrderedPools, Replay
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.voting import Floats

OPTION, CHOSEN = "--rules", "chosen"
# A PRM's scores mean what they mean to it alone: thresholds to choose from are shares of them.
SCORE_QUANTILES = (0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True)
class Parameter:
    """The number that a rule takes.

    Attributes:
        name: what it is, for messages.
        usual: where none is given; None where it is then chosen.
        candidates: to choose from; without any it must be given.
        above, below: its open range; None where there is no end to it.
        whole: whether it counts something.
        is_score: whether it is a PRM's score, which is chosen from the PRM's own.
    """

    name: str
    usual: float | None
    candidates: tuple[float, ...]
    above: float | None = 0.0
    below: float | None = None
    whole: bool = False
    is_score: bool = False

    @property
    def can_be_chosen(self) -> bool:
        """Whether there is anything to choose from."""
        return self.is_score or bool(self.candidates)

    def read(self, rule: str, text: str, setting: str = OPTION) -> float:
        """Return the number that a text gives.

        Raises:
            ConfigError: it is none, or lies outside.
        """
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        above = -math.inf if self.above is None else self.above
        inside = above < value < (math.inf if self.below is None else self.below)
        if not inside or (self.whole and not value.is_integer()):
            raise ConfigError(f"{setting}: {rule}={text}: {self.name} must be {self._range()}")
        return value

    def _range(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        start = "" if self.above is None else f" above {self.above:g}"
        end = "" if self.below is None else f" and below {self.below:g}"
        return f"{kind}{start}{end}" + (f", or {CHOSEN!r}" if self.can_be_chosen else "")


@dataclass(frozen=True)
class Needs:
    """What a rule looks at beside one policy's answers.

    Attributes:
        scores: a PRM's, of the smaller policy if it asks two.
        two: the pools of a smaller policy.
        all_problems: the probes of all problems, over which it shares a budget.
        cells: the cells of every strategy, searches included.
    """

    scores: bool = False
    two: bool = False
    all_problems: bool = False
    cells: bool = False


@dataclass(frozen=True)
class SamplingRule:
    """When to stop sampling, and which answer to give.

    Attributes:
        name: on the command line and in tables; one word.
        display: its name in a sentence.
        replay: called with pools in random orders and the parameter (0 without one); None for
            rules that need more than the problem's own pools (`needs`).
        parameter: None where it takes none.
        reads_lengths: whether it depends on how many tokens each sample took.
        needs: what else than one policy's answers it looks at.
        side_by_side: whether it asks two policies at once; else the smaller one first.
    """

    name: str
    display: str
    replay: Callable[[OrderedPools, float], Replay] | None
    parameter: Parameter | None = None
    reads_lengths: bool = False
    needs: Needs = Needs()
    side_by_side: bool = False

    def usual(self) -> RuleAt:
        """Return the rule at its usual parameter."""
        if self.parameter is None:
            return RuleAt(self, 0.0)
        usual = self.parameter.usual
        return RuleAt(self, usual or 0.0, is_chosen=usual is None)


@dataclass(frozen=True)
class RuleAt:
    """A rule with its parameter.

    Attributes:
        rule: which.
        value: of its parameter; 0 without one, and where it is chosen.
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

    def candidates(self, scores: Floats | None = None) -> tuple[RuleAt, ...]:
        """Return the rules that it is chosen from: itself alone where its parameter is given.

        Args:
            scores: that the PRM gave, NaN for none, any shape; for a rule whose parameter
                is one of them.
        """
        if not self.is_chosen or self.rule.parameter is None:
            return (self,)
        values = self.rule.parameter.candidates
        if self.rule.parameter.is_score and scores is not None:
            quantiles = np.nanquantile(scores, SCORE_QUANTILES)
            values = tuple(dict.fromkeys(float(f"{value:.3g}") for value in quantiles))
        return tuple(RuleAt(self.rule, value) for value in values)

    def replay(self, pools: OrderedPools) -> Replay:
        """Return what it does in each order.

        Raises:
            ValueError: it isn't decided by the problem's own pools.
        """
        if self.rule.replay is None:
            raise ValueError(f"{self.label} is no function of one problem's pools")
        return self.rule.replay(pools, self.value)
