"""The record of a search: every candidate, its score and what became of it.

Plain and frozen; its JSON goes into the `trace` column of table `units` and holds
each step's text once, with its parent's id, so that the tree can be put together.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

from ttsgrid.core.identity import Canonical


class Fate(StrEnum):
    """What became of a candidate."""

    KEPT = "kept"
    PRUNED = "pruned"
    FINISHED = "finished"


@dataclass(frozen=True)
class TracedCandidate:
    """One step that was tried.

    Attributes:
        id: number of the candidate within its search, in order of expansion.
        parent: id of the candidate it continues; None for first steps.
        text: the step's own text.
        score: the score that ranked it; None where it was not scored.
        step_scores: the PRM's scores of all steps up to this one.
        num_tokens: tokens of this step.
        fate: kept for the next step, pruned, or finished.
        reason: the fate in words.
    """

    id: int
    parent: int | None
    text: str
    score: float | None
    step_scores: tuple[float, ...]
    num_tokens: int
    seed: int
    fate: Fate
    reason: str


@dataclass(frozen=True)
class SearchTrace:
    """A whole search.

    Attributes:
        settings: the search's parameters, as `SearchSettings.as_params` gives them.
        steps: the candidates of each step, in order of expansion.
        answers: ids of the candidates that the answers end in, in the answers' order.
    """

    question: str
    settings: dict[str, Canonical]
    steps: tuple[tuple[TracedCandidate, ...], ...]
    answers: tuple[int, ...]

    def as_json(self) -> str:
        """Return the trace as JSON text; `from_json` reads it back."""
        # `asdict` would copy each candidate first, with all its scores.
        fields = vars(self) | {"steps": [[vars(item) for item in step] for step in self.steps]}
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> SearchTrace:
        """Read a trace from a store's `trace` column."""
        data = json.loads(text)
        steps = tuple(tuple(_candidate(item) for item in step) for step in data["steps"])
        return cls(data["question"], data["settings"], steps, tuple(data["answers"]))


def _candidate(item: dict[str, object]) -> TracedCandidate:
    scores, fate = item.pop("step_scores"), item.pop("fate")
    return TracedCandidate(**item, step_scores=tuple(scores), fate=Fate(fate))  # type: ignore[arg-type]
