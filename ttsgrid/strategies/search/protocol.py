"""What a search asks for and what it gives: the seam between searches and engines.

The policy is a `PolicyEngine`. The PRM is anything that scores the steps of a
(partial) solution: an engine in this process, or a client of one in another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ttsgrid.core.records import FinishReason, Price, Usage
from ttsgrid.core.search_trace import SearchTrace
from ttsgrid.engines.scoring import ScoredSteps

Decode = Callable[[Sequence[int]], str]
"""Token ids of a whole continuation to its text, special tokens skipped."""

IsFinal = Callable[[str], bool]
"""Whether a (partial) solution states its final answer."""

SeedOf = Callable[[int, int], int]
"""(step, index of the expansion within the step) to the seed of its request."""


class StepScoring(Protocol):
    """Scores steps; `ttsgrid.engines.scoring.StepScorer` is one."""

    async def score(self, question: str, steps: Sequence[str]) -> ScoredSteps:
        """Score every step of a (partial) solution.

        Args:
            question: the problem's text.
            steps: non-empty steps, separators stripped.
        """
        ...


@dataclass(frozen=True)
class SearchAnswer:
    """One solution that a search gives.

    Attributes:
        text: the whole solution; separators kept, end mark not.
        steps: its non-empty steps, separators stripped.
        step_scores: the PRM's score of each step.
        finish_reason: STOP where it finished; LENGTH where it was cut off;
            PROMPT_TOO_LONG where it was never begun.
        num_tokens: its own tokens, end mark included; its prompt is not.
        seed: seed of its last step's request.
        complete: it finished, so its final answer counts. An incomplete one is
            recorded to say how far its beam came, and never has an answer.
        candidate: its last candidate's id in the trace; -1 where there is none.
    """

    text: str
    steps: tuple[str, ...]
    step_scores: tuple[float, ...]
    finish_reason: FinishReason
    num_tokens: int
    seed: int
    complete: bool
    candidate: int


@dataclass(frozen=True)
class SearchOutcome:
    """All that a search gives.

    Attributes:
        answers: best first; may be empty where no beam got a single step.
        policy_usage: sum over the policy engine's requests.
        prm_usage: sum over the scorer's calls.
        price: what the search costs run alone.
    """

    answers: tuple[SearchAnswer, ...]
    policy_usage: Usage
    prm_usage: Usage
    price: Price
    trace: SearchTrace
