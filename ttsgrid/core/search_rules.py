"""Where published search codes differ: each decision is a named rule; presets hold sets of them.

Preset `paper` has the rules of the study's code (RyanLiu112/compute-optimal-tts at 0ee2578,
arXiv 2502.06703), `search_and_learn` those of huggingface/search-and-learn at 6f81cac
with the recipes it publishes (they drop duplicates). Both are followed in what they
mean, not in what they got wrong; whatever the preset,

* a step cut off by a token limit is no step: its candidate is dropped, as the study's
  code does but for a forced first step (search-and-learn takes it for the end);
* a beam still open at the last step is no finished answer (the study's code returns
  it as one); it is recorded as incomplete;
* a step without text is dropped and never scored; where the end mark follows a step
  at once, the solution ends with the scores it has;
* a missing score is an error (the study's code writes 0.0);
* answers are the best that finished, not the first (search-and-learn's default).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import TypeVar

from ttsgrid.core.errors import ConfigError

Rule = TypeVar("Rule", bound=StrEnum)


class Answers(StrEnum):
    """How many answers a search with N beams gives at most."""

    BEAMS = "beams"
    """One per kept beam, N/M: the study's code fills that many end nodes and stops."""
    SAMPLES = "samples"
    """N: search-and-learn collects what finishes and returns N of it."""


class Finished(StrEnum):
    """What a finished candidate does to the beam."""

    HOLDS_SLOT = "holds_slot"
    """It is ranked with the others and, if kept, holds its slot to the end (the study)."""
    LEAVES = "leaves"
    """It is set aside unranked, and all slots go to open ones (search-and-learn)."""


class Duplicates(StrEnum):
    """Which of several equal candidates stay; the first generated always does."""

    SIBLINGS = "siblings"
    """Of the children of one beam, one per stripped text (the study)."""
    BEAMS = "beams"
    """Of all open candidates of a step, one per whole text (search-and-learn)."""
    KEEP = "keep"
    """All."""


@dataclass(frozen=True)
class SearchRules:
    r"""The decisions in which codes differ.

    Attributes:
        answers: how many answers there are at most.
        finished: whether finished candidates compete with open ones.
        duplicates: which equal candidates are dropped.
        refill: expand the kept beams, in turn, to N children at each step, however few
            they are; else each gets M.
        final_text: a step that states the final answer (`\boxed`) ends the solution;
            else only the model's end mark does.
        last_step_to_end: the last of the steps runs on past the separator.
        max_tries: how often a beam is expanded that got no usable child.
        repeat_answers: with fewer answers than there may be, give them again in turn.
    """

    answers: Answers
    finished: Finished
    duplicates: Duplicates
    refill: bool
    final_text: bool
    last_step_to_end: bool
    max_tries: int
    repeat_answers: bool

    def as_params(self) -> dict[str, str | bool | int]:
        """Plain JSON data: part of a unit's identity."""
        return {key: v.value if isinstance(v, StrEnum) else v for key, v in asdict(self).items()}

    @classmethod
    def from_params(cls, params: dict[str, str | bool | int]) -> SearchRules:
        """Read back what `as_params` gave.

        Raises:
            ConfigError: a rule is missing, unknown or has no such choice.
        """
        names = {field.name for field in fields(cls)}
        if names != params.keys():
            odd = ", ".join(sorted(names ^ params.keys()))
            raise ConfigError(f"rules: missing or unknown: {odd}")
        chosen = {
            name: choose(f"rules.{name}", params[name], choices)
            for name, choices in _CHOICES.items()
        }
        return cls(**{**params, **chosen})  # type: ignore[arg-type]


_CHOICES: dict[str, type[StrEnum]] = {
    "answers": Answers,
    "finished": Finished,
    "duplicates": Duplicates,
}


def choose(setting: str, value: object, choices: type[Rule]) -> Rule:
    """Return the member of `choices` that `value` names.

    Raises:
        ConfigError: there is none; the message lists them.
    """
    if value not in list(choices):
        raise ConfigError(f"{setting}={value!r} is not one of: {', '.join(choices)}")
    return choices(str(value))
