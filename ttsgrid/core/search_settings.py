"""What determines a search, in one frozen value that goes into a unit's identity.

Defaults are the study's (arXiv 2502.06703): M = 4, at most 40 steps of 2,048 tokens,
a step ends with a blank line, and the newest step's score ranks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property

from ttsgrid.core.errors import ConfigError
from ttsgrid.core.identity import Canonical, address_of, canonical_json
from ttsgrid.core.search_presets import PAPER, PRESETS
from ttsgrid.core.search_rules import SearchRules
from ttsgrid.core.strategies import OWN_SETTINGS, preset, search_of
from ttsgrid.core.voting import AGGREGATIONS, LAST

__all__ = ["PRESETS", "SearchRules", "SearchSettings", "num_subtrees", "preset", "settings_of"]


@dataclass(frozen=True)
class SearchSettings:
    r"""One search of one problem.

    Attributes:
        kind: name of the search (`ttsgrid.core.strategies`).
        budget: N, the candidates of a step. A DVTS subtree has N = M: one of its
            N/M subtrees is one search, and subtrees differ by their seeds alone.
        beam_width: M, the children of a kept beam; N/M beams are kept.
        max_steps: depth; what is open after it is cut off.
        max_step_tokens: of one step; a step that reaches it is dropped.
        step_separator: ends a step, and stays in the text.
        ranking: name of the aggregation that makes the score that ranks a candidate.
        lookahead_steps: greedy steps ahead of a candidate that its score sees;
            above 0 for searches that take it alone.
        score_temperature: of REBASE's softmax over scores; other kinds ignore it.
        rules: what codes differ in; see `preset`.

    Raises:
        ConfigError: N < M, N is no multiple of M, or a value is out of range.
    """

    kind: str
    budget: int
    beam_width: int = 4
    max_steps: int = 40
    max_step_tokens: int = 2048
    step_separator: str = "\n\n"
    ranking: str = LAST.name
    lookahead_steps: int = 0
    score_temperature: float = 0.2
    rules: SearchRules = PAPER

    def __post_init__(self) -> None:
        search = search_of(self.kind)
        AGGREGATIONS.find("ranking", self.ranking)
        for name in ("beam_width", "budget", "max_steps", "max_step_tokens"):
            _require(getattr(self, name) >= 1, f"{name}={getattr(self, name)} must be at least 1")
        _require(bool(self.step_separator), "step_separator='' would end no step")
        _require(self.score_temperature > 0, "score_temperature must be above 0")
        self._require_widths()
        least, most = (1, self.max_steps) if search.takes("lookahead_steps") else (0, 0)
        _require(
            least <= self.lookahead_steps <= most,
            f"lookahead_steps={self.lookahead_steps} of {self.kind} must be {least} to {most}",
        )

    def _require_widths(self) -> None:
        search = search_of(self.kind)
        if not search.takes("beam_width"):
            return
        num_subtrees(self.budget, self.beam_width)
        if search.in_subtrees or search.one_beam:
            _require(
                self.budget == self.beam_width,
                f"budget={self.budget} of one {self.kind} search must be "
                f"beam_width={self.beam_width}: it keeps one beam",
            )

    @property
    def num_beams(self) -> int:
        """N/M, the beams kept at each step."""
        return self.budget // self.beam_width

    def as_params(self) -> dict[str, Canonical]:
        """Plain JSON data of all that determines the outcome; part of a unit's identity."""
        params: dict[str, Canonical] = {
            **asdict(self),
            "rules": {**self.rules.as_params()},
        }
        # Left out where nothing depends on them, so that setting them repeats no work.
        for name in OWN_SETTINGS:
            if not search_of(self.kind).takes(name):
                del params[name]
        return params

    @cached_property
    def text(self) -> str:
        """What `as_params` gives, as canonical JSON; it travels with a unit that was named."""
        return canonical_json(self.as_params())

    @cached_property
    def id(self) -> str:
        """Content address of `as_params`: thousands of trees share it, and are named by it."""
        return address_of(self.text)

    @classmethod
    def from_params(cls, params: Mapping[str, Canonical]) -> SearchSettings:
        """Read back what `as_params` gave.

        Raises:
            ConfigError: a parameter is unknown, or has a value that is not allowed.
        """
        unknown = params.keys() - {field.name for field in fields(cls)}
        _require(not unknown, f"a search has no parameter {', '.join(sorted(unknown))}")
        values = dict(params)
        rules = values.pop("rules", None)
        _require(isinstance(rules, dict), "rules must be a mapping")
        return cls(**values, rules=SearchRules.from_params(rules))  # type: ignore[arg-type]


def settings_of(kind: str) -> tuple[str, ...]:
    """Return which of the settings a person may set for a search: those that change it.

    `budget` and the rules have settings of their own, the separator comes with the policy.
    """
    search = search_of(kind)
    own = [name for name in OWN_SETTINGS if search.takes(name)]
    if search.one_beam:
        own.remove("beam_width")  # M is N
    return ("max_steps", "max_step_tokens", "ranking", *own)


def num_subtrees(budget: int, beam_width: int) -> int:
    """Return N/M: the beams a search keeps, or the subtrees of a DVTS run.

    Raises:
        ConfigError: N < M, which would keep nothing, or N is no multiple of M.
    """
    fix = "change budgets or beam_width"
    _require(budget >= beam_width, f"budget N={budget} is below beam_width M={beam_width}; {fix}")
    _require(
        budget % beam_width == 0,
        f"budget N={budget} is no multiple of beam_width M={beam_width}; {fix}",
    )
    return budget // beam_width


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ConfigError(message)
